// Package gobuild runs go build and shows how far it is.
//
// It stands beside the flows: internal/engines builds Prometheus and
// Alertmanager with it, and internal/up builds Tocsin's own programs. What it
// hands on are files; what it shows goes to the writer of its caller.
//
// Nothing here changes how packages compile (no -trimpath, no CGO_ENABLED=0):
// the engines, our own programs and the tests share one build cache, which on
// two cores saves minutes. Images are built apart, by the Dockerfile.
//
// The number of packages that are still to be compiled is not known before the
// end, since the build cache may hold any of them: the share that is shown is
// of all packages, and a warm cache finishes early.
package gobuild

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Options says what is built where to.
type Options struct {
	Title    string            // what the user waits for, such as "prometheus and promtool 3.9.1"
	Module   string            // folder of the module whose go.mod rules
	Packages []string          // import paths of commands
	Output   string            // folder for the programs; made when it is missing
	Stamps   map[string]string // variables to set while linking, import path and name to value
	Progress *Progress         // nil shows nothing
}

// Run builds all packages into o.Output. The error of a failing build holds
// the last lines that go printed. Ending ctx ends the build.
func Run(ctx context.Context, o Options) error {
	if _, err := exec.LookPath("go"); err != nil {
		return fmt.Errorf("building %s: no go command on PATH (install Go from https://go.dev/dl/)", o.Title)
	}
	if err := os.MkdirAll(o.Output, 0o755); err != nil {
		return fmt.Errorf("building %s: %w", o.Title, err)
	}
	o.Progress.start(o.Title)
	total, err := countPackages(ctx, o)
	if err == nil {
		o.Progress.total(total)
		err = run(ctx, o, io.Discard, buildArguments(o)...)
	}
	o.Progress.end(err)
	return err
}

func buildArguments(o Options) []string {
	flags := []string{"-s", "-w"}
	for _, variable := range slices.Sorted(maps.Keys(o.Stamps)) { // another order would link anew
		flags = append(flags, "-X", variable+"="+o.Stamps[variable])
	}
	output, err := filepath.Abs(o.Output) // go runs in the module
	if err != nil {
		output = o.Output
	}
	args := []string{"build", "-v", "-ldflags", strings.Join(flags, " "), "-o", output + string(os.PathSeparator)}
	return append(args, o.Packages...)
}

// countPackages also downloads the modules, which a first build waits for.
func countPackages(ctx context.Context, o Options) (int, error) {
	var out bytes.Buffer
	if err := run(ctx, o, &out, append([]string{"list", "-deps"}, o.Packages...)...); err != nil {
		return 0, err
	}
	return bytes.Count(out.Bytes(), []byte("\n")), nil
}

// run runs go in the module and feeds each line of its standard error to the
// progress.
func run(ctx context.Context, o Options, stdout io.Writer, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = o.Module
	cmd.Stdout = stdout
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return fmt.Errorf("building %s: %w", o.Title, err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("building %s: %w", o.Title, err)
	}
	last := watch(stderr, o.Progress)
	if err := cmd.Wait(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("building %s: go %s in %s: %w\n%s", o.Title, args[0], o.Module, err, strings.Join(last, "\n"))
	}
	return nil
}

// keptLines is how much of a failing build's output is shown.
const keptLines = 20

// watch reads until the end and returns the last lines that are not progress.
func watch(stderr io.Reader, progress *Progress) []string {
	var last []string
	lines := bufio.NewScanner(stderr)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		module, downloading := strings.CutPrefix(line, "go: downloading ")
		switch {
		case downloading:
			progress.downloaded(module)
		case isImportPath(line):
			progress.compiled(line)
		default:
			last = append(last, line)
			last = last[max(0, len(last)-keptLines):]
		}
	}
	if err := lines.Err(); err != nil && !errors.Is(err, os.ErrClosed) {
		last = append(last, err.Error())
	}
	return last
}

// isImportPath tells what -v prints from a compiler's message.
func isImportPath(line string) bool {
	return line != "" && !strings.ContainsAny(line, " :#\t") && !strings.HasPrefix(line, ".")
}
