package promql

import (
	"fmt"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
)

// BareCounters lists the counters that an expression reads outside rate,
// irate, increase and resets: their values jump to zero when a process starts.
// A counter is told by its name's ending.
func BareCounters(expression string) ([]string, error) {
	tree, err := parser.ParseExpr(expression)
	if err != nil {
		return nil, fmt.Errorf("parsing %q: %w", expression, err)
	}
	var found []string
	parser.Inspect(tree, func(node parser.Node, path []parser.Node) error {
		selector, ok := node.(*parser.VectorSelector)
		if ok && isCounter(selector.Name) && !underRate(path) {
			found = append(found, selector.Name)
		}
		return nil
	})
	return sortedSet(found), nil
}

func isCounter(name string) bool {
	if strings.Contains(name, ":") {
		return false // recorded: the record's own expression is judged
	}
	for _, ending := range []string{"_total", "_count", "_sum", "_bucket"} {
		if strings.HasSuffix(name, ending) {
			return true
		}
	}
	return false
}

func underRate(path []parser.Node) bool {
	for _, node := range path {
		if call, ok := node.(*parser.Call); ok {
			switch call.Func.Name {
			case "rate", "irate", "increase", "resets":
				return true
			}
		}
	}
	return false
}

// LooseJoins lists the calculations and comparisons between series in which a
// side was not reduced before: neither aggregated nor recorded. Two exporters
// that export the same thing would make such a join fail. The set operators
// (and, or, unless) take duplicates and are not listed.
func LooseJoins(expression string) ([]string, error) {
	tree, err := parser.ParseExpr(expression)
	if err != nil {
		return nil, fmt.Errorf("parsing %q: %w", expression, err)
	}
	var found []string
	parser.Inspect(tree, func(node parser.Node, _ []parser.Node) error {
		join, ok := node.(*parser.BinaryExpr)
		if !ok || join.Op.IsSetOperator() || join.LHS.Type() != parser.ValueTypeVector || join.RHS.Type() != parser.ValueTypeVector {
			return nil
		}
		if !reduced(join.LHS) || !reduced(join.RHS) {
			found = append(found, join.String())
		}
		return nil
	})
	return found, nil
}

// reduced reports whether an expression has one series per key, whoever exports
// what it is made of. A recorded series is known by the colon in its name.
func reduced(expression parser.Expr) bool {
	switch e := expression.(type) {
	case *parser.VectorSelector:
		return strings.Contains(e.Name, ":")
	case *parser.MatrixSelector:
		return reduced(e.VectorSelector)
	case *parser.SubqueryExpr:
		return reduced(e.Expr)
	case *parser.ParenExpr:
		return reduced(e.Expr)
	case *parser.UnaryExpr:
		return reduced(e.Expr)
	case *parser.StepInvariantExpr:
		return reduced(e.Expr)
	case *parser.AggregateExpr:
		return reducedAggregate(e)
	case *parser.BinaryExpr:
		if e.Op == parser.LAND || e.Op == parser.LUNLESS {
			return reduced(e.LHS)
		}
		return reduced(e.LHS) && reduced(e.RHS)
	case *parser.Call:
		for _, arg := range e.Args {
			if !reduced(arg) {
				return false
			}
		}
	}
	return true // numbers, texts, and calls whose arguments are reduced
}

// reducedAggregate knows the aggregations that pass series through as they are.
func reducedAggregate(e *parser.AggregateExpr) bool {
	switch e.Op {
	case parser.TOPK, parser.BOTTOMK:
		one, ok := e.Param.(*parser.NumberLiteral)
		return reduced(e.Expr) || ok && one.Val == 1 && len(e.Grouping) > 0
	case parser.LIMITK, parser.LIMIT_RATIO:
		return reduced(e.Expr)
	}
	return true
}
