package up

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// Bounds of what Docker may take.
const (
	dockerAnswers = 5 * time.Second
	composeEnds   = 40 * time.Second

	// containersReadyWithin is for a stage: Grafana sets up its database on its
	// first start.
	containersReadyWithin = 3 * time.Minute
)

// dockerLacks says what is missing for containers; empty when nothing is.
func dockerLacks(ctx context.Context) string {
	if _, err := exec.LookPath("docker"); err != nil {
		return "there is no docker command"
	}
	ctx, cancel := context.WithTimeout(ctx, dockerAnswers)
	defer cancel()
	if err := exec.CommandContext(ctx, "docker", "version", "--format", "{{.Server.Version}}").Run(); err != nil {
		return "no Docker engine answers"
	}
	if err := exec.CommandContext(ctx, "docker", "compose", "version").Run(); err != nil {
		return "docker has no compose plugin"
	}
	return ""
}

// runCompose runs docker-compose.yml in the foreground. Images are pulled and
// built first, so that a slow line is not taken for a part that never answers.
func runCompose(ctx context.Context, o Options, s *screen, order [][]part) error {
	if err := freePorts(all(order)); err != nil {
		return err
	}
	for _, step := range [][]string{{"pull", "--ignore-buildable"}, {"build"}} {
		if err := compose(ctx, o, step...); err != nil {
			return err
		}
	}
	defer func() {
		s.say("Ending everything …")
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), composeEnds)
		defer cancel()
		if err := compose(end, o, "down", "--timeout", "5"); err != nil {
			s.say("%v", err)
		}
	}()
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error {
		err := compose(running, o, "up", "--remove-orphans")
		if ctx.Err() == nil && err == nil {
			err = errors.New("the containers ended by themselves; their last lines are above")
		}
		return err
	})
	group.Go(func() error {
		for _, stage := range order {
			if err := allReady(running, stage, containersReadyWithin, s); err != nil {
				return err
			}
		}
		s.say("%s", s.summary(all(order), nil))
		sayWhenSeen(running, s, prometheusURL)
		return nil
	})
	return group.Wait()
}

// compose runs one command on the estate's file; an ended ctx ends it and is
// no error.
func compose(ctx context.Context, o Options, args ...string) error {
	cmd := exec.CommandContext(ctx, "docker", append([]string{"compose", "--project-directory", o.Root}, args...)...)
	cmd.Dir = o.Root
	cmd.Stdout, cmd.Stderr = o.Output, o.Output
	cmd.SysProcAttr = ownGroup()
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = composeEnds
	if err := cmd.Run(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("running docker compose %s: %w", strings.Join(args, " "), err)
	}
	return nil
}
