package promql

import (
	"fmt"

	"github.com/prometheus/prometheus/promql/parser"
)

// Comparison is a number written into a rule and compared with series.
type Comparison struct {
	Number     float64
	Expression string // the comparison, as Prometheus prints it
}

// Comparisons lists where an expression compares series with a number that was
// written down, however it was put together (3 * 5, scalar(vector(15))).
func Comparisons(expression string) ([]Comparison, error) {
	tree, err := parser.ParseExpr(expression)
	if err != nil {
		return nil, fmt.Errorf("parsing %q: %w", expression, err)
	}
	var found []Comparison
	parser.Inspect(tree, func(node parser.Node, _ []parser.Node) error {
		binary, ok := node.(*parser.BinaryExpr)
		if !ok || !binary.Op.IsComparisonOperator() {
			return nil
		}
		for _, side := range []parser.Expr{binary.LHS, binary.RHS} {
			if number, ok := constant(side); ok {
				found = append(found, Comparison{Number: number, Expression: binary.String()})
			}
		}
		return nil
	})
	return found, nil
}

// constant reports whether an expression selects no series and so is a number
// by itself; the number is that of its first literal.
func constant(expression parser.Expr) (float64, bool) {
	number, literals, selectors := 0.0, 0, 0
	parser.Inspect(expression, func(node parser.Node, _ []parser.Node) error {
		switch node := node.(type) {
		case *parser.NumberLiteral:
			if literals == 0 {
				number = node.Val
			}
			literals++
		case *parser.VectorSelector:
			selectors++
		}
		return nil
	})
	return number, literals > 0 && selectors == 0
}

// Literals lists every number written down in an expression. Durations and
// label values are not numbers.
func Literals(expression string) ([]float64, error) {
	tree, err := parser.ParseExpr(expression)
	if err != nil {
		return nil, fmt.Errorf("parsing %q: %w", expression, err)
	}
	var numbers []float64
	parser.Inspect(tree, func(node parser.Node, _ []parser.Node) error {
		if literal, ok := node.(*parser.NumberLiteral); ok {
			numbers = append(numbers, literal.Val)
		}
		return nil
	})
	return numbers, nil
}
