package migrate

import (
	"bytes"
	"slices"
	"strings"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// A configuration often stands inside something else: in the data of a
// ConfigMap, or among the values of a Helm chart.

// deepest is how far below the root of a file a configuration is looked for.
const deepest = 8

// wrapped are the configurations that stand in a document which is none
// itself.
func wrapped(d *document) []*document {
	if d.root == nil || d.format != formatYAML && d.format != formatJSON {
		return nil
	}
	var found []*document
	var walk func(v *tree.Value, depth int)
	walk = func(v *tree.Value, depth int) {
		if depth > deepest {
			return
		}
		if v.Is(tree.String) {
			found = append(found, embedded(d, v)...)
			return
		}
		if depth > 0 {
			inner := &document{name: d.name, format: d.format, text: d.text, root: v.Copy()}
			if inner.source = recognisedInside(inner); inner.source != nil {
				found = append(found, inner)
				return
			}
		}
		for _, item := range v.Items() {
			walk(item, depth+1)
		}
	}
	walk(d.root, 0)
	return found
}

// recognisedInside is the source of a part of a document. Only those count
// whose configurations cannot be taken for something else.
func recognisedInside(d *document) *source {
	s := recognised(d)
	switch {
	case s == nil:
	case s.name == "gatus" && gatusEndpoints(d.root):
	case s.name == "blackbox" && (hasProbers(d.root) || d.root.Get("scrape_configs").Is(tree.List) || isJobs(d.root) || isOperators(d.root)):
	default:
		return nil
	}
	return s
}

// hasProbers says that there are modules of blackbox_exporter, and not of
// another exporter that has modules.
func hasProbers(root *tree.Value) bool {
	return slices.ContainsFunc(modulesOf(root).Items(), func(v *tree.Value) bool { return v.Get("prober") != nil })
}

// embedded are the configurations in a text of several lines.
func embedded(d *document, v *tree.Value) []*document {
	if !strings.Contains(v.Peek(), "\n") || !strings.Contains(v.Peek(), ":") {
		return nil
	}
	roots, err := tree.YAML(v.At.File, []byte(v.Peek()))
	if err != nil {
		return nil
	}
	lines, columns, same := placeOfText(d.text, v)
	var found []*document
	for _, root := range roots {
		inner := &document{name: d.name, format: formatYAML, text: d.text, root: root}
		if inner.source = recognisedInside(inner); inner.source == nil {
			continue
		}
		if same {
			root.Shift(lines, columns, v.Path)
		} else {
			inner.root = root.Moved(v.At, v.Path)
		}
		found = append(found, inner)
	}
	return found
}

// placeOfText is how many lines and columns a text stands behind the beginning
// of its file. It is false when the file does not hold its lines as they are.
func placeOfText(file []byte, v *tree.Value) (lines, columns int, ok bool) {
	first, _, _ := strings.Cut(v.Peek(), "\n")
	all := bytes.Split(file, []byte("\n"))
	if v.At.Line >= len(all) || strings.TrimSpace(first) == "" {
		return 0, 0, false
	}
	line := strings.TrimRight(string(all[v.At.Line]), "\r")
	return v.At.Line, len(line) - len(first), strings.HasSuffix(line, first)
}
