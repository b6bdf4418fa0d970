package catalog

import (
	"regexp"
	"time"
)

// Duration is a length of time as Prometheus writes it: 15s, 3m, 1h30m, 21d,
// 1w. Zero means not given.
type Duration time.Duration

// Std is the duration as Go's standard library takes it.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// Ratio is a share between 0 and 1, written 80% or 0.8. Zero means not given.
type Ratio float64

// Bytes is an amount of memory, written 512MiB or 1GB.
type Bytes int64

// Regexp is an RE2 expression that compiled.
type Regexp struct{ *regexp.Regexp }

// StatusSet is a set of HTTP status codes, written 2xx, 200, 200-204, a list
// of these, or with a leading ! for what is excluded. Empty means not given.
type StatusSet struct {
	text string
	has  [600]bool
}

// Secret is the place of a file whose content nobody prints: {file: PATH}, or
// a key that ends in _file. Path is absolute after loading.
type Secret struct {
	Path string `yaml:"file"`
	at   Position
}

// Text is a value that may be written in place or kept in a file: "probe" or
// {file: PATH}.
type Text struct {
	Literal string
	File    *Secret
}

// Position is a place in a catalogue's file; Line and Column count from 1.
type Position struct {
	File         string
	Line, Column int
}

type positions map[string]Position
