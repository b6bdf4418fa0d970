package up

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// Times of a child's life.
const (
	endWithin    = 5 * time.Second  // before it is killed
	restartAfter = 20 * time.Second // when it ended by itself: time to see what Tocsin makes of it
)

// child runs one part.
type child struct {
	part
	dir    string
	output io.Writer
}

// run lives as long as the process and returns why it ended; nil when ctx did.
// The goroutine keeps its thread, because the kernel ends children with the
// thread that started them.
func (c child) run(ctx context.Context) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, c.program, c.args...)
	cmd.Dir = c.dir
	cmd.Env = os.Environ()
	cmd.Stdout, cmd.Stderr = c.output, c.output
	cmd.SysProcAttr = ownGroup()
	cmd.Cancel = func() error { return askToEnd(cmd.Process) }
	cmd.WaitDelay = endWithin
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil
	case err == nil:
		return fmt.Errorf("%s ended by itself", c.name)
	}
	return fmt.Errorf("%s ended: %w", c.name, err)
}

// keep runs the part again and again until ctx ends. Before the part was ready
// for the first time, its end is an error: it would only end again.
func (c child) keep(ctx context.Context, ready <-chan struct{}, say func(string, ...any)) error {
	for {
		err := c.run(ctx)
		if ctx.Err() != nil {
			return nil
		}
		select {
		case <-ready:
		default:
			return errors.Join(err, errors.New("its last lines are above"))
		}
		say("%v. It starts again in %s; see what Tocsin makes of it.", err, restartAfter)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(restartAfter):
		}
	}
}
