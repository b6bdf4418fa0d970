package migrate

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

const page = "../../docs/moving-in.md"

// The blocks of the page that name a file are input; the next one that is
// called tocsin.yml is what becomes of them, without its heading.
func TestExamplesOfThePage(t *testing.T) {
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	var inputs []Input
	examples := 0
	blocks := regexp.MustCompile("(?s)```[a-z]+ (\\S+)\n(.*?)```")
	now := blocks.ReplaceAllStringFunc(string(text), func(block string) string {
		parts := blocks.FindStringSubmatch(block)
		if parts[1] != "tocsin.yml" {
			inputs = append(inputs, Input{Name: parts[1], Text: []byte(parts[2])})
			return block
		}
		result, err := Run(inputs, Options{})
		require.NoError(t, err)
		_, err = catalog.Parse("tocsin.yml", result.Catalogue)
		require.NoError(t, err)
		inputs = nil
		examples++
		_, shown, _ := strings.Cut(string(result.Catalogue), "\nmonitoring:")
		return "```yaml tocsin.yml\nmonitoring:" + shown + "```"
	})
	require.Equal(t, len(sources()), examples)
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(now), 0o644))
		return
	}
	require.Empty(t, string(diff.Diff("page", text, "now", []byte(now))))
	for _, name := range SourceNames() {
		require.Contains(t, string(text), "| `"+name+"` |")
	}
}
