package catalog

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// pair is one key and its value.
type pair struct{ key, value *yaml.Node }

// pairs are the keys of a mapping, those of merged mappings (<<) after its own.
// Nothing at all is an empty mapping.
func (d *decoder) pairs(node *yaml.Node, path string) []pair {
	if empty(node) {
		return nil
	}
	if node.Kind != yaml.MappingNode {
		d.addAt(d.positionOf(node), path, "got %s, want keys with values", described(node))
		d.meant[path] = true
		return nil
	}
	var own, merged []pair
	seen := make(map[string]*yaml.Node)
	for i := 0; i+1 < len(node.Content); i += 2 {
		p := pair{node.Content[i], node.Content[i+1]}
		first, again := seen[p.key.Value]
		switch {
		case p.key.Kind != yaml.ScalarNode:
			d.addAt(d.positionOf(p.key), path, "got %s as a key, want a name", described(p.key))
		case len(p.key.Value) > maxKey:
			d.addAt(d.positionOf(p.key), path, "the key is too long (got %d bytes, want at most %d)", len(p.key.Value), maxKey)
		case p.key.Tag == "!!merge":
			merged = append(merged, d.merge(p.value, path)...)
		case again:
			d.addAt(d.positionOf(p.key), below(path, p.key.Value), "given twice; first at %s", d.positionOf(first))
		default:
			seen[p.key.Value] = p.key
			own = append(own, p)
		}
	}
	for _, p := range merged {
		if seen[p.key.Value] == nil {
			seen[p.key.Value] = p.key
			own = append(own, p)
		}
	}
	return own
}

// merge is what << brings: the keys of one mapping, or of several.
func (d *decoder) merge(node *yaml.Node, path string) []pair {
	d.depth++
	defer func() { d.depth-- }()
	if !d.affordable(node, path) {
		return nil
	}
	switch node.Kind {
	case yaml.AliasNode:
		d.alias++
		defer func() { d.alias-- }()
		return d.merge(node.Alias, path)
	case yaml.MappingNode:
		d.aliased += len(node.Content)
		return d.pairs(node, path)
	case yaml.SequenceNode:
		var all []pair
		for _, item := range node.Content {
			all = append(all, d.merge(item, path)...)
		}
		return all
	}
	d.addAt(d.positionOf(node), path, "got %s to merge (<<), want keys with values", described(node))
	return nil
}

// place remembers where a key stands. It is false for a name that another file
// defined; only the sections themselves are put together from several files.
func (d *decoder) place(p pair, path string) bool {
	key := below(path, p.key.Value)
	here := d.positionOf(p.key)
	if d.inline(p.value) {
		here = d.positionOf(p.value)
	}
	first, known := d.positions.get(key)
	if known && first.File != d.file.name && path != "" {
		d.addAt(d.positionOf(p.key), key, "defined twice; first at %s", first)
		return false
	}
	if !known || path != "" {
		d.positions.put(key, here)
	}
	return true
}

// inline says that a mistake in a value is best shown at the value and not at
// its key.
func (d *decoder) inline(node *yaml.Node) bool {
	return node.Kind == yaml.AliasNode || node.Kind == yaml.ScalarNode && !empty(node)
}

// empty says that nothing was written: "key:", "key: ~" or "key: null".
func empty(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.Tag == "!!null"
}

// described names what a node is, in words, and its text only where that
// cannot be a secret.
func described(node *yaml.Node) string {
	switch {
	case empty(node):
		return "nothing"
	case node.Kind == yaml.MappingNode:
		return "keys with values"
	case node.Kind == yaml.SequenceNode:
		return "a list"
	case node.Kind == yaml.AliasNode:
		return "an alias"
	}
	switch strings.TrimPrefix(node.Tag, "!!") {
	case "int", "float":
		return "a number"
	case "bool":
		return "true or false"
	}
	return "a text"
}
