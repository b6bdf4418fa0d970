package gobuild

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Between two lines of progress: a terminal's line is drawn over, a file's is
// added.
const (
	terminalEvery = 200 * time.Millisecond
	fileEvery     = 10 * time.Second
)

// What is longer than a terminal is wide is cut off by it: a line that went on in
// a second one could not be drawn over.
const (
	cutOff = "\x1b[?7l"
	wrap   = "\x1b[?7h"
)

// Progress shows one build after the other: a single moving line on a
// terminal, a line every ten seconds elsewhere. Use [NewProgress]; nil shows
// nothing.
type Progress struct {
	w        io.Writer
	terminal bool
	now      func() time.Time

	mutex     sync.Mutex
	title     string
	doing     string
	began     time.Time
	shown     time.Time
	done, all int
	modules   int
	stop      chan struct{}
	stopped   sync.WaitGroup
}

// NewProgress shows on w; terminal says that w is one.
func NewProgress(w io.Writer, terminal bool) *Progress {
	return &Progress{w: w, terminal: terminal, now: time.Now}
}

func (p *Progress) start(title string) {
	if p == nil {
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.title, p.began, p.doing = title, p.now(), "looking at what is there"
	p.done, p.all, p.modules, p.shown = 0, 0, 0, time.Time{}
	p.stop = make(chan struct{})
	p.show()
	p.stopped.Go(p.tick)
}

// tick shows that time passes while one package compiles or links for long.
func (p *Progress) tick() {
	ticker := time.NewTicker(terminalEvery)
	defer ticker.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-ticker.C:
			p.update(func() {})
		}
	}
}

func (p *Progress) total(packages int) {
	p.update(func() { p.all, p.doing = packages, "compiling" })
}

func (p *Progress) downloaded(module string) {
	p.update(func() { p.modules++; p.doing = "downloading " + module })
}

func (p *Progress) compiled(path string) {
	p.update(func() { p.done++; p.doing = "compiling " + shortPath(path) })
}

// shortPath is the end of a package's path, which tells it from the others.
func shortPath(path string) string {
	parts := strings.Split(path, "/")
	return strings.Join(parts[max(0, len(parts)-2):], "/")
}

func (p *Progress) update(change func()) {
	if p == nil {
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	change()
	every := fileEvery
	if p.terminal {
		every = terminalEvery
	}
	if p.now().Sub(p.shown) >= every {
		p.show()
	}
}

// show draws the state; the mutex is held.
func (p *Progress) show() {
	p.shown = p.now()
	line := fmt.Sprintf("  building %s: %s", p.title, p.state())
	if p.terminal {
		fmt.Fprintf(p.w, "\r\x1b[K"+cutOff+"%s"+wrap, line)
		return
	}
	fmt.Fprintln(p.w, line)
}

func (p *Progress) state() string {
	spent := p.now().Sub(p.began).Round(time.Second)
	switch {
	case p.all > 0:
		return fmt.Sprintf("%s, %d of at most %d packages (%s)", spent, p.done, p.all, p.doing)
	case p.modules > 0:
		return fmt.Sprintf("%s, %d modules fetched (%s)", spent, p.modules, p.doing)
	}
	return fmt.Sprintf("%s (%s)", spent, p.doing)
}

func (p *Progress) end(err error) {
	if p == nil {
		return
	}
	close(p.stop)
	p.stopped.Wait()
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.terminal {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
	result := "built"
	if err != nil {
		result = "stopped building"
	}
	fmt.Fprintf(p.w, "  %s %s in %s\n", result, p.title, p.now().Sub(p.began).Round(100*time.Millisecond))
}
