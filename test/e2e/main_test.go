package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/internal/engines"
	"github.com/tocsin-monitoring/tocsin/internal/engines/enginestest"
	"github.com/tocsin-monitoring/tocsin/internal/gobuild"
	"github.com/tocsin-monitoring/tocsin/test/estate"
)

// inside names the folder of programs to a test that runs again in a process of
// its own.
const inside = "TOCSIN_TEST_PROGRAMS"

// programs is the folder of the exporter, the receiver and the tool as the tree has them
// now, built once for all tests.
var programs string

func TestMain(m *testing.M) {
	flag.Parse()
	// An estate mostly waits: more of them than processors save minutes.
	if err := flag.Set("test.parallel", "4"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if programs = os.Getenv(inside); programs != "" || testing.Short() {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "e2e-")
	if err == nil {
		defer os.RemoveAll(dir)
		programs, err = dir, build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func build(dir string) error {
	root, err := engines.Root(".")
	if err != nil {
		return err
	}
	return gobuild.Run(context.Background(), gobuild.Options{
		Title: "the programs", Module: root, Output: dir,
		Packages: []string{"./cmd/tocsin_exporter", "./cmd/tocsin_receiver", "./cmd/tocsin"},
	})
}

// The intervals of the committed files, and those of these tests.
var shorter = strings.NewReplacer(
	"{interval: 15s, timeout: 5s, confirm: 2}", "{interval: 4s, timeout: 2s, confirm: 2}",
	"interval: 15s\n", "interval: 4s\n", // the journey's own
	"page_after: 60s", "page_after: 10s",
	"scrape_interval: 5s", "scrape_interval: 1s",
	"scrape_timeout: 4s", "scrape_timeout: 1s",
	"evaluation_interval: 5s", "evaluation_interval: 1s",
)

// start runs an estate whose services were all seen well.
func start(t *testing.T) *estate.Estate {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: the whole line takes minutes")
	}
	t.Parallel()
	return startWith(t, estate.Options{Edit: func(*estate.Files) {}})
}

// startWith adds what all estates of these tests have in common.
func startWith(t *testing.T, o estate.Options) *estate.Estate {
	t.Helper()
	root, err := engines.Root(".")
	require.NoError(t, err)
	edit := o.Edit
	o.Root, o.Dir, o.Engines, o.Bin = root, t.TempDir(), filepath.Dir(enginestest.Path(t, "prometheus")), programs
	o.Edit = func(f *estate.Files) {
		f.Catalogue, f.Prometheus = shorter.Replace(f.Catalogue), shorter.Replace(f.Prometheus)
		edit(f)
	}
	o.Log = func(part string, err error) { t.Errorf("the %s ended by itself: %v", part, err) }
	e, err := estate.Start(context.Background(), o) // ends in Cleanup, when t's context is gone
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			explain(t, e)
		}
		require.NoError(t, e.Close())
	})
	eventually(t, "every service is seen well", func() error {
		return count(t, e, 3, `service_probe:tocsin_probe_up:held{service=~"shop|payments"} == 1 unless on (service, probe) service_probe:tocsin_probe_up:held{probe="https"}`)
	})
	return e
}

// limit is how long anything may take on a machine that is busy with other
// tests: what is looked at once a minute and gathered for another takes two by
// itself. It decides about nothing but how long a failing test waits.
const limit = 5 * time.Minute

// eventually asks until there is no error.
func eventually(t *testing.T, what string, ask func() error) {
	t.Helper()
	began := time.Now()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := ask()
		if err == nil {
			t.Logf("%5.1f s: %s", time.Since(began).Seconds(), what)
			return
		}
		if time.Since(began) > limit {
			require.NoError(t, err, "waiting until %s", what)
		}
		<-ticker.C
	}
}

// count asks Prometheus and wants that many series.
func count(t *testing.T, e *estate.Estate, want int, promql string) error {
	t.Helper()
	series, err := e.Query(t.Context(), promql)
	if err != nil {
		return err
	}
	if len(series) != want {
		return fmt.Errorf("%s has %d series, want %d: %v", promql, len(series), want, series)
	}
	return nil
}

// explain shows what was told and the end of each part's output.
func explain(t *testing.T, e *estate.Estate) {
	t.Helper()
	for _, m := range e.Inbox.Messages("") {
		t.Logf("%s to %s: %s\n%s", m.Received.Format("15:04:05.0"), m.To, m.Subject, m.Text)
	}
	for _, part := range e.Parts() {
		text, err := os.ReadFile(e.LogFile(part))
		require.NoError(t, err)
		t.Logf("%s:\n%s", part, text[max(0, len(text)-3000):])
	}
}
