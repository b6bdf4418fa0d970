package promql

import (
	"fmt"
	"strings"
	"text/template/parse"
)

// TemplateQueries lists the queries in one of Prometheus' text templates: what
// is given to query, or written by printf into it. Verbs are filled in so that
// the query parses: %q becomes "x", %s becomes x, any other 1. A query that is
// put together otherwise cannot be read and is an error.
func TemplateQueries(text string) ([]string, error) {
	tree := parse.New("text")
	tree.Mode = parse.SkipFuncCheck
	const variables = "{{$labels := .}}{{$value := .}}{{$externalLabels := .}}{{$externalURL := .}}"
	trees := map[string]*parse.Tree{}
	if _, err := tree.Parse(variables+text, "", "", trees); err != nil {
		return nil, fmt.Errorf("parsing the template: %w", err)
	}
	found := &templateQueries{}
	for _, t := range trees {
		found.node(t.Root)
	}
	return found.queries, found.err
}

// templateQueries walks a template; the first error stays.
type templateQueries struct {
	queries []string
	err     error
}

func (f *templateQueries) node(n parse.Node) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return
		}
		for _, child := range n.Nodes {
			f.node(child)
		}
	case *parse.ActionNode:
		f.pipe(n.Pipe)
	case *parse.IfNode:
		f.branch(n.BranchNode)
	case *parse.WithNode:
		f.branch(n.BranchNode)
	case *parse.RangeNode:
		f.branch(n.BranchNode)
	}
}

func (f *templateQueries) branch(n parse.BranchNode) {
	f.pipe(n.Pipe)
	f.node(n.List)
	f.node(n.ElseList)
}

// pipe finds query among the commands; its argument is its own, or what the
// command before it printed.
func (f *templateQueries) pipe(n *parse.PipeNode) {
	for i, command := range n.Cmds {
		for _, arg := range command.Args {
			if inner, ok := arg.(*parse.PipeNode); ok {
				f.pipe(inner)
			}
		}
		if command.Args[0].String() != "query" {
			continue
		}
		text, ok := queryText(n.Cmds, i)
		if !ok && f.err == nil {
			f.err = fmt.Errorf("reading %q: a query is a literal, or printf of a literal", n.String())
		}
		f.queries = append(f.queries, text)
	}
}

func queryText(commands []*parse.CommandNode, i int) (string, bool) {
	if args := commands[i].Args; len(args) > 1 {
		return literal(args[1])
	}
	if i == 0 || commands[i-1].Args[0].String() != "printf" {
		return "", false
	}
	format, ok := literal(commands[i-1].Args[1])
	return fillVerbs(format), ok
}

func literal(n parse.Node) (string, bool) {
	text, ok := n.(*parse.StringNode)
	if !ok {
		return "", false
	}
	return text.Text, true
}

// fillVerbs replaces printf's verbs, the plain ones of one letter.
func fillVerbs(format string) string {
	var filled strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			filled.WriteByte(format[i])
			continue
		}
		i++
		switch format[i] {
		case '%':
			filled.WriteByte('%')
		case 'q':
			filled.WriteString(`"x"`)
		case 's':
			filled.WriteByte('x')
		default:
			filled.WriteByte('1')
		}
	}
	return filled.String()
}
