package catalog

import (
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	// maxDepth bounds how deep values nest; the format itself needs ten levels.
	maxDepth = 64
	// maxAliased bounds how many values are reached through aliases, a long text
	// counting as several, so that a few lines cannot stand for billions.
	maxAliased = 50_000
	// maxItems and maxKey bound lists and keys, so that the paths of a hostile
	// file fit the memory.
	maxItems = 1000
	maxKey   = 200
)

// decoder walks the nodes of one file and the types of [Spec] together. It
// notes every mistake and goes on, and remembers the place of every path.
type decoder struct {
	*problems

	file    *source
	files   *[]File
	depth   int
	alias   int // how many aliases the walk is inside of
	aliased int // nodes reached through aliases so far
	stopped bool
}

// noded is a value with a notation of more than one scalar.
type noded interface {
	decode(d *decoder, node *yaml.Node, path string)
}

// scalar is a value with a notation of its own.
type scalar interface{ parse(text string) error }

// document decodes a file's root into spec, which may hold other files already.
func (d *decoder) document(root *yaml.Node, spec *Spec) {
	if root.Kind != yaml.MappingNode {
		d.stop(root, "", "got %s, want sections such as teams and services", described(root))
		return
	}
	d.value(root, "", reflect.ValueOf(spec).Elem())
}

// value decodes one node into out, whatever its type.
func (d *decoder) value(node *yaml.Node, path string, out reflect.Value) {
	d.depth++
	defer func() { d.depth-- }()
	if !d.affordable(node, path) {
		return
	}
	if node.Kind == laterNode {
		d.meant[path] = true
		return
	}
	if node.Kind == yaml.AliasNode {
		d.alias++
		d.value(node.Alias, path, out)
		d.alias--
		return
	}
	if own, is := reflect.TypeAssert[noded](out.Addr()); is {
		own.decode(d, node, path)
		return
	}
	if own, is := reflect.TypeAssert[scalar](out.Addr()); is {
		d.parsed(node, path, own)
		return
	}
	switch out.Kind() {
	case reflect.Pointer:
		if out.IsNil() {
			out.Set(reflect.New(out.Type().Elem()))
		}
		d.value(node, path, out.Elem())
	case reflect.Struct:
		d.structure(node, path, out)
	case reflect.Map:
		d.section(node, path, out)
	case reflect.Slice:
		d.sequence(node, path, out)
	case reflect.Interface:
		if value := d.anything(node, path); value != nil {
			out.Set(reflect.ValueOf(value))
		}
	default:
		d.plain(node, path, out)
	}
}

// affordable stops the walk when aliases multiply or nest without end.
func (d *decoder) affordable(node *yaml.Node, path string) bool {
	if d.alias > 0 {
		d.aliased += 1 + len(node.Value)/100
	}
	switch {
	case d.stopped:
	case d.depth > maxDepth:
		d.stop(node, path, "nested more than %d levels deep", maxDepth)
	case d.aliased > maxAliased:
		d.stop(node, path, "aliases (*name) stand for more than %d values; write them out, or use fewer", maxAliased)
	}
	return !d.stopped
}

// stop notes the one mistake that makes all others meaningless.
func (d *decoder) stop(node *yaml.Node, path, format string, args ...any) {
	d.stopped = true
	d.list = nil
	d.addAt(d.positionOf(node), path, format, args...)
}

func (d *decoder) positionOf(node *yaml.Node) Position {
	// Nothing at the end of a file stands on the line after the last.
	// What was made of nothing written (a discovered value) stands at the top.
	return Position{d.file.name, max(1, min(node.Line, len(d.file.lines))), max(1, node.Column)}
}

// structure decodes a mapping with known keys.
func (d *decoder) structure(node *yaml.Node, path string, out reflect.Value) {
	fields := d.fields(out.Type())
	for _, p := range d.pairs(node, path) {
		field, known := fields[p.key.Value]
		if !known {
			d.unknownKey(p, path, names(fields))
			continue
		}
		if d.place(p, path) {
			d.value(p.value, below(path, p.key.Value), out.FieldByIndex(field.index))
			d.makeAbsolute(field.name, below(path, p.key.Value), out.FieldByIndex(field.index))
		}
	}
}

