package catalog

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// maxErrors bounds how many mistakes are collected.
const maxErrors = 1000

// Error is one mistake in a catalogue: where it is, at which path, what is
// wrong and how to mend it, and the line with a caret under the place.
type Error struct {
	Position Position
	Path     string // empty for a mistake of a whole file
	Problem  string
	Quote    string // two lines, or nothing; secrets are left out

	cause error
}

// Error is file:line:column: path: problem, and the quote on lines of its own.
func (e *Error) Error() string {
	var parts []string
	for _, part := range []string{e.Position.String(), readable(e.Path), e.Problem} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	text := strings.Join(parts, ": ")
	if e.Quote != "" {
		text += "\n" + e.Quote
	}
	return text
}

// readable is a path on one line and of a bearable length: people choose the
// names in it.
func readable(path string) string {
	const longest = 200
	runes := []rune(path)
	if len(runes) > longest {
		runes = append(runes[:longest], '…')
	}
	return printable(runes)
}

// Unwrap is what [Catalog.Errorf] was given.
func (e *Error) Unwrap() error { return errors.Unwrap(e.cause) }

// Errors are all mistakes of a catalogue, in the order of the files.
type Errors []*Error

// Error is every mistake, one after the other.
func (e Errors) Error() string {
	var b strings.Builder
	for i, mistake := range e {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(mistake.Error())
	}
	if len(e) >= maxErrors {
		fmt.Fprintf(&b, "\nOnly the first %d mistakes are shown.", maxErrors)
	}
	return b.String()
}

// problems collects mistakes.
type problems struct {
	positions *positions
	meant     map[string]bool // paths that were given under a misspelled key, or with a value that is no such thing
	sources   sources
	keys      map[reflect.Type]map[string]field
	list      Errors
}

func newProblems(at *positions, files sources) *problems {
	return &problems{positions: at, sources: files, meant: make(map[string]bool), keys: make(map[reflect.Type]map[string]field)}
}

// add notes a mistake at a path.
func (p *problems) add(path, format string, args ...any) {
	p.addAt(p.positions.nearest(path), path, format, args...)
}

// addAt notes a mistake at a position.
func (p *problems) addAt(at Position, path, format string, args ...any) {
	if len(p.list) < maxErrors {
		p.list = append(p.list, &Error{Position: at, Path: path, Problem: fmt.Sprintf(format, args...)})
	}
}

// err is every mistake in the order of the files, or nil. The lines are quoted
// only now, when it is known which of them show a secret.
func (p *problems) err() error {
	if len(p.list) == 0 {
		return nil
	}
	order := func(e *Error) int { return p.sources.index(e.Position.File) }
	slices.SortStableFunc(p.list, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(order(a), order(b)), cmp.Compare(a.Position.Line, b.Position.Line),
			cmp.Compare(a.Position.Column, b.Position.Column), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Problem, b.Problem))
	})
	p.list = slices.CompactFunc(p.list, func(a, b *Error) bool {
		return a.Position == b.Position && a.Path == b.Path && a.Problem == b.Problem
	})
	for _, e := range p.list {
		e.Quote = p.sources.quote(e.Position)
	}
	return p.list
}
