package probe

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
	// maxExpression bounds an expression's text.
	maxExpression = 4 << 10
)

// expressions compiles CEL. What all expressions share is made for the first
// one, so that who uses none pays nothing. The zero value is ready.
type expressions struct {
	once sync.Once
	env  *cel.Env
	err  error
}

// expression is a condition on a JSON document, compiled once.
type expression struct {
	text    string
	program cel.Program
}

// compile reads an expression, which calls the document body and is true or
// false.
func (x *expressions) compile(text string) (*expression, error) {
	x.once.Do(func() { x.env, x.err = cel.NewEnv(cel.Variable("body", cel.DynType)) })
	if x.err != nil {
		return nil, x.err
	}
	if len(text) > maxExpression {
		return nil, fmt.Errorf("the expression is too long (got %d bytes, want at most %d)", len(text), maxExpression)
	}
	tree, issues := x.env.Compile(text)
	if issues.Err() != nil {
		return nil, errors.New("malformed CEL expression: " + firstIssue(issues.Errors()))
	}
	if kind := tree.OutputType(); !kind.IsExactType(cel.BoolType) && !kind.IsExactType(cel.DynType) {
		return nil, fmt.Errorf("the CEL expression is a %s, want true or false", kind)
	}
	program, err := x.env.Program(tree, cel.CostLimit(maxCost))
	return &expression{text: text, program: program}, err
}

// firstIssue is what is wrong, and where in the expression.
func firstIssue(list []*cel.Error) string {
	if len(list) == 0 {
		return "it does not compile"
	}
	at := list[0].Location
	return fmt.Sprintf("%s (line %d, column %d)", strings.ReplaceAll(list[0].Message, "\n", " "), at.Line(), at.Column()+1)
}

// holds evaluates the expression. The error says why it is neither true nor
// false.
func (e *expression) holds(tree any) (bool, error) {
	out, _, err := e.program.Eval(map[string]any{"body": tree})
	if err != nil {
		return false, err
	}
	holds, ok := out.Value().(bool)
	if !ok {
		return false, fmt.Errorf("it is %s, want true or false", quote(strings.TrimSpace(fmt.Sprint(out.Value()))))
	}
	return holds, nil
}