// section decodes a mapping with keys that people choose.
func (d *decoder) section(node *yaml.Node, path string, out reflect.Value) {
	if out.IsNil() {
		out.Set(reflect.MakeMap(out.Type()))
	}
	for _, p := range d.pairs(node, path) {
		if !d.place(p, path) {
			continue
		}
		value := reflect.New(out.Type().Elem()).Elem()
		d.value(p.value, below(path, p.key.Value), value)
		out.SetMapIndex(reflect.ValueOf(p.key.Value), value)
	}
}

// sequence decodes a list.
func (d *decoder) sequence(node *yaml.Node, path string, out reflect.Value) {
	if empty(node) {
		return
	}
	if node.Kind != yaml.SequenceNode {
		d.add(path, "got %s, want a list such as [a, b]", described(node))
		return
	}
	if len(node.Content) > maxItems {
		d.add(path, "the list is too long (got %d items, want at most %d)", len(node.Content), maxItems)
		return
	}
	items := reflect.MakeSlice(out.Type(), len(node.Content), len(node.Content))
	for i, item := range node.Content {
		d.positions.put(at(path, i), d.positionOf(item))
		d.value(item, at(path, i), items.Index(i))
	}
	out.Set(items)
}

// makeAbsolute resolves a key that ends in _file, and remembers the file.
func (d *decoder) makeAbsolute(key, path string, out reflect.Value) {
	if out.Kind() != reflect.String || !strings.HasSuffix(key, "_file") || out.String() == "" {
		return
	}
	out.SetString(d.file.resolve(out.String()))
	secret := key != "ca_file" && key != "pid_file" && key != "template_file"
	*d.files = append(*d.files, File{Place: path, Path: out.String(), Secret: secret})
}

// unknownKey notes a key that the format does not have. The nearest key is
// meant, so that it is not reported as missing too.
func (d *decoder) unknownKey(p pair, path string, known []string) {
	key := p.key.Value
	place := below(path, key)
	d.positions.put(place, d.positionOf(p.key))
	if regexp.MustCompile(`(?i)pass|secret|token|key|dsn|dns|credential|webhook|auth|cookie`).MatchString(key) {
		d.hide(p.value)
	}
	if secret := key + "_file"; slices.Contains(known, secret) {
		d.meant[below(path, secret)] = true
		d.add(place, "unknown key %q (a secret is kept in a file of its own: write %s: PATH)", key, secret)
		return
	}
	d.meant[below(path, closest(key, known))] = true
	d.add(place, "unknown key %q%s", key, hint(key, known))
}

// hide keeps a value out of the quotes, on all of its lines.
func (d *decoder) hide(node *yaml.Node) {
	d.file.hide(node.Line, max(1, node.Column))
	for i := range strings.Count(node.Value, "\n") + 1 {
		d.file.hide(node.Line+1+i, 1)
	}
}

// field is one key of a struct.
type field struct {
	index    []int // through embedded structs
	name     string
	required bool
}

// fields are fieldsOf, remembered.
func (p *problems) fields(of reflect.Type) map[string]field {
	known, found := p.keys[of]
	if !found {
		known = fieldsOf(of)
		p.keys[of] = known
	}
	return known
}

// fieldsOf are the keys of a struct by their yaml tags. Those of an embedded
// struct stand beside its own.
func fieldsOf(of reflect.Type) map[string]field {
	fields := make(map[string]field)
	for _, f := range reflect.VisibleFields(of) {
		tag, tagged := f.Tag.Lookup("yaml")
		name, options, _ := strings.Cut(tag, ",")
		if tagged && name != "-" && name != "" {
			fields[name] = field{index: f.Index, name: name, required: options != "omitempty"}
		}
	}
	return fields
}
