package up

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
)

// screen shares the terminal between the parts and ourselves, whole lines each.
type screen struct {
	mutex  sync.Mutex
	w      io.Writer
	colour bool
	quiet  bool // the end was asked for: parts are not heard any more
}

// say prints a line of ours.
func (s *screen) say(format string, args ...any) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	fmt.Fprintf(s.w, format+"\n", args...)
}

func (s *screen) hush() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.quiet = true
}

// Colours of the prefixes, readable on dark and light.
const (
	colourBold  = "1"
	colourGreen = "32"
	colourQuiet = "2"
)

func partColours() []string { return []string{"36", "35", "33", "34", "32", "31"} }

// paint wraps the text where colours are wanted.
func (s *screen) paint(colour, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

const prefixWidth = len("alertmanager")

// prefixed is where the nth part writes.
func (s *screen) prefixed(name string, n int) io.Writer {
	colours := partColours()
	label := name + strings.Repeat(" ", max(0, prefixWidth-len(name))) + " |"
	return &prefixed{screen: s, prefix: s.paint(colours[n%len(colours)], label) + " "}
}

// prefixed puts a part's name before each of its lines. Only one goroutine
// writes to it.
type prefixed struct {
	screen *screen
	prefix string
	rest   []byte
}

const maxLine = 16 << 10

func (p *prefixed) Write(text []byte) (int, error) {
	p.rest = append(p.rest, text...)
	for {
		line, rest, found := bytes.Cut(p.rest, []byte("\n"))
		if !found && len(p.rest) < maxLine {
			return len(text), nil
		}
		p.show(line)
		p.rest = append([]byte(nil), rest...)
	}
}

func (p *prefixed) show(line []byte) {
	p.screen.mutex.Lock()
	defer p.screen.mutex.Unlock()
	if !p.screen.quiet {
		fmt.Fprintf(p.screen.w, "%s%s\n", p.prefix, bytes.TrimRight(line, "\r"))
	}
}
