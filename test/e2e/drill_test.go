package e2e

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/test/estate"
)

// exercise runs tocsin drill beside an estate.
type exercise struct {
	t       *testing.T
	command *exec.Cmd
	out     lockedBuffer
}

// lockedBuffer may be read while a program writes to it.
type lockedBuffer struct {
	mutex sync.Mutex
	held  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.held.Write(p)
}

func (b *lockedBuffer) text() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.held.String()
}

func drill(t *testing.T, e *estate.Estate, args ...string) *exercise {
	t.Helper()
	x := &exercise{t: t}
	args = append([]string{"drill", "--yes", "--as=asha", "--within=4m", "--config.file=" + filepath.Join(e.Dir(), "tocsin.yml")}, args...)
	x.command = exec.CommandContext(t.Context(), filepath.Join(programs, "tocsin"), args...)
	x.command.Stdout, x.command.Stderr = &x.out, &x.out
	require.NoError(t, x.command.Start())
	return x
}

// says waits until the drill has printed something.
func (x *exercise) says(what string) {
	x.t.Helper()
	eventually(x.t, "the drill says "+what, func() error {
		if !strings.Contains(x.out.text(), what) {
			return errors.New(x.out.text())
		}
		return nil
	})
}

// A drill goes the whole way through the real engines to a person who follows
// the link in the message, says each hop, and leaves nothing behind.
func TestDrill(t *testing.T) {
	e := start(t)
	page, err := os.ReadFile("../../docs/drills.md")
	require.NoError(t, err)
	shown := regexp.MustCompile(`(?m)^\$ tocsin drill (.*)$`).FindSubmatch(page)
	require.NotNil(t, shown)
	x := drill(t, e, strings.Fields(string(shown[1]))...)
	link := regexp.MustCompile(`http://\S+/acknowledge/\S+`)
	eventually(t, "somebody follows the link", func() error {
		for _, m := range e.Inbox.Messages("") {
			found := link.FindString(m.Text)
			if found == "" || !strings.Contains(m.Subject, "DRILL – CRITICAL") {
				continue
			}
			answer, err := http.Post(found, "", nil)
			if err == nil {
				err = answer.Body.Close()
			}
			return err
		}
		return errors.New("no message with a link")
	})
	require.NoError(t, x.command.Wait(), x.out.text())
	t.Log(x.out.text())
	require.Regexp(t, `(?s)^A drill of shop: team shop is told .*`+
		`\+\d+\.\ds  Alertmanager http://\S+ took the alert\n.*`+
		`\+\d+\.\ds  The receiver has it: incident \d+\n.*`+
		`\+\d+\.\ds  [A-Z][a-z]+ [A-Z][a-z]+ took it on, by the link in a message\n.*`+
		`\+\d+\.\ds  Alertmanager http://\S+ took its end\n.*`+
		`The drill went well\.\n$`, x.out.text())
	open, err := e.Incidents(t.Context())
	require.NoError(t, err)
	require.Empty(t, open)
}

// Ctrl-C ends a drill, and its alert with it.
func TestDrillInterrupted(t *testing.T) {
	e := start(t)
	x := drill(t, e, "payments", "--severity=warning")
	x.says("The receiver has it")
	require.NoError(t, x.command.Process.Signal(syscall.SIGINT))
	require.Error(t, x.command.Wait())
	require.Contains(t, x.out.text(), "took its end")
	require.Contains(t, x.out.text(), "tocsin: the drill failed: interrupted\n")
	eventually(t, "nothing is left of it", func() error {
		open, err := e.Incidents(t.Context())
		if err == nil && len(open) > 0 {
			err = errors.New("an incident is open")
		}
		return err
	})
}
