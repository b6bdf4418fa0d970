package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

const (
	// maxTemplate bounds a template, aliases written out, because each service
	// is a copy of it.
	maxTemplate = 2000
	// MaxValue bounds what a source says, as far as it becomes a part of a service.
	MaxValue = 2048

	// laterNode is a scalar whose value only a source knows; no file has one.
	laterNode yaml.Kind = 1 << 16
	// tagDiscovered is the tag of a scalar that holds what a source says.
	tagDiscovered = "!discovered"
)

// Template is a service in which {{host}}, {{label NAME}} and so on stand for
// what a source of discovery says. A text after | is what stands there when the
// source does not say it, {{label team|platform}}; a value that comes out empty
// is left out with its key.
type Template struct {
	node   *yaml.Node
	file   *source
	secret bool     // it names the file of a secret
	sample *Service // what can be known before a source has said anything
}

// decode reads the template as a service, as far as that goes without values.
func (t *Template) decode(d *decoder, node *yaml.Node, path string) {
	t.node, t.file = node, d.file
	r := renderer{value: later}
	sample := r.node(node)
	if r.problem != "" {
		d.addAt(d.positionOf(r.at), path, "%s", r.problem)
		d.meant[path] = true
		return
	}
	files := len(*d.files)
	if sample == nil {
		sample = &yaml.Node{Kind: yaml.MappingNode, Line: node.Line, Column: node.Column}
	}
	t.sample = new(Service)
	d.value(sample, path, reflect.ValueOf(t.sample).Elem())
	t.secret = slices.ContainsFunc((*d.files)[files:], func(f File) bool { return f.Secret })
}

// later is what a variable is before a source has said anything.
func later(string) (string, error) { return "", errLater }

var (
	errLater   = errors.New("the source says it later")
	errMissing = errors.New("the source does not say it")
)

// variable is how a value is written in a template: {{name}} or {{name|default}}.
var variable = regexp.MustCompile(`\{\{([^{}|]*)(\|[^{}]*)?\}\}`)

// variables are the names in a text.
func variables(text string) []string {
	var list []string
	for _, match := range variable.FindAllStringSubmatch(text, -1) {
		list = append(list, strings.TrimSpace(match[1]))
	}
	return list
}

// renderer copies a template and puts values into its texts.
type renderer struct {
	// value is what a source says, or why it cannot be used: errLater and
	// errMissing are mended by a default.
	value func(name string) (string, error)

	journey int // how many journeys the walk is inside of
	nodes   int
	depth   int
	problem string // the first
	at      *yaml.Node
}

func (r *renderer) fail(at *yaml.Node, format string, args ...any) {
	if r.problem == "" {
		r.problem, r.at = fmt.Sprintf(format, args...), at
	}
}

// node is a copy of n, or nil when it comes out empty.
func (r *renderer) node(n *yaml.Node) *yaml.Node {
	r.nodes, r.depth = r.nodes+1, r.depth+1
	defer func() { r.depth-- }()
	if r.nodes > maxTemplate || r.depth > maxDepth {
		r.fail(n, "the template is too large (want at most %d values, aliases written out, and %d levels)", maxTemplate, maxDepth)
	}
	if r.problem != "" {
		return nil
	}
	switch n.Kind {
	case yaml.AliasNode:
		return r.node(n.Alias)
	case yaml.MappingNode:
		return r.mapping(n)
	case yaml.SequenceNode:
		return r.sequence(n)
	}
	return r.scalar(n)
}

// mapping copies the pairs, merged ones (<<) after its own.
func (r *renderer) mapping(n *yaml.Node) *yaml.Node {
	var own, merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		inside := 0
		if key.Value == "journey" {
			inside = 1
		}
		r.journey += inside
		copied := r.node(value)
		r.journey -= inside
		switch {
		case copied == nil:
		case key.Tag == "!!merge":
			merged = append(merged, mergedPairs(copied)...)
		default:
			r.checkFile(key, value)
			own = append(own, r.key(key), copied)
		}
	}
	for i := 0; i+1 < len(merged); i += 2 {
		if pairAt(own, merged[i].Value) < 0 {
			own = append(own, merged[i], merged[i+1])
		}
	}
	if len(own) == 0 && len(n.Content) > 0 {
		return nil
	}
	copied := *n
	copied.Content, copied.Anchor = own, ""
	return &copied
}

// mergedPairs are the keys and values that << brings.
func mergedPairs(n *yaml.Node) []*yaml.Node {
	if n.Kind == yaml.MappingNode {
		return n.Content
	}
	var all []*yaml.Node
	for _, item := range n.Content {
		all = append(all, mergedPairs(item)...)
	}
	return all
}

// pairAt is the index of a key among keys and values, or -1.
func pairAt(content []*yaml.Node, key string) int {
	for i := 0; i+1 < len(content); i += 2 {
		if content[i].Value == key {
			return i
		}
	}
	return -1
}

