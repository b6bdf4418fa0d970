package discovery

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// places says where the targets of a file stand, by the names by which
// rejections call them; groups stand by theirs. What cannot be read has none.
func places(path string) map[string]catalog.Position {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	p := placing{path: path, found: make(map[string]catalog.Position)}
	if filepath.Ext(path) == ".json" {
		p.json(text)
	} else {
		p.yaml(text)
	}
	return p.found
}

type placing struct {
	path  string
	found map[string]catalog.Position
}

// at notes a place, unless there is an earlier one.
func (p *placing) at(name string, line, column int) {
	for _, name := range []string{name, short(name)} {
		if _, known := p.found[name]; !known {
			p.found[name] = catalog.Position{File: p.path, Line: line, Column: column}
		}
	}
}

// groupName is how a group is called that has no better name.
func groupName(index int, origin string) string {
	return fmt.Sprintf("group %d of %s", index+1, origin)
}

func (p *placing) yaml(text []byte) {
	var document yaml.Node
	if yaml.Unmarshal(text, &document) != nil || len(document.Content) != 1 {
		return
	}
	for i, group := range document.Content[0].Content {
		p.at(groupName(i, p.path), group.Line, group.Column)
		for k := 0; k+1 < len(group.Content); k += 2 {
			if group.Content[k].Value != "targets" {
				continue
			}
			for _, target := range group.Content[k+1].Content {
				p.at(target.Value, target.Line, target.Column)
			}
		}
	}
}

// lineAndColumn is the place of a byte; columns count characters.
func lineAndColumn(text []byte, offset int) (line, column int) {
	before := text[:min(max(offset, 0), len(text))]
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
}

// json walks the list with a decoder that tells how far it has come.
func (p *placing) json(text []byte) {
	var lines []int // where each begins
	for i := range text {
		if i == 0 || text[i-1] == '\n' {
			lines = append(lines, i)
		}
	}
	place := func(name string, offset int) {
		line := sort.Search(len(lines), func(i int) bool { return lines[i] > offset })
		p.at(name, line, utf8.RuneCount(text[lines[line-1]:offset])+1)
	}
	each(text, '[', func(i int, _ string, at int, group json.RawMessage) {
		place(groupName(i, p.path), at)
		each(group, '{', func(_ int, key string, begins int, value json.RawMessage) {
			if !strings.EqualFold(key, "targets") {
				return
			}
			each(value, '[', func(_ int, _ string, offset int, element json.RawMessage) {
				var target string
				if json.Unmarshal(element, &target) == nil {
					place(target, at+begins+offset)
				}
			})
		})
	})
}

// each calls f with the values of a JSON list or object, each with where it
// begins; it ends early where the text is not that.
func each(text []byte, opening json.Delim, f func(index int, key string, begins int, value json.RawMessage)) {
	d := json.NewDecoder(bytes.NewReader(text))
	if token, err := d.Token(); err != nil || token != opening {
		return
	}
	for i := 0; d.More(); i++ {
		key := ""
		if opening == '{' {
			token, err := d.Token()
			if err != nil {
				return
			}
			key, _ = token.(string)
		}
		begins := int(d.InputOffset())
		begins += len(text[begins:]) - len(bytes.TrimLeft(text[begins:], " \t\r\n,:"))
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return
		}
		f(i, key, begins, value)
	}
}
