package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// The exit statuses of monitoring plugins:
// https://www.monitoring-plugins.org/doc/guidelines.html
const (
	statusOK       = 0
	statusWarning  = 1
	statusCritical = 2
	statusUnknown  = 3
)

const (
	// maxWritten is what is kept of a command's output; the rest is read and
	// dropped, so that the command does not wait for us.
	maxWritten = 64 << 10
	// closeWithin is how long output is awaited from what a command left behind.
	closeWithin = 100 * time.Millisecond
)

// errNotAllowed says how to allow commands.
var errNotAllowed = errors.New("commands are not run by this exporter (start it with --probe.enable-exec, or restrict the probe to other locations)")

// command is what stays the same from attempt to attempt.
type command struct {
	spec    *catalog.ExecProbe
	secrets *secrets
	allowed bool
}

// newExec builds the kind exec: one run of a command.
func newExec(s site) (Func, error) {
	c := &command{spec: s.probe.Exec, secrets: s.secrets, allowed: s.shared.options.Exec}
	return c.run, nil
}

func (c *command) run(ctx context.Context) Result {
	var r Result
	if !c.allowed {
		return r.fail(ReasonInternal, errNotAllowed.Error())
	}
	environment, err := c.environment()
	if err != nil {
		return r.fail(ReasonInternal, ourFault{err}.text())
	}
	var out, errs keeper
	status, err := runGroup(ctx, c.spec.Command, c.spec.Directory, environment, &out, &errs)
	said := parsePlugin(out.String())
	r.Performance = said.performance
	r.Detail = &Detail{Output: strings.TrimSpace(out.String() + "\n" + errs.String())}
	if ctx.Err() != nil {
		return r.fail(ReasonTimeout, timedOut(ctx, said.text))
	}
	if err != nil {
		return r.fail(ReasonInternal, fmt.Sprintf("running %s: %v", quote(c.spec.Command[0]), err))
	}
	return c.judge(r, status, firstOf(said.text, errs.String()))
}

// judge turns an exit status into a result.
func (c *command) judge(r Result, status exitStatus, said string) Result {
	switch {
	case status.code == statusOK && status.signal == "":
		return r
	case status.code == statusWarning && c.spec.FailOn == catalog.ExecCritical:
		return r
	case status.code == statusUnknown:
		return r.fail(ReasonInternal, "the command could not tell: "+status.String()+said)
	}
	return r.fail(ReasonStatus, status.String()+said)
}

// exitStatus is how a command ended.
type exitStatus struct {
	code   int
	signal string // that ended it, or empty
}

// String is the status in the words of plugins.
func (s exitStatus) String() string {
	if s.signal != "" {
		return "ended by signal " + s.signal
	}
	word := map[int]string{statusWarning: " (warning)", statusCritical: " (critical)", statusUnknown: " (unknown)"}[s.code]
	return fmt.Sprintf("exit status %d%s", s.code, word)
}

// firstOf is the first line of the first text that has one, as the end of a
// sentence.
func firstOf(texts ...string) string {
	for _, text := range texts {
		if line, _, _ := strings.Cut(strings.TrimSpace(text), "\n"); line != "" {
			return ": " + line
		}
	}
	return "; it wrote nothing"
}

// timedOut is the text of a run that was ended.
func timedOut(ctx context.Context, said string) string {
	if errors.Is(ctx.Err(), context.Canceled) {
		return "the command was ended: the probe is not needed any more"
	}
	return "timeout; the command was ended with everything that it started" + firstOf(said)
}

// environment is what the command sees: little of ours, and what the catalogue
// gives.
func (c *command) environment() ([]string, error) {
	var list []string
	for _, name := range []string{"PATH", "HOME", "LANG", "TZ"} {
		if value, set := os.LookupEnv(name); set {
			list = append(list, name+"="+value)
		}
	}
	for name, text := range c.spec.Environment {
		value, err := c.secrets.read(text)
		if err != nil {
			return nil, err
		}
		list = append(list, name+"="+value)
	}
	return list, nil
}

// runGroup runs a command in a process group of its own and ends the whole
// group when ctx ends, and when the command has ended. The error says that it
// could not be run.
func runGroup(ctx context.Context, argv []string, folder string, environment []string, out, errs io.Writer) (exitStatus, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = folder, environment
	cmd.Stdout, cmd.Stderr = out, errs
	cmd.WaitDelay = closeWithin
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		return exitStatus{}, plainStart(err)
	}
	reap(cmd)
	err := cmd.Wait()
	if exited, is := errors.AsType[*exec.ExitError](err); is {
		return statusOf(exited.ProcessState), nil
	}
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil // something that it left behind held the output open
	}
	return exitStatus{}, err
}

// plainStart leaves out what repeats the name of the program.
func plainStart(err error) error {
	if failed, is := errors.AsType[*exec.Error](err); is {
		return failed.Err
	}
	if failed, is := errors.AsType[*os.PathError](err); is {
		return failed.Err
	}
	return err
}

// keeper keeps the beginning of what is written to it, perhaps a moment longer
// than it is read.
type keeper struct {
	mu   sync.Mutex
	kept []byte
}

// Write never fails.
func (k *keeper) Write(b []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept = append(k.kept, b[:min(len(b), maxWritten-len(k.kept))]...)
	return len(b), nil
}

// String is what was kept.
func (k *keeper) String() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return string(k.kept)
}