// key is a copy of a key, made fit for a name where it has variables.
func (r *renderer) key(n *yaml.Node) *yaml.Node {
	text, varies, isLater := r.text(n)
	if !varies {
		return n
	}
	copied := *n
	copied.Value = fitName(text)
	if isLater {
		copied.Value = fitName(n.Value)
	}
	return &copied
}

// checkFile refuses to let a source choose which file is read.
func (r *renderer) checkFile(key, value *yaml.Node) {
	if (key.Value == "file" || strings.HasSuffix(key.Value, "_file")) && strings.Contains(value.Value, "{{") {
		r.fail(value, "the path of a file must not depend on what a source says (want a path without {{ }})")
	}
}

func (r *renderer) sequence(n *yaml.Node) *yaml.Node {
	copied := *n
	copied.Content, copied.Anchor = nil, ""
	for _, item := range n.Content {
		if item := r.node(item); item != nil {
			copied.Content = append(copied.Content, item)
		}
	}
	if len(copied.Content) == 0 && len(n.Content) > 0 {
		return nil
	}
	return &copied
}

func (r *renderer) scalar(n *yaml.Node) *yaml.Node {
	text, varies, isLater := r.text(n)
	switch {
	case !varies:
		return n
	case isLater:
		return &yaml.Node{Kind: laterNode, Value: n.Value, Line: n.Line, Column: n.Column}
	case text == "":
		return nil
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tagDiscovered, Value: text, Line: n.Line, Column: n.Column}
}

// text is a scalar with its variables replaced; isLater when one has no value
// yet. Inside a journey, what is no variable of a source is the journey's own.
func (r *renderer) text(n *yaml.Node) (text string, varies, isLater bool) {
	if !strings.Contains(n.Value, "{{") {
		return n.Value, false, false
	}
	text = variable.ReplaceAllStringFunc(n.Value, func(written string) string {
		match := variable.FindStringSubmatch(written)
		name, fallback := strings.TrimSpace(match[1]), match[2]
		if r.journey > 0 && !discovers(name) {
			return written
		}
		varies = true
		value, err := r.value(name)
		switch {
		case err == nil:
		case len(fallback) > 1 && errors.Is(err, errLater), fallback != "" && errors.Is(err, errMissing):
			value = fallback[1:]
		case errors.Is(err, errLater):
			isLater = true
		case errors.Is(err, errMissing):
			r.fail(n, "it has no %s (write {{%s|}} where it may be missing)", name, name)
		default:
			r.fail(n, "%s: %v", name, err)
		}
		return value
	})
	return text, varies, isLater
}

// discovers says whether a name is one of a source's variables.
func discovers(name string) bool {
	word, _, of := strings.Cut(name, " ")
	if of {
		return word == "label" || word == "annotation"
	}
	return slices.Contains(targetVariables(), word) || slices.Contains(objectVariables(), word)
}

// targetVariables are what files and HTTP say besides labels; objectVariables
// what Kubernetes says besides labels and annotations.
func targetVariables() []string { return []string{"target", "host", "port", "url", "address"} }

func objectVariables() []string {
	return []string{"kind", "namespace", "name", "host", "port", "path", "url", "address"}
}

// usable refuses a value that could become something else than a text where it
// is put.
func usable(value string) error {
	switch {
	case len(value) > MaxValue:
		return fmt.Errorf("the value is too long (got %d bytes, want at most %d)", len(value), MaxValue)
	case !utf8.ValidString(value) || strings.ContainsRune(value, utf8.RuneError):
		return fmt.Errorf("the value is not UTF-8 (got %s)", clipped(value))
	case strings.ContainsFunc(value, unicode.IsControl):
		return fmt.Errorf("the value has a line break or another control character (got %s)", clipped(value))
	case strings.Contains(value, "{{") || strings.Contains(value, "}}"):
		return fmt.Errorf("the value holds {{ or }}, which only a template may (got %s)", clipped(value))
	}
	return nil
}

// fitName makes a name of a text: what a name cannot hold becomes -, and a long
// one ends in a part of its hash, so that two long ones stay two.
func fitName(text string) string {
	unfit := func(r rune) bool {
		return r != '-' && r != '_' && (r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r))
	}
	name := strings.Trim(strings.Join(strings.FieldsFunc(text, unfit), "-"), "-_")
	if len(name) <= maxName {
		return name
	}
	sum := sha256.Sum256([]byte(text))
	end := "-" + hex.EncodeToString(sum[:4])
	return strings.TrimRight(name[:maxName-len(end)], "-_") + end
}

// eachScalar calls do with every text of a template that is not a journey's.
func eachScalar(n *yaml.Node, do func(at *yaml.Node)) {
	budget := maxTemplate
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if budget--; budget < 0 {
			return
		}
		switch n.Kind {
		case yaml.AliasNode:
			walk(n.Alias)
		case yaml.ScalarNode:
			do(n)
		case yaml.MappingNode:
			for i := 0; i+1 < len(n.Content); i += 2 {
				do(n.Content[i])
				if n.Content[i].Value != "journey" {
					walk(n.Content[i+1])
				}
			}
		default:
			for _, item := range n.Content {
				walk(item)
			}
		}
	}
	walk(n)
}
