package up

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tocsin-monitoring/tocsin/internal/demo"
	"github.com/tocsin-monitoring/tocsin/internal/engines"
	"github.com/tocsin-monitoring/tocsin/internal/gobuild"
)

// readyWithin is how long the parts of one stage may take.
const readyWithin = time.Minute

func runProcesses(ctx context.Context, o Options, s *screen) error {
	began := time.Now()
	p, err := prepare(ctx, o)
	if err != nil {
		return err
	}
	engineLevel := "warn"
	if o.Verbose {
		engineLevel = "info"
	}
	order := stages(p, "info", engineLevel)
	if err := freePorts(all(order)); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		err := startStages(ctx, group, order, p, s)
		if err == nil {
			notes := map[string]string{"prometheus": "API only, no pages: /api/v1/alerts"}
			s.say("%s", s.summary(all(order), notes))
			s.say("  all ready in %.1f s\n", time.Since(began).Seconds())
			sayWhenSeen(ctx, s, prometheusURL)
		}
		return err
	})
	group.Go(func() error {
		<-ctx.Done()
		s.hush()
		s.say("\nEnding everything …")
		return nil
	})
	err = group.Wait()
	s.say("Everything has ended.")
	return err
}

// startStages starts one stage after the other in the group and returns when
// all parts are ready, or one of them will never be.
func startStages(ctx context.Context, group *errgroup.Group, order [][]part, p places, s *screen) error {
	n := 0
	for _, stage := range order {
		ready := make(chan struct{})
		for _, one := range stage {
			c := child{part: one, dir: p.root, output: s.prefixed(one.name, n)}
			n++
			group.Go(func() error { return c.keep(ctx, ready, s.say) })
		}
		if err := allReady(ctx, stage, readyWithin, s); err != nil {
			return err
		}
		close(ready)
	}
	return nil
}

func allReady(ctx context.Context, stage []part, within time.Duration, s *screen) error {
	bounded, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	client := &http.Client{Timeout: 2 * time.Second}
	waiting, bounded := errgroup.WithContext(bounded)
	began := time.Now()
	for _, one := range stage {
		waiting.Go(func() error {
			if err := waitReady(bounded, client, one); err != nil {
				return err
			}
			s.say("%s", s.paint(colourGreen, fmt.Sprintf("  ready: %-20s%s after %.1f s", one.what, one.link, time.Since(began).Seconds())))
			return nil
		})
	}
	err := waiting.Wait()
	if ctx.Err() != nil {
		return ctx.Err() // somebody else has the reason
	}
	return err
}

// prepare makes what is missing, with progress on screen.
func prepare(ctx context.Context, o Options) (places, error) {
	p := places{root: o.Root, state: stateDir(o.Root), self: o.Self}
	progress := gobuild.NewProgress(o.Output, o.Terminal)
	var err error
	if p.engines, err = engines.Ensure(ctx, o.Root, progress); err != nil {
		return p, err
	}
	if p.bin, err = ensurePrograms(ctx, o, progress); err != nil {
		return p, err
	}
	for _, name := range []string{"prometheus", "alertmanager", "receiver", "exporter"} {
		if err := os.MkdirAll(filepath.Join(p.state, name), 0o755); err != nil {
			return p, fmt.Errorf("making the state folder: %w", err)
		}
	}
	return p, demo.Prepare(p.state)
}

// ensurePrograms returns the folder of Tocsin's own programs: the running
// one's when the others lie beside it, or else bin, built now.
func ensurePrograms(ctx context.Context, o Options, progress *gobuild.Progress) (string, error) {
	names := []string{"tocsin_exporter", "tocsin_receiver"}
	beside := filepath.Dir(o.Self)
	var missing []error
	for _, name := range names {
		if runtime.GOOS == "windows" {
			name += ".exe"
		}
		_, err := os.Stat(filepath.Join(beside, name))
		missing = append(missing, err)
	}
	if errors.Join(missing...) == nil {
		return beside, nil
	}
	bin := filepath.Join(o.Root, "bin")
	return bin, gobuild.Run(ctx, gobuild.Options{
		Title: "tocsin_exporter and tocsin_receiver", Module: o.Root, Output: bin,
		Packages: []string{"./cmd/tocsin_exporter", "./cmd/tocsin_receiver"}, Progress: progress,
	})
}
