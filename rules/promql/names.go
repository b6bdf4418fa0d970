package promql

import (
	"fmt"
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// Names is what an expression names, each list sorted and without repetition.
type Names struct {
	Metrics []string // names of series
	Labels  []string // labels matched, grouped by, joined on, taken over or replaced
}

// NamesOf lists the metrics and labels that an expression names. A selector
// that matches the metric's name otherwise than exactly ({__name__=~"…"}) is an
// error: nobody could say whether what it selects is exported.
func NamesOf(expression string) (Names, error) {
	tree, err := parser.ParseExpr(expression)
	if err != nil {
		return Names{}, fmt.Errorf("parsing %q: %w", expression, err)
	}
	var names Names
	parser.Inspect(tree, func(node parser.Node, _ []parser.Node) error {
		if failed := names.add(node); failed != nil && err == nil {
			err = fmt.Errorf("reading %q: %w", expression, failed)
		}
		return nil
	})
	names.Metrics = sortedSet(names.Metrics)
	names.Labels = sortedSet(names.Labels)
	return names, err
}

func (n *Names) add(node parser.Node) error {
	switch node := node.(type) {
	case *parser.VectorSelector:
		return n.addSelector(node)
	case *parser.AggregateExpr:
		n.Labels = append(n.Labels, node.Grouping...)
	case *parser.BinaryExpr:
		if matching := node.VectorMatching; matching != nil {
			n.Labels = append(n.Labels, matching.MatchingLabels...)
			n.Labels = append(n.Labels, matching.Include...)
		}
	case *parser.Call:
		n.addCall(node)
	}
	return nil
}

func (n *Names) addSelector(selector *parser.VectorSelector) error {
	named := false
	for _, matcher := range selector.LabelMatchers {
		if matcher.Name != model.MetricNameLabel {
			n.Labels = append(n.Labels, matcher.Name)
			continue
		}
		if matcher.Type == labels.MatchEqual {
			n.Metrics = append(n.Metrics, matcher.Value)
			named = true
		}
	}
	if !named {
		return fmt.Errorf("selector %s names no metric", selector)
	}
	return nil
}

// addCall adds the labels that label_replace and label_join read and write.
func (n *Names) addCall(call *parser.Call) {
	var at []int
	switch call.Func.Name {
	case "label_replace":
		at = []int{1, 3}
	case "label_join":
		at = []int{1}
		for i := 3; i < len(call.Args); i++ {
			at = append(at, i)
		}
	}
	for _, i := range at {
		if text, ok := call.Args[i].(*parser.StringLiteral); ok && text.Val != "" {
			n.Labels = append(n.Labels, text.Val)
		}
	}
}

func sortedSet(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
