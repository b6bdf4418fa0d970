package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Position is a place in a catalogue's file; Line and Column count from 1, and
// columns count characters. The zero Position is nowhere.
type Position struct {
	File         string
	Line, Column int
}

// String is file:line:column, or nothing for the zero Position.
func (p Position) String() string {
	if p == (Position{}) {
		return ""
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// positions knows the place of every path that the files gave; nil knows none.
// An estate of ten thousand services has sixty thousand of them, for as long as
// the program lives.
type positions struct {
	files []string
	spots map[string]spot
}

// spot is a Position in little room.
type spot struct {
	file, line, column uint32 // the file by its number
}

func newPositions() *positions { return &positions{spots: make(map[string]spot)} }

// put notes where path stands.
func (p *positions) put(path string, at Position) {
	file := slices.Index(p.files, at.File)
	if file < 0 {
		file = len(p.files)
		p.files = append(p.files, at.File)
	}
	p.spots[path] = spot{uint32(file), uint32(at.Line), uint32(at.Column)}
}

// get is the place of path itself, if it is known.
func (p *positions) get(path string) (at Position, known bool) {
	if p == nil {
		return Position{}, false
	}
	s, known := p.spots[path]
	if !known {
		return Position{}, false
	}
	return Position{File: p.files[s.file], Line: int(s.line), Column: int(s.column)}, true
}

// nearest is the place of path, or of the closest thing above it.
func (p *positions) nearest(path string) Position {
	for {
		if at, known := p.get(path); known || path == "" {
			return at
		}
		path = above(path)
	}
}

// given says whether the files said something at path.
func (p *positions) given(path string) bool {
	_, known := p.get(path)
	return known
}

// clone is a copy that can be added to.
func (p *positions) clone() *positions {
	return &positions{files: slices.Clone(p.files), spots: maps.Clone(p.spots)}
}

// add takes over what others know.
func (p *positions) add(others *positions) {
	for path := range others.spots {
		at, _ := others.get(path)
		p.put(path, at)
	}
}

// above is the path that holds path.
func above(path string) string {
	return path[:max(0, strings.LastIndexAny(path, ".["))]
}

// below is the path of a key under path.
func below(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// at is the path of an item of a list.
func at(path string, index int) string { return fmt.Sprintf("%s[%d]", path, index) }

// Position is the place in the files of a path such as
// services.shop.probes.login.journey[1].post, or of the closest thing above it
// that the files name (a default stands nowhere).
func (c *Catalog) Position(path string) Position { return c.positions.nearest(path) }

// Errorf is an error at a path of the catalogue, an *[Error] with its place and
// line, for those who find a mistake only when they use a value. A %w among
// the verbs is unwrapped by errors.Is and errors.As.
func (c *Catalog) Errorf(path, format string, args ...any) error {
	cause := fmt.Errorf(format, args...)
	at := c.Position(path)
	return &Error{Position: at, Path: path, Problem: cause.Error(), Quote: c.sources.quote(at), cause: cause}
}
