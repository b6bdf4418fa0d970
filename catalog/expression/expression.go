// Package expression compiles the conditions in CEL (cel.dev) that a catalogue
// may hold, and evaluates them; and it checks search filters of directories.
//
// The exporter's probes keep a compiled condition and ask it of each answer;
// `tocsin check` compiles all of a catalogue to find mistakes. Package catalog
// itself does not import it, so that the receiver, which has no use for
// conditions, stays small.
//
// What a reader would not guess: an evaluation has a bound on its cost, because
// the document that it looks at comes from anybody.
package expression

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
)

const (
	// maxCost bounds one evaluation: about ten milliseconds.
	maxCost = 1_000_000
	// maxText bounds an expression's text.
	maxText = 4 << 10
	// maxFound bounds what an error shows of a value.
	maxFound = 100
)

// Compiler compiles conditions. What all have in common is made for the first
// one, so that who uses none pays nothing. The zero value is ready.
type Compiler struct {
	once sync.Once
	env  *cel.Env
	err  error
}

// Condition is true or false of a JSON document.
type Condition struct {
	text    string
	program cel.Program
}

// Compile reads a condition, which calls the document body. The error says
// what is wrong and where in the text.
func (c *Compiler) Compile(text string) (*Condition, error) {
	c.once.Do(func() { c.env, c.err = cel.NewEnv(cel.Variable("body", cel.DynType)) })
	if c.err != nil {
		return nil, c.err
	}
	if len(text) > maxText {
		return nil, fmt.Errorf("the expression is too long (got %d bytes, want at most %d)", len(text), maxText)
	}
	tree, issues := c.env.Compile(text)
	if issues.Err() != nil {
		return nil, errors.New("malformed CEL expression: " + firstIssue(issues.Errors()))
	}
	if kind := tree.OutputType(); !kind.IsExactType(cel.BoolType) && !kind.IsExactType(cel.DynType) {
		return nil, fmt.Errorf("the CEL expression is a %s, want true or false", kind)
	}
	program, err := c.env.Program(tree, cel.CostLimit(maxCost))
	return &Condition{text: text, program: program}, err
}

// firstIssue is what is wrong, and where in the expression.
func firstIssue(list []*cel.Error) string {
	if len(list) == 0 {
		return "it does not compile"
	}
	at := list[0].Location
	return fmt.Sprintf("%s (line %d, column %d)", strings.ReplaceAll(list[0].Message, "\n", " "), at.Line(), at.Column()+1)
}

// String is the condition as it was written.
func (c *Condition) String() string { return c.text }

// Holds evaluates the condition on a document of nil, bool, float64, int64,
// string, []any and map[string]any. The error says why it is neither true nor
// false; it may quote the document.
func (c *Condition) Holds(document any) (bool, error) {
	out, _, err := c.program.Eval(map[string]any{"body": document})
	if err != nil {
		return false, err
	}
	holds, ok := out.Value().(bool)
	if !ok {
		found := []rune(strings.TrimSpace(fmt.Sprint(out.Value())))
		return false, fmt.Errorf("it is %q, want true or false", string(found[:min(len(found), maxFound)]))
	}
	return holds, nil
}
