package tree

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	maxDepth   = 100
	maxAliased = 100_000
)

// YAML reads the documents of a file.
func YAML(file string, text []byte) ([]*Value, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var documents []*Value
	for {
		var document yaml.Node
		switch err := decoder.Decode(&document); {
		case errors.Is(err, io.EOF):
			return documents, nil
		case err != nil:
			return nil, malformed(file, text, err)
		}
		w := yamlWalk{file: file}
		if value := w.value(document.Content[0], "", 0); w.err != nil {
			return nil, w.err
		} else if value.Kind != Null {
			documents = append(documents, value)
		}
	}
}

// malformed gives the YAML library's complaint a place.
func malformed(file string, text []byte, err error) error {
	problem := strings.TrimPrefix(err.Error(), "yaml: ")
	at := Position{file, 1, 1}
	if match := regexp.MustCompile(`^line (\d+): (?s:(.*))`).FindStringSubmatch(problem); match != nil {
		at.Line, _ = strconv.Atoi(match[1])
		problem = match[2]
	}
	lines := strings.Split(string(text), "\n")
	if at.Line <= len(lines) {
		line := lines[max(at.Line-1, 0)]
		at.Column = len(line) - len(strings.TrimLeft(line, " \t")) + 1
		if strings.Contains(line[:at.Column-1], "\t") {
			return &Error{at, "a tab in the indentation (YAML wants spaces)"}
		}
	}
	return &Error{at, "not YAML from here on: " + problem + " (is it another format? --from says which tool the file comes from)"}
}

// yamlWalk turns nodes into values, and stops at what would not end.
type yamlWalk struct {
	file    string
	aliased int
	err     error
}

func (w *yamlWalk) value(node *yaml.Node, path string, depth int) *Value {
	v := &Value{At: Position{w.file, node.Line, max(1, node.Column)}, Path: path}
	if depth > maxDepth || w.aliased > maxAliased {
		w.err = &Error{v.At, "the values nest or repeat without end (write the aliases out)"}
	}
	if w.err != nil {
		return v
	}
	switch node.Kind {
	case yaml.AliasNode:
		w.aliased += 10
		return w.value(node.Alias, path, depth+1)
	case yaml.MappingNode:
		v.Kind = Map
		w.mapping(v, node, depth)
	case yaml.SequenceNode:
		v.Kind = List
		for i, item := range node.Content {
			v.items = append(v.items, w.value(item, fmt.Sprintf("%s[%d]", path, i), depth+1))
		}
	default:
		v.Kind, v.text = scalar(node)
	}
	return v
}

// mapping fills in the keys, and then those of merged mappings (<<) that it does
// not have itself.
func (w *yamlWalk) mapping(v *Value, node *yaml.Node, depth int) {
	var merged []*Value
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		w.aliased++
		if key.Tag == "!!merge" {
			w.aliased += 10
			merged = append(merged, w.value(value, v.Path, depth+1).Each()...)
			continue
		}
		v.add(key.Value, w.value(value, below(v.Path, key.Value), depth+1))
	}
	for _, from := range merged {
		for j, name := range from.Keys() {
			if v.Get(name) == nil {
				v.add(name, from.items[j])
			}
		}
	}
}

func scalar(node *yaml.Node) (Kind, string) {
	switch node.Tag {
	case "!!null":
		return Null, ""
	case "!!bool":
		return Bool, strings.ToLower(node.Value)
	case "!!int", "!!float":
		return Number, node.Value
	}
	return String, node.Value
}
