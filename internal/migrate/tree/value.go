package tree

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Position is a place in a file; lines and columns count from 1.
type Position struct {
	File         string
	Line, Column int
}

// String is file:line:column, or the file alone when there is no line.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Error is a file that cannot be read: where, what is wrong, how to mend it.
type Error struct {
	At      Position
	Problem string
}

// Error is file:line:column: problem.
func (e *Error) Error() string { return e.At.String() + ": " + e.Problem }

// Kind is what a value is.
type Kind int

// The kinds. Unknown is a value that only a run of Terraform could tell.
const (
	Null Kind = iota
	Bool
	Number
	String
	List
	Map
	Unknown
)

// Value is one value of a file. A nil *Value is one that is not there: every
// method may be called on it.
type Value struct {
	At   Position
	Path string // of the keys from the document's root, such as modules.http_2xx.http
	Kind Kind

	text  string // of a scalar; for Unknown, why
	items []*Value
	keys  []string
	twice []*Value // what stood under a key that came again
	read  bool
}

// Get is the value of a key, or nil.
func (v *Value) Get(key string) *Value {
	if v == nil || v.Kind != Map {
		return nil
	}
	for i, name := range v.keys {
		if name == key {
			return v.items[i]
		}
	}
	return nil
}

// Find walks several keys down.
func (v *Value) Find(keys ...string) *Value {
	for _, key := range keys {
		v = v.Get(key)
	}
	return v
}

// First is the value of the first of several keys that is there: tools rename
// their keys, and write them in several cases.
func (v *Value) First(keys ...string) *Value {
	for _, key := range keys {
		if found := v.Get(key); found != nil {
			return found
		}
	}
	return nil
}

// One is the map at a key, or the first map of a list there: Terraform writes a
// block as either. Who asks knows the key, so what is unread in the map is
// found key by key.
func (v *Value) One(key string) *Value {
	found := v.Get(key)
	if found.Is(List) && len(found.items) > 0 {
		found.read = true
		found = found.items[0]
	}
	if found.Is(Map) {
		found.read = true
	}
	return found
}

// Keys are the keys of a map in the file's order.
func (v *Value) Keys() []string {
	if v == nil || v.Kind != Map {
		return nil
	}
	return v.keys
}

// Items are the values of a list, or of a map in the order of its keys.
func (v *Value) Items() []*Value {
	if v == nil || (v.Kind != List && v.Kind != Map) {
		return nil
	}
	return v.items
}

// Each is Items of a list, and a value that is no list as the only one.
func (v *Value) Each() []*Value {
	if v == nil || v.Kind == List {
		return v.Items()
	}
	if v.Empty() {
		return nil
	}
	return []*Value{v}
}

// Is says whether the value is there and of the kind.
func (v *Value) Is(kind Kind) bool { return v != nil && v.Kind == kind }

// Empty says that there is nothing to carry over: no value, null, "", [] or {}.
func (v *Value) Empty() bool {
	switch {
	case v == nil || v.Kind == Null:
		return true
	case v.Kind == String:
		return v.text == ""
	case v.Kind == List || v.Kind == Map:
		return len(v.items) == 0
	}
	return false
}

// Text reads a scalar as it was written. It is empty for anything else.
func (v *Value) Text() string {
	if v == nil || (v.Kind != String && v.Kind != Number && v.Kind != Bool) {
		return ""
	}
	v.read = true
	return v.text
}

// Peek is Text without reading.
func (v *Value) Peek() string {
	if v == nil || v.Kind == Unknown {
		return ""
	}
	return v.text
}

// Why says why an Unknown value is not known.
func (v *Value) Why() string {
	if v == nil || v.Kind != Unknown {
		return ""
	}
	return v.text
}

// Holds says whether a value is this one, or stands in it.
func (v *Value) Holds(other *Value) bool {
	return v == other || v != nil && slices.ContainsFunc(v.items, func(item *Value) bool { return item.Holds(other) })
}

// Missing is why the value, or the first thing in it, is not known.
func (v *Value) Missing() string {
	if v == nil || v.Kind == Unknown {
		return v.Why()
	}
	for _, item := range v.items {
		if why := item.Missing(); why != "" {
			return why
		}
	}
	return ""
}

// Bool reads true or false, also as a text or as 1 and 0.
func (v *Value) Bool() (is, ok bool) {
	if v == nil {
		return false, false
	}
	switch strings.ToLower(v.text) {
	case "true", "1", "yes":
		is, ok = true, true
	case "false", "0", "no":
		is, ok = false, true
	}
	ok = ok && (v.Kind == Bool || v.Kind == Number || v.Kind == String)
	v.read = v.read || ok
	return is && ok, ok
}

// True reads true.
func (v *Value) True() bool {
	is, _ := v.Bool()
	return is
}

// Number reads a number, also one in quotes.
func (v *Value) Number() (float64, bool) {
	if v == nil || (v.Kind != Number && v.Kind != String) {
		return 0, false
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(v.text), 64)
	if err != nil {
		return 0, false
	}
	v.read = true
	return n, true
}

// Int reads a whole number, and is 0 for anything else.
func (v *Value) Int() int {
	n, ok := v.Number()
	if !ok || n != float64(int(n)) {
		return 0
	}
	return int(n)
}

// Texts reads a list of scalars, or one scalar as a list of one.
func (v *Value) Texts() []string {
	var texts []string
	for _, item := range v.Each() {
		if text := item.Text(); text != "" {
			texts = append(texts, text)
		}
	}
	return texts
}

// Read marks the value, and all that is in it, as dealt with.
func (v *Value) Read() {
	if v == nil {
		return
	}
	v.read = true
	for _, item := range v.items {
		item.Read()
	}
}

// Touch marks the value itself as read, and nothing in it.
func (v *Value) Touch() {
	if v != nil {
		v.read = true
	}
}

// Any reads the value as encoding/json would give it.
func (v *Value) Any() any {
	if v == nil {
		return nil
	}
	v.read = true
	switch v.Kind {
	case Bool:
		return v.text == "true"
	case Number:
		n, _ := strconv.ParseFloat(v.text, 64)
		return n
	case String:
		return v.text
	case List:
		list := make([]any, len(v.items))
		for i, item := range v.items {
			list[i] = item.Any()
		}
		return list
	case Map:
		object := make(map[string]any, len(v.items))
		for i, item := range v.items {
			object[v.keys[i]] = item.Any()
		}
		return object
	}
	return nil
}

// Unread calls found for each value that nobody has read, a whole branch at
// once when nothing in it was read. Empty values have nothing to tell.
func (v *Value) Unread(found func(*Value)) {
	switch {
	case v.Empty():
	case !v.Touched():
		found(v)
	case v.Kind == List || v.Kind == Map:
		for _, item := range append(slices.Clone(v.items), v.twice...) {
			item.Unread(found)
		}
	}
}

// Touched says whether the value, or something in it, has been read.
func (v *Value) Touched() bool {
	if v.read {
		return true
	}
	for _, item := range v.items {
		if item.Touched() {
			return true
		}
	}
	return false
}

// Key is the last key of the path.
func (v *Value) Key() string {
	if v == nil {
		return ""
	}
	return v.Path[strings.LastIndex(v.Path, ".")+1:]
}

func below(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// add puts a value under a key. Of two under the same key the later counts, as
// for most tools; the earlier stays among what nobody reads.
func (v *Value) add(key string, value *Value) {
	for i, name := range v.keys {
		if name == key {
			v.twice = append(v.twice, v.items[i])
			v.items[i] = value
			return
		}
	}
	v.keys = append(v.keys, key)
	v.items = append(v.items, value)
}
