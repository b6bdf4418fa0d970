// Command build is `go build` that shows how far it is. `make build` runs it
// with `go run`: it needs nothing but the standard library, so it is there
// within seconds on a machine where nothing has been compiled yet.
//
//	build -title TEXT -output FOLDER [-stamp VARIABLE=VALUE]… PACKAGE…
//
// Of several stamps of one variable the last one counts.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/tocsin-monitoring/tocsin/internal/gobuild"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stderr)
	stop()
	os.Exit(code)
}

// run returns the exit status: 0 built, 1 not built, 2 wrong usage.
func run(ctx context.Context, args []string, stderr io.Writer) int {
	o := gobuild.Options{Module: ".", Stamps: make(map[string]string)}
	flags := flag.NewFlagSet("build", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.Title, "title", "the programs", "what is built, in words")
	flags.StringVar(&o.Output, "output", "bin", "folder for the programs")
	flags.Func("stamp", "VARIABLE=VALUE to set while linking; may be repeated", func(text string) error {
		variable, value, found := strings.Cut(text, "=")
		if !found {
			return fmt.Errorf("want VARIABLE=VALUE, got %q", text)
		}
		o.Stamps[variable] = value
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return 2
	}
	o.Packages = flags.Args()
	o.Progress = gobuild.NewProgress(stderr, isTerminal(stderr))
	if err := gobuild.Run(ctx, o); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
