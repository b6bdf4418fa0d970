package servers

import (
	"context"
	_ "embed"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/test/port"
)

const (
	readyWithin = 90 * time.Second
	endWithin   = 10 * time.Second
)

//go:embed packages
var packages string

// Need is the path of a program of a Debian package. The test is skipped, or
// fails where integration is required, when it is not installed.
func Need(t testing.TB, program, debian string) string {
	t.Helper()
	require.Containsf(t, strings.Fields(packages), debian, "test/servers/packages does not list %s", debian)
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	for _, folder := range []string{"/usr/sbin", "/sbin", "/usr/local/sbin", "/usr/lib/postgresql/15/bin"} {
		path := filepath.Join(folder, program)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	Missing(t, program+" is not installed (Debian: apt-get install "+debian+")")
	return ""
}

// Missing ends a test for which something is not here: it is skipped, or fails
// where integration is required.
func Missing(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv("TOCSIN_INTEGRATION") == "require" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

// Server says how to run one.
type Server struct {
	Program string // path, as Need returns it
	Args    []string
	Dir     string   // where it runs
	Env     []string // besides the test's own
	User    string   // runs as this user, for servers that refuse root; our own by default
	// Ready returns nil once the server answers; it is asked again and again.
	Ready func(ctx context.Context) error
}

// Run starts a server, waits until it is ready, and ends it, with everything
// that it started, when the test ends. Its output is shown when the test
// fails.
func Run(t testing.TB, s Server) {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), filepath.Base(s.Program)+".log"))
	require.NoError(t, err)
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), s.Program, s.Args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.Dir, log, log
	cmd.Env = append(os.Environ(), s.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: credential(t, s.User)}
	require.NoError(t, cmd.Start())
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		end(cmd, ended)
		_ = log.Close()
		if text, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("%s says:\n%s", s.Program, text[max(0, len(text)-4000):])
		}
	})
	waitReady(t, s, ended)
}

// end asks a server and its children to end, and ends them when they do not.
func end(cmd *exec.Cmd, ended <-chan struct{}) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(endWithin):
	}
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	<-ended
}

func waitReady(t testing.TB, s Server, ended <-chan struct{}) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), readyWithin)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := s.Ready(ctx)
		if err == nil {
			return
		}
		select {
		case <-ended:
			t.Fatalf("%s ended before it was ready: %v", s.Program, err)
		case <-ctx.Done():
			t.Fatalf("%s was not ready within %s: %v", s.Program, readyWithin, err)
		case <-tick.C:
		}
	}
}

// Accepts is a Ready that wants a TCP connection.
func Accepts(address string) func(context.Context) error {
	return func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return conn.Close()
	}
}

// Answers is a Ready that wants a 2xx of an address.
func Answers(url string) func(context.Context) error {
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		if answer.StatusCode/100 != 2 {
			err = errors.New(answer.Status)
		}
		return errors.Join(err, answer.Body.Close())
	}
}

// Free is a loopback address, host:port, on which nobody listens on TCP or UDP.
func Free(t testing.TB) string {
	t.Helper()
	address, err := port.Free()
	require.NoError(t, err)
	return address
}

// split is host:port in two texts.
func split(t testing.TB, address string) (host, port string) {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	return host, port
}

// Do runs a program to its end, as a user of the machine where one is named.
func Do(t testing.TB, user, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential(t, user)}
	cmd.Dir = os.TempDir()
	text, err := cmd.CombinedOutput()
	require.NoErrorf(t, err, "%s says:\n%s", program, text)
}
