package catalog

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// source is one file of a catalogue.
type source struct {
	name   string // as the user wrote it, for messages
	folder string // absolute; relative paths in the file start here
	text   []byte
	lines  []string
	hidden map[int]int // by line, the first column of something that nobody may print
}

func newSource(name string, text []byte) (*source, error) {
	folder, err := filepath.Abs(filepath.Dir(name))
	if err != nil {
		return nil, fmt.Errorf("finding the folder of %q: %w", name, err)
	}
	return sourceIn(name, folder, text), nil
}

func sourceIn(name, folder string, text []byte) *source {
	return &source{name: name, folder: folder, text: text, lines: linesOf(string(text)), hidden: map[int]int{}}
}

// linesOf splits a text where YAML does.
func linesOf(text string) []string {
	return strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(text), "\n")
}

// hide keeps a place, and what follows on its line, out of every quote.
func (s *source) hide(line, column int) {
	if from, already := s.hidden[line]; !already || column < from {
		s.hidden[line] = column
	}
}

// resolve makes a path absolute.
func (s *source) resolve(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(s.folder, path)
}

// sources are the files of a catalogue in the order of their names.
type sources []*source

func (s sources) index(name string) int {
	return slices.IndexFunc(s, func(file *source) bool { return file.name == name })
}

// quote is the line of a position and a caret under it, or nothing.
func (s sources) quote(at Position) string {
	i := s.index(at.File)
	if i < 0 || at.Line < 1 || bytes.IndexByte(s[i].text, 0) >= 0 { // UTF-16 is no text to quote
		return ""
	}
	return s[i].quote(at.Line, at.Column)
}

func (s *source) quote(line, column int) string {
	if line > len(s.lines) {
		return ""
	}
	text := []rune(strings.ToValidUTF8(s.lines[line-1], "\uFFFD"))
	if from := s.visible(line, text); from <= len(text) {
		text = append(slices.Clip(text[:from-1]), '…')
		column = min(column, from)
	}
	column = min(max(column, 1), len(text)+1)
	text, column = clip(text, column)
	number := fmt.Sprintf("%5d", line)
	return fmt.Sprintf("%s | %s\n%s | %s^", number, printable(text), strings.Repeat(" ", len(number)), padding(text[:column-1]))
}

// visible is the first column of a line that is not to be shown, or one after
// its end: a hidden value, or credentials in an address.
func (s *source) visible(line int, text []rune) int {
	end := len(text) + 1
	if from, hidden := s.hidden[line]; hidden {
		end = min(end, from)
	}
	credentials := regexp.MustCompile(`://[^/@\s]*:[^@\s]*@`).FindStringIndex(string(text))
	if credentials != nil {
		end = min(end, utf8.RuneCountInString(string(text)[:credentials[0]])+1)
	}
	return end
}

// clip leaves of a long line what is around the column.
func clip(line []rune, column int) ([]rune, int) {
	const longest, before, after = 160, 100, 60
	if len(line) <= longest {
		return line, column
	}
	if end := column + after; len(line) > end {
		line = append(slices.Clip(line[:end]), '…')
	}
	if start := column - before; start > 0 {
		line = append([]rune{'…'}, line[start:]...)
		column -= start - 1
	}
	return line, column
}

// printable replaces what would move the cursor or turn the text around.
func printable(line []rune) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || unicode.IsPrint(r) || unicode.Is(unicode.Mn, r) {
			return r
		}
		return '\uFFFD'
	}, string(line))
}

// padding is as wide on a screen as the text: tabs stay, wide characters take
// two columns, combining ones none.
func padding(text []rune) string {
	var b strings.Builder
	for _, r := range text {
		kind := width.LookupRune(r).Kind()
		switch {
		case r == '\t':
			b.WriteByte('\t')
		case unicode.Is(unicode.Mn, r):
		case kind == width.EastAsianWide || kind == width.EastAsianFullwidth:
			b.WriteString("  ")
		default:
			b.WriteByte(' ')
		}
	}
	return b.String()
}
