package expression_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog/expression"
)

func TestCompile(t *testing.T) {
	var c expression.Compiler
	for _, test := range []struct{ text, problem string }{
		{`body.status == "ok"`, ""},
		{`body.items.exists(i, i.n > 5)`, ""},
		{`body.ready`, ""},
		{"body.a ==", "malformed CEL expression: Syntax error: mismatched input '<EOF>' expecting"},
		{"body.a == 1 &&\n  boddy.b == 2", "malformed CEL expression: undeclared reference to 'boddy' (did you mean 'body'?) (line 2, column 3)"},
		{`"text"`, "the CEL expression is a string, want true or false"},
		{`body.a.matches("(")`, ""}, // only shown by a document
		{strings.Repeat("!", 5000) + "body.a", "the expression is too long (got 5006 bytes, want at most 4096)"},
	} {
		_, err := c.Compile(test.text)
		if test.problem == "" {
			require.NoError(t, err, test.text)
			continue
		}
		require.ErrorContains(t, err, test.problem)
	}
}

func TestHolds(t *testing.T) {
	var c expression.Compiler
	document := map[string]any{"n": int64(7), "word": strings.Repeat("x", 500), "list": make([]any, 3000)}
	for _, test := range []struct {
		text    string
		want    bool
		problem string
	}{
		{text: "body.n > 5", want: true},
		{text: "body.n > 50"},
		{text: "body.none > 5", problem: "no such key: none"},
		{text: "body.word", problem: `it is "` + strings.Repeat("x", 100) + `", want true or false`},
		{text: "body.list.all(a, body.list.all(b, a == b))", problem: "actual cost limit exceeded"},
	} {
		condition, err := c.Compile(test.text)
		require.NoError(t, err)
		require.Equal(t, test.text, condition.String())
		holds, err := condition.Holds(document)
		require.Equal(t, test.want, holds)
		if test.problem == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, test.problem)
	}
}
