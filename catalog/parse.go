package catalog

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds a file; a thousand services take about a megabyte.
const maxFile = 2 << 20

// root is the one document of a file, or nil after a problem has been noted:
// each way of not being one YAML document is one clear mistake.
func (p *problems) root(file *source) *yaml.Node {
	if line, column, problem := unreadable(file.text); problem != "" {
		p.addAt(Position{file.name, line, column}, "", "%s", problem)
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(file.text))
	var document, second yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) || err == nil && empty(document.Content[0]) {
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
		return 1, 1, "the file is too long (want at most " + strconv.Itoa(maxFile) + " bytes; split it and give the folder)"
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

// malformed notes a syntax error at the place that is most likely its cause.
func (p *problems) malformed(file *source, err error) {
	lines := file.lines
	line, problem := told(err)
	if column := aliasColumn(lines, problem, &line); column > 0 {
		p.addAt(Position{file.name, line, column}, "", "%s (want &name before the value that *name repeats)", problem)
		return
	}
	if blockProblem(problem) {
		line = firstBad(lines, problem)
	}
	line = min(max(line, 1), len(lines))
	for _, near := range []int{line, line + 1} {
		if near <= len(lines) && tabbed(lines[near-1]) {
			p.addAt(Position{file.name, near, strings.IndexByte(lines[near-1], '\t') + 1}, "", "a tab in the indentation (YAML wants spaces)")
			return
		}
	}
	text := []rune(lines[line-1])
	column := len(text) - len([]rune(strings.TrimLeft(string(text), " "))) + 1
	p.addAt(Position{file.name, line, column}, "", "not YAML from here on: %s%s", problem, advice(problem, lines[line-1]))
}

// advice is what usually mends a syntax error.
func advice(problem, line string) string {
	switch {
	case strings.HasPrefix(problem, "did not find expected ',' or") && strings.Contains(line, "?"):
		return " (inside { } and [ ], a text with ? needs quotes)"
	case strings.HasPrefix(problem, "did not find expected ',' or"):
		return " (close every { and [ that is opened here)"
	case strings.HasPrefix(problem, "mapping values are not allowed"):
		return ` (a text with ": " in it needs quotes; one key a line)`
	case problem == "found unexpected end of stream":
		return " (close the quotes that are opened here)"
	case problem == "found character that cannot start any token":
		return " (a text that begins with %, @ or ` needs quotes)"
	case blockProblem(problem):
		return " (keys of one block are indented alike)"
	}
	return ""
}

// told is the line and the text of an error of the YAML library. It counts
// lines from 0 where it finds a mistake in the order of things, and from 1
// where it finds one in the characters.
func told(err error) (line int, problem string) {
	problem = strings.TrimPrefix(err.Error(), "yaml: ")
	match := regexp.MustCompile(`^line (\d+): (?s:(.*))`).FindStringSubmatch(problem)
	if match == nil {
		return 1, problem
	}
	line, _ = strconv.Atoi(match[1])
	if strings.HasPrefix(match[2], "did not find expected '") {
		line++
	}
	return line, match[2]
}

// blockProblem says that the library tells where the surrounding block begins,
// and not where it breaks.
func blockProblem(problem string) bool {
	return problem == "did not find expected key" || problem == "did not find expected '-' indicator"
}

// firstBad is the first line at which the text so far has the problem.
func firstBad(lines []string, problem string) int {
	return 1 + sort.Search(len(lines)-1, func(i int) bool {
		err := yaml.Unmarshal([]byte(strings.Join(lines[:i+1], "\n")), new(yaml.Node))
		if err == nil {
			return false
		}
		_, same := told(err)
		return same == problem
	})
}

// aliasColumn finds the alias that has no anchor, which the library names
// without a place.
func aliasColumn(lines []string, problem string, line *int) int {
	match := regexp.MustCompile(`^unknown anchor '(.*)' referenced$`).FindStringSubmatch(problem)
	if match == nil {
		return 0
	}
	for i, text := range lines {
		if before, _, found := strings.Cut(text, "*"+match[1]); found {
			*line = i + 1
			return utf8.RuneCountInString(before) + 1
		}
	}
	return 0
}

// tabbed says whether a line is indented with a tab.
func tabbed(line string) bool {
	return strings.Contains(line[:len(line)-len(strings.TrimLeft(line, " \t"))], "\t")
}
