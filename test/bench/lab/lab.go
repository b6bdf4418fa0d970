// Package lab is what the benchmarks of the exporter share: the programs built
// and started, their processor time and memory read, catalogues written, and
// the figures put into a table.
//
// test/bench calls each benchmark with a [Lab]; the benchmark starts exporters
// in it and returns rows.
//
// What a reader would not guess: the kernel counts, not the program. Processor
// time and memory are read from the proc file system (Linux only) for the real
// exporter in a process of its own, so nothing that measures is in a figure.
package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/tocsin-monitoring/tocsin/internal/gobuild"
)

// Bench is one benchmark.
type Bench struct {
	Name    string // its folder, and what -only calls it
	Title   string
	Measure func(ctx context.Context, l *Lab) ([]Row, error)
}

// Row is one line of the table.
type Row struct {
	Case, Wanted, Measured string
	Reached                bool
	Untold                 bool // nothing was wanted of it
}

// Options say how long and how much.
type Options struct {
	Root   string // of the module
	Dir    string // for everything that is written
	Length time.Duration
	// Share of the targets that a benchmark names: 1 but in tests.
	Share float64
	// RealTime runs the programs before all other work of the machine (chrt(1)),
	// where somebody else uses it too.
	RealTime bool
	Log      io.Writer
}

// Lab holds what is running. Close ends it.
type Lab struct {
	Options
	Target    Target
	programs  string
	processes []*Process
}

// Target is where the server listens that is asked, and whom to trust.
type Target struct {
	HTTP, HTTPS, Authority string
	Hang                   []string
}

// Open builds the programs and starts the target.
func Open(ctx context.Context, o Options) (*Lab, error) {
	l := &Lab{Options: o, programs: filepath.Join(o.Dir, "bin")}
	err := gobuild.Run(ctx, gobuild.Options{
		Title: "the exporter and what it is compared with", Module: o.Root, Output: l.programs,
		Packages: []string{"./cmd/tocsin_exporter", "./cmd/tocsin_receiver", "./test/bench/target", "./test/bench/bare"}, Progress: gobuild.NewProgress(o.Log, false),
	})
	if err != nil {
		return nil, err
	}
	l.Target.Authority = filepath.Join(o.Dir, "authority.pem")
	p, err := l.Start(ctx, "target", "-ca", l.Target.Authority)
	if err != nil {
		return nil, err
	}
	return l, json.NewDecoder(p.Output).Decode(&l.Target)
}

// Close ends every process and waits for it.
func (l *Lab) Close() {
	for _, p := range l.processes {
		p.End()
	}
}

// Number is a share of n, at least 20.
func (l *Lab) Number(n int) int { return max(20, int(float64(n)*l.Share)) }

// Settle waits until the first round is over, and not so long in a trial.
func (l *Lab) Settle(ctx context.Context, round time.Duration) error {
	return l.Wait(ctx, min(round, 3*l.Length))
}

// Logf says what is going on.
func (l *Lab) Logf(format string, args ...any) {
	fmt.Fprintf(l.Log, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// Start starts one of the lab's programs.
func (l *Lab) Start(ctx context.Context, program string, args ...string) (*Process, error) {
	return l.run(ctx, program, filepath.Join(l.Dir, program+".log"), args...)
}

// Program is the path of one of the lab's programs.
func (l *Lab) Program(name string) string { return filepath.Join(l.programs, name) }

// First is the command that a program is started with, if any.
func (l *Lab) First() []string {
	if l.RealTime {
		return []string{"chrt", "--rr", "1"}
	}
	return nil
}

func (l *Lab) run(ctx context.Context, program, log string, args ...string) (*Process, error) {
	command := append(append(l.First(), l.Program(program)), args...)
	p, err := start(ctx, log, command)
	if err == nil {
		l.processes = append(l.processes, p)
	}
	return p, err
}

// Wait lets time go by, unless ctx ends first.
func (l *Lab) Wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
