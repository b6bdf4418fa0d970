package catalog

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds a file; a catalogue of a thousand services has about a
// megabyte.
const maxFile = 8 << 20

// root is the one document of a file, or nil after a problem has been noted:
// each way of not being one YAML document is one clear mistake.
func (p *problems) root(file *source) *yaml.Node {
	if line, column, problem := unreadable(file.text); problem != "" {
		p.addAt(Position{file.name, line, column}, "", "%s", problem)
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(file.text))
	var document, second yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		p.addAt(Position{file.name, 1, 1}, "", "the file is empty (want sections such as teams and services; docs/catalogue.md has them all)")
		return nil
	} else if err != nil {
		p.malformed(file, err)
		return nil
	}
	if err := decoder.Decode(&second); err == nil {
		p.addAt(Position{file.name, second.Line, max(1, second.Column)}, "", "a second document begins before this (want one per file; a catalogue of several files is a folder)")
		return nil
	} else if !errors.Is(err, io.EOF) {
		p.malformed(file, err)
		return nil
	}
	return document.Content[0]
}

// unreadable finds what is not text as the catalogue wants it.
func unreadable(text []byte) (line, column int, problem string) {
	switch {
	case len(text) > maxFile:
		return 1, 1, "the file is too long (got " + strconv.Itoa(len(text)) + " bytes, want at most " + strconv.Itoa(maxFile) + "; split it and give the folder)"
	case bytes.HasPrefix(text, []byte("\xEF\xBB\xBF")):
		return 1, 1, "the file begins with a byte order mark (save it as UTF-8 without one)"
	case bytes.HasPrefix(text, []byte("\xFF\xFE")), bytes.HasPrefix(text, []byte("\xFE\xFF")):
		return 1, 1, "the file is UTF-16 (save it as UTF-8)"
	case utf8.Valid(text):
		return 0, 0, ""
	}
	good := len(text)
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			good = i
			break
		}
		i += size
	}
	before := text[:good]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1, "not UTF-8 from here on (save the file as UTF-8)"
}

// malformed notes a syntax error. The YAML library tells a line only, so the
// caret is under the first character of that line, or under the tab that is
// the usual culprit.
func (p *problems) malformed(file *source, err error) {
	at := Position{file.name, 1, 1}
	problem := strings.TrimPrefix(err.Error(), "yaml: ")
	if match := regexp.MustCompile(`^line (\d+): (.*)`).FindStringSubmatch(problem); match != nil {
		at.Line, _ = strconv.Atoi(match[1])
		problem = match[2]
	}
	lines := strings.Split(string(file.text), "\n")
	at.Line = min(max(at.Line, 1), len(lines))
	for _, line := range []int{at.Line, at.Line + 1} {
		if line <= len(lines) && tabbed(lines[line-1]) {
			p.addAt(Position{file.name, line, strings.IndexByte(lines[line-1], '\t') + 1}, "", "a tab in the indentation (YAML wants spaces)")
			return
		}
	}
	text := []rune(lines[at.Line-1])
	at.Column = len(text) - len([]rune(strings.TrimLeft(string(text), " "))) + 1
	p.addAt(at, "", "not YAML near this line: %s", problem)
}

// tabbed says whether a line is indented with a tab.
func tabbed(line string) bool {
	return strings.Contains(line[:len(line)-len(strings.TrimLeft(line, " \t"))], "\t")
}
