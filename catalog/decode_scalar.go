package catalog

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// scalarText is the text of a scalar; anything else is noted as a mistake.
func (d *decoder) scalarText(node *yaml.Node, path string) (string, bool) {
	switch {
	case empty(node):
		d.add(path, "the key has no value (give it one, or remove the key)")
	case node.Kind != yaml.ScalarNode:
		d.add(path, "got %s, want a single value", described(node))
	default:
		return node.Value, true
	}
	return "", false
}

// parsed decodes a value with a notation of its own.
func (d *decoder) parsed(node *yaml.Node, path string, out scalar) {
	text, ok := d.scalarText(node, path)
	if !ok {
		return
	}
	if err := out.parse(text); err != nil {
		d.add(path, "%v", err)
	}
}

// plain decodes text, numbers, and true or false.
func (d *decoder) plain(node *yaml.Node, path string, out reflect.Value) {
	text, ok := d.scalarText(node, path)
	if !ok {
		return
	}
	switch out.Kind() {
	case reflect.String:
		if strings.TrimSpace(text) == "" {
			d.add(path, "the text is empty (give it one, or remove the key)")
		}
		out.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			d.add(path, "got %s, want true or false", clipped(text))
			d.meant[path] = true
			return
		}
		out.SetBool(text == "true")
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > math.MaxInt32 {
			d.add(path, "got %s, want a whole number from 1", clipped(text))
			return
		}
		out.SetInt(int64(n))
	case reflect.Float64:
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || !(n > 0) || math.IsInf(n, 0) {
			d.add(path, "got %s, want a number over 0", clipped(text))
			return
		}
		out.SetFloat(n)
	default:
		panic(fmt.Sprintf("catalog: no notation for %s at %s", out.Type(), path)) // a test walks all types
	}
}

// anything decodes a value of any shape as JSON has it. What is inside has no
// path of its own.
func (d *decoder) anything(node *yaml.Node, path string) any {
	d.depth++
	defer func() { d.depth-- }()
	if !d.affordable(node, path) {
		return nil
	}
	switch node.Kind {
	case yaml.AliasNode:
		d.alias++
		defer func() { d.alias-- }()
		return d.anything(node.Alias, path)
	case yaml.MappingNode:
		object := make(map[string]any)
		for _, p := range d.pairs(node, path) {
			object[p.key.Value] = d.anything(p.value, path)
		}
		return object
	case yaml.SequenceNode:
		list := make([]any, len(node.Content))
		for i, item := range node.Content {
			list[i] = d.anything(item, path)
		}
		return list
	}
	return d.json(node, path)
}

// json is a scalar as JSON has it.
func (d *decoder) json(node *yaml.Node, path string) any {
	switch node.Tag {
	case "!!null":
		return nil
	case "!!bool":
		return node.Value == "true"
	case "!!int":
		if n, err := strconv.ParseInt(node.Value, 0, 64); err == nil {
			return n
		}
	case "!!float":
		n, err := strconv.ParseFloat(node.Value, 64)
		if err == nil && !math.IsInf(n, 0) && !math.IsNaN(n) {
			return n
		}
		d.addAt(d.positionOf(node), path, "got %s, which JSON cannot say (quote it for a text)", clipped(node.Value))
	}
	return node.Value
}

// decode reads {file: PATH}; a secret in place is a mistake, and is not shown.
func (s *Secret) decode(d *decoder, node *yaml.Node, path string) {
	s.at, s.place = d.positions.nearest(path), path
	if node.Kind != yaml.MappingNode {
		d.hide(node)
		d.add(path, "secrets and personal data are kept in files of their own (got %s, want {file: PATH})", described(node))
		return
	}
	type plain Secret
	d.structure(node, path, reflect.ValueOf((*plain)(s)).Elem())
	switch {
	case s.Path != "":
		s.Path = d.file.resolve(s.Path)
		*d.files = append(*d.files, File{Place: path, Path: s.Path, Secret: true})
	case !d.positions.given(below(path, "file")) && !d.meant[below(path, "file")]:
		d.add(path, "the file is missing (want {file: PATH})")
	}
}

// decode reads a text in place, or {file: PATH}.
func (t *Text) decode(d *decoder, node *yaml.Node, path string) {
	if node.Kind == yaml.ScalarNode && !empty(node) {
		t.Literal = node.Value
		return
	}
	if node.Kind != yaml.MappingNode {
		d.add(path, "got %s, want a text or {file: PATH}", described(node))
		return
	}
	t.File = new(Secret)
	t.File.decode(d, node, path)
}

// decode reads a list of parts, or one text with commas.
func (s *StatusSet) decode(d *decoder, node *yaml.Node, path string) {
	if node.Kind != yaml.SequenceNode {
		d.parsed(node, path, s)
		return
	}
	var parts []string
	d.value(node, path, reflect.ValueOf(&parts).Elem())
	for i, part := range parts {
		if err := new(StatusSet).parse(part); err != nil {
			d.add(at(path, i), "%v", err)
			return
		}
	}
	if len(parts) == 0 {
		d.add(path, "the list is empty (give it a status such as 2xx, or remove the key)")
		return
	}
	_ = s.parse(strings.Join(parts, ",")) // each part was parsed above
}

// decode reads {to: [ADDRESS]}, or one address.
func (e *EmailChannel) decode(d *decoder, node *yaml.Node, path string) {
	if node.Kind != yaml.ScalarNode || empty(node) {
		type plain EmailChannel
		d.structure(node, path, reflect.ValueOf((*plain)(e)).Elem())
		return
	}
	to := below(path, "to")
	d.positions.put(to, d.positionOf(node))
	d.positions.put(at(to, 0), d.positionOf(node))
	e.To = []string{node.Value}
}

// decode reads the steps, which are the whole value.
func (e *Escalation) decode(d *decoder, node *yaml.Node, path string) {
	d.value(node, path, reflect.ValueOf(&e.Steps).Elem())
}
