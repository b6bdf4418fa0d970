package tree

import (
	"fmt"
	"strings"
)

// Text is a text that no file holds as it is.
func Text(text string, at Position, path string) *Value {
	return &Value{At: at, Path: path, Kind: String, text: text}
}

// Renamed is the same map under other keys; what is in it is shared.
func (v *Value) Renamed(keys map[string]string) *Value {
	same := *v
	same.keys = make([]string, len(v.keys))
	for i, key := range v.keys {
		if same.keys[i] = keys[key]; same.keys[i] == "" {
			same.keys[i] = key
		}
	}
	return &same
}

// Reword gives keys other names, in everything that the value holds. Paths stay
// as the file has them.
func (v *Value) Reword(keys map[string]string) {
	if v == nil {
		return
	}
	if v.Kind == Map {
		v.keys = v.Renamed(keys).keys
	}
	for _, item := range v.items {
		item.Reword(keys)
	}
}

// Copy is the same value, read by nobody.
func (v *Value) Copy() *Value {
	if v == nil {
		return nil
	}
	same := *v
	same.read, same.items, same.twice = false, make([]*Value, len(v.items)), nil
	for i, item := range v.items {
		same.items[i] = item.Copy()
	}
	return &same
}

// Moved is a copy that stands somewhere else: of a document inside a text of
// another one.
func (v *Value) Moved(at Position, path string) *Value {
	same := v.Copy()
	same.move(at, path)
	return same
}

// Shift moves the value, and all in it, down its file and below a path.
func (v *Value) Shift(lines, columns int, path string) {
	v.At.Line += lines
	v.At.Column += columns
	v.Path = strings.TrimSuffix(below(path, v.Path), ".")
	for _, item := range v.items {
		item.Shift(lines, columns, path)
	}
}

func (v *Value) move(at Position, path string) {
	v.At, v.Path = at, path
	for i, item := range v.items {
		if v.Kind == Map {
			item.move(at, below(path, v.keys[i]))
			continue
		}
		item.move(at, fmt.Sprintf("%s[%d]", path, i))
	}
}
