// Command bench measures what the exporter and the receiver were promised to reach, and says
// whether it does.
//
// `make bench` runs all of it in its quick form and writes the tables into
// docs/performance.md; `make bench-long` takes an hour for what is promised of
// an hour. Each benchmark is a folder beside this file, and a row of
// [benchmarks]; test/bench/detection stands apart, because it needs the engines.
//
// What a reader would not guess: nothing is timed from within the exporter. It
// is the real program in a process of its own, with the real server of test
// answers in another.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/internal/engines"
	"github.com/tocsin-monitoring/tocsin/test/bench/cost"
	"github.com/tocsin-monitoring/tocsin/test/bench/http2"
	"github.com/tocsin-monitoring/tocsin/test/bench/icmp"
	"github.com/tocsin-monitoring/tocsin/test/bench/isolation"
	"github.com/tocsin-monitoring/tocsin/test/bench/lab"
	"github.com/tocsin-monitoring/tocsin/test/bench/memory"
	"github.com/tocsin-monitoring/tocsin/test/bench/receiver"
	"github.com/tocsin-monitoring/tocsin/test/bench/schedule"
	"github.com/tocsin-monitoring/tocsin/test/bench/scrape"
)

// benchmarks lists all.
func benchmarks() []lab.Bench {
	return []lab.Bench{cost.Bench(), memory.Bench(), scrape.Bench(), schedule.Bench(), isolation.Bench(), icmp.Bench(), http2.Bench(), receiver.Bench()}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := 0
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		code = 1
	}
	stop()
	os.Exit(code)
}

// settings is what the flags say.
type settings struct {
	only     string
	length   time.Duration
	share    float64
	realTime bool
	document string
}

func parse(args []string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&s.only, "only", "", "names of benchmarks, separated by commas; empty for all")
	flags.DurationVar(&s.length, "for", time.Minute, "how long each case is measured")
	flags.Float64Var(&s.share, "share", 1, "share of the targets, for a trial")
	flags.BoolVar(&s.realTime, "realtime", false, "let the programs run before all other work, on a machine that has other work (Linux, as root)")
	flags.StringVar(&s.document, "document", "docs/performance.md", "where the results are written; empty for nowhere")
	return s, flags.Parse(args)
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	s, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	chosen, err := choose(s.only)
	if err != nil {
		return err
	}
	root, err := engines.Root(".")
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	l, err := lab.Open(ctx, lab.Options{Root: root, Dir: dir, Length: s.length, Share: s.share, RealTime: s.realTime, Log: stdout})
	if err != nil {
		return err
	}
	defer l.Close()
	for _, b := range chosen {
		if err := one(ctx, l, b, s, stdout); err != nil {
			return fmt.Errorf("%s: %w", b.Name, err)
		}
	}
	return nil
}

// one runs a benchmark, prints its table and puts it into the document.
func one(ctx context.Context, l *lab.Lab, b lab.Bench, s settings, stdout io.Writer) error {
	began := time.Now()
	rows, err := b.Measure(ctx, l)
	if err != nil {
		return err
	}
	before := ""
	if s.realTime {
		before = " The programs ran before all other work (`-realtime`)."
	}
	text := fmt.Sprintf("%s, %s each. %s%s\n\n%s", began.Format("2 January 2006"), s.length, machine(), before, lab.Table(rows))
	fmt.Fprintf(stdout, "\n%s\n\n%s\n", b.Title, text)
	if s.document == "" {
		return nil
	}
	begins := "<!-- bench " + b.Name + " writes from here -->\n"
	return lab.WriteSection(filepath.Join(l.Root, s.document), begins, "<!-- to here -->\n", text)
}

// machine is what the figures were measured on, and what it did besides.
func machine() string {
	model := "an unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, found := strings.Cut(string(text), "model name\t: "); found {
			model, _, _ = strings.Cut(rest, "\n")
		}
	}
	load := ""
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		load = ", load " + strings.Fields(string(text))[0]
	}
	return fmt.Sprintf("%d processors (%s)%s, %s.", runtime.NumCPU(), strings.TrimSpace(model), load, runtime.Version())
}

// choose is the benchmarks of these names, or all.
func choose(names string) ([]lab.Bench, error) {
	all := benchmarks()
	if names == "" {
		return all, nil
	}
	var chosen []lab.Bench
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(all, func(b lab.Bench) bool { return b.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("-only: no benchmark %q", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}
