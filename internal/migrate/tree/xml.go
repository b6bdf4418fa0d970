package tree

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// XML reads a document: an element is a map of its attributes and, under the
// names of the elements in it, lists of those. Namespaces are left out.
func XML(file string, text []byte) (*Value, error) {
	decoder := xml.NewDecoder(bytes.NewReader(text))
	decoder.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil } // it is a text already
	root := &Value{At: Position{file, 1, 1}, Kind: Map}
	open := []*Value{root}
	for {
		token, err := decoder.Token()
		line, column := decoder.InputPos()
		at := Position{file, line, column}
		if errors.Is(err, io.EOF) {
			return root, nil
		}
		if err != nil {
			return nil, &Error{at, "not XML from here on: " + err.Error()}
		}
		switch token := token.(type) {
		case xml.StartElement:
			if len(open) > maxDepth {
				return nil, &Error{at, "the elements nest without end"}
			}
			open = append(open, open[len(open)-1].element(token, at))
		case xml.EndElement:
			open = open[:len(open)-1]
		}
	}
}

// element adds an element to the one around it.
func (v *Value) element(start xml.StartElement, at Position) *Value {
	name := start.Name.Local
	list := v.Get(name)
	if list == nil {
		list = &Value{At: at, Path: below(v.Path, name), Kind: List}
		v.add(name, list)
	}
	one := &Value{At: at, Path: fmt.Sprintf("%s[%d]", list.Path, len(list.items)), Kind: Map}
	for _, attribute := range start.Attr {
		if strings.HasPrefix(attribute.Name.Space, "xmlns") || attribute.Name.Local == "xmlns" {
			continue
		}
		one.add(attribute.Name.Local, &Value{At: at, Path: below(one.Path, attribute.Name.Local), Kind: String, text: attribute.Value})
	}
	list.items = append(list.items, one)
	return one
}
