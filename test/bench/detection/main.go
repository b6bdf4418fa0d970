// Command detection measures how long people wait: from the instant of a fault
// to the message handed to SMTP, and what each hop on the way takes.
//
// `make bench-detection` runs it. It starts the real estate several times side
// by side with the committed intervals, breaks many small services at random
// instants, reads each hop's time from the part that knows it, prints the
// distribution and writes it into docs/performance.md.
//
// Prometheus spreads its scrapes and evaluations by a hash that depends on the
// host and the folder, so one installation always waits the same time between
// the two. Several estates stand for several installations.
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

	"golang.org/x/sync/errgroup"

	"github.com/tocsin-monitoring/tocsin/internal/engines"
	"github.com/tocsin-monitoring/tocsin/internal/gobuild"
	"github.com/tocsin-monitoring/tocsin/test/bench/lab"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := 0
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "detection:", err)
		code = 1
	}
	stop()
	os.Exit(code)
}

// settings is what the flags say.
type settings struct {
	runs, estates int
	window        time.Duration // faults begin at random instants within it
	document      string        // rewritten; empty for none
	bin           string        // of programs already built; empty builds them
	keep          bool
}

func parse(args []string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("detection", flag.ContinueOnError)
	flags.IntVar(&s.runs, "runs", 20, "faults of each kind")
	flags.IntVar(&s.estates, "estates", 5, "estates side by side")
	flags.DurationVar(&s.window, "window", 90*time.Second, "faults begin at random instants within it")
	flags.StringVar(&s.document, "document", "docs/performance.md", "where the result is written; empty for nowhere")
	flags.StringVar(&s.bin, "bin", "", "folder of tocsin_exporter and tocsin_receiver; empty builds them from the tree")
	flags.BoolVar(&s.keep, "keep", false, "keep the estates' folders with their logs")
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
	root, err := engines.Root(".")
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "detection-")
	if err != nil {
		return err
	}
	if s.keep {
		fmt.Fprintln(stdout, "keeping", dir)
	} else {
		defer os.RemoveAll(dir)
	}
	bin, err := programs(ctx, s, root, filepath.Join(dir, "bin"), stdout)
	if err != nil {
		return err
	}
	measured, err := measureAll(ctx, s, places{root: root, dir: dir, bin: bin}, stdout)
	if err != nil {
		return err
	}
	text := report(measured, s, time.Now(), runtime.NumCPU())
	fmt.Fprintln(stdout, text)
	if s.document == "" {
		return nil
	}
	return lab.WriteSection(filepath.Join(root, s.document), sectionBegins, sectionEnds, text)
}

// programs is the folder of the exporter and the receiver to measure.
func programs(ctx context.Context, s settings, root, output string, stdout io.Writer) (string, error) {
	if s.bin != "" {
		return s.bin, nil
	}
	return output, gobuild.Run(ctx, gobuild.Options{
		Title: "the exporter and the receiver", Module: root, Output: output,
		Packages: []string{"./cmd/tocsin_exporter", "./cmd/tocsin_receiver"}, Progress: gobuild.NewProgress(stdout, false),
	})
}

type places struct{ root, dir, bin string }

// measureAll shares the faults out to the estates and joins their figures.
func measureAll(ctx context.Context, s settings, p places, stdout io.Writer) ([]measurement, error) {
	group, ctx := errgroup.WithContext(ctx)
	results := make([][]measurement, s.estates)
	for n := range s.estates {
		group.Go(func() error {
			var targets []*target
			for _, kind := range kinds() {
				for run := n; run < s.runs; run += s.estates {
					t, err := newTarget(kind, fmt.Sprintf("%s-%02d", strings.ReplaceAll(string(kind), " ", "-"), run))
					if err != nil {
						return err
					}
					defer t.close()
					targets = append(targets, t)
				}
			}
			var err error
			results[n], err = measure(ctx, s, p, filepath.Join(p.dir, fmt.Sprintf("estate-%d", n)), targets, stdout)
			return err
		})
	}
	err := group.Wait()
	return slices.Concat(results...), err
}
