package inbox

import (
	"html/template"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLinked(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"none", "a < b", "a &lt; b"},
		{"at the end of a sentence", "See http://x.example/a?b=1&c=2.", `See <a href="http://x.example/a?b=1&amp;c=2" target="_blank" rel="noopener noreferrer">http://x.example/a?b=1&amp;c=2</a>.`},
		{"not a script", `javascript:x() https://x"onclick=y`, `javascript:x() <a href="https://x" target="_blank" rel="noopener noreferrer">https://x</a>&#34;onclick=y`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, template.HTML(test.want), linked(test.text)) //nolint:gosec // what is wanted
		})
	}
}

func TestInNewTab(t *testing.T) {
	require.Equal(t, `<html><head><base target="_blank"><title>x</title>`, inNewTab("<html><head><title>x</title>"))
	require.Equal(t, `<base target="_blank"><p>`, inNewTab("<p>"))
}
