package up

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPartsWriteWholeLinesWithTheirName(t *testing.T) {
	var out bytes.Buffer
	s := &screen{w: &out}
	demo, other := s.prefixed("demo", 0), s.prefixed("alertmanager", 1)

	fmt.Fprint(demo, "first\nsec")
	fmt.Fprint(other, "x\r\n")
	fmt.Fprint(demo, "ond\n")
	s.hush()
	fmt.Fprint(demo, "not heard\n")

	require.Equal(t, "demo         | first\nalertmanager | x\ndemo         | second\n", out.String())
}

func TestPrefixesAreColouredOnATerminalOnly(t *testing.T) {
	var out bytes.Buffer
	s := &screen{w: &out, colour: true}
	fmt.Fprint(s.prefixed("demo", 0), "line\n")
	require.Equal(t, "\x1b[36mdemo         |\x1b[0m line\n", out.String())
}

func TestBusyPortsAreAllNamedWithTheirOwner(t *testing.T) {
	first, second := listen(t), listen(t)
	err := freePorts([]part{
		{what: "the shop", listens: []string{first}},
		{what: "Prometheus", listens: []string{"127.0.0.1:0", second}},
	})
	require.ErrorContains(t, err, first+", wanted by the shop, is taken")
	require.ErrorContains(t, err, second+", wanted by Prometheus, is taken")
	if runtime.GOOS == "linux" {
		require.ErrorContains(t, err, fmt.Sprintf("(pid %d)", os.Getpid()))
	}
	require.NoError(t, freePorts([]part{{what: "nobody", listens: []string{"127.0.0.1:0"}}}))
}

func TestAPartThatEndsBeforeItIsReadyIsAnError(t *testing.T) {
	var out bytes.Buffer
	c := shell(t, &out, "echo no such file; exit 3")
	err := c.keep(t.Context(), make(chan struct{}), func(string, ...any) {})
	require.ErrorContains(t, err, "the part ended: exit status 3")
	require.Equal(t, "no such file\n", out.String())
}

func TestAPartThatEndsLaterIsToldAndStartedAgain(t *testing.T) {
	ready := make(chan struct{})
	close(ready)
	ctx, cancel := context.WithCancel(t.Context())
	told := ""
	c := shell(t, &bytes.Buffer{}, "exit 1")
	err := c.keep(ctx, ready, func(format string, args ...any) {
		told = fmt.Sprintf(format, args...)
		cancel()
	})
	require.NoError(t, err)
	require.Equal(t, "the part ended: exit status 1. It starts again in 20s; see what Tocsin makes of it.", told)
}

// The child's own child is ended too, since the signal goes to their group.
func TestTheEndReachesTheWholeGroup(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	defer reader.Close()
	c := shell(t, writer, "sleep 600 & echo started; wait")
	done := make(chan error, 1)
	go func() { done <- c.run(ctx) }()
	line := make([]byte, len("started\n"))
	_, err = reader.Read(line)
	require.NoError(t, err)

	cancel()
	require.NoError(t, <-done)
	require.NoError(t, writer.Close())
	_, err = reader.Read(line) // the end of the file: nobody holds the other end
	require.Error(t, err)
}

func TestReady(t *testing.T) {
	status := http.StatusServiceUnavailable
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	defer server.Close()
	require.ErrorContains(t, Ready(t.Context(), server.URL), "answers 503")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := waitReady(ctx, server.Client(), part{what: "the shop", ready: server.URL})
	require.ErrorContains(t, err, "waiting for the shop")
	status = http.StatusOK
	require.NoError(t, Ready(t.Context(), server.URL))
}

func TestItIsToldWhenEveryProbeHasSeenItsServiceWell(t *testing.T) {
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.FormValue("query"))
		if len(asked) == 1 {
			fmt.Fprint(w, `{"data": {"result": []}}`)
			return
		}
		fmt.Fprint(w, `{"data": {"result": [{"value": [1, "4"]}]}}`)
	}))
	defer server.Close()
	var out bytes.Buffer
	sayWhenSeen(t.Context(), &screen{w: &out}, server.URL)
	require.Contains(t, out.String(), "Now break something.")
	require.Equal(t, []string{allSeen, allSeen}, asked)
}

func TestSummaryHasAnAddressForEachPartAndALineForEachSwitch(t *testing.T) {
	s := &screen{}
	text := s.summary(all(stages(places{}, "info", "warn")), map[string]string{"prometheus": "the API only"})
	for _, want := range []string{
		"http://127.0.0.1:10280/\n", "http://127.0.0.1:10211/\n", "http://127.0.0.1:8025/\n", "http://127.0.0.1:9090/  the API only\n",
		"curl -X POST http://127.0.0.1:10280/admin/login/on", "curl -X POST http://127.0.0.1:10280/admin/reset",
	} {
		require.Contains(t, text, want)
	}
	for line := range strings.Lines(text) {
		require.LessOrEqual(t, len(line), 80+len("\n"), "wider than a terminal: %s", line)
	}
}

func TestProgramsBesideTheRunningOneAreUsed(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"tocsin_exporter", "tocsin_receiver"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o755))
	}
	bin, err := ensurePrograms(t.Context(), Options{Self: filepath.Join(dir, "tocsin"), Root: "/nowhere"}, nil)
	require.NoError(t, err)
	require.Equal(t, dir, bin)
}

func TestAskedForContainersWithoutDocker(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, _, err := choose(t.Context(), ModeCompose)
	require.EqualError(t, err, "starting containers: there is no docker command (--mode=process runs the demo without)")
	mode, why, err := choose(t.Context(), ModeAuto)
	require.NoError(t, err)
	require.Equal(t, ModeProcess, mode)
	require.Equal(t, "as processes: there is no docker command.", why)
}

// A docker that answers, whose containers run until they are interrupted.
const fakeDocker = `#!/bin/sh
echo "$@" >> "$CALLS"
case "$*" in
*" up "*) echo "container | a line"; trap 'exit 130' INT; while :; do sleep 0.05; done ;;
esac
`

func TestContainersAreBuiltStartedAndTakenDown(t *testing.T) {
	bin, root := t.TempDir(), t.TempDir()
	calls := filepath.Join(root, "calls")
	require.NoError(t, os.WriteFile(filepath.Join(bin, "docker"), []byte(fakeDocker), 0o755))
	t.Setenv("PATH", bin+":/bin:/usr/bin")
	t.Setenv("CALLS", calls)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := writerFunc(func(text []byte) {
		if bytes.Contains(text, []byte("a line")) {
			cancel()
		}
	})

	require.Empty(t, dockerLacks(ctx))
	require.NoError(t, runCompose(ctx, Options{Root: root, Output: out}, &screen{w: out}, nil))

	text, err := os.ReadFile(calls)
	require.NoError(t, err)
	prefix := "compose --project-directory " + root + " "
	require.Equal(t, "version --format {{.Server.Version}}\ncompose version\n"+prefix+"pull --ignore-buildable\n"+
		prefix+"build\n"+prefix+"up --remove-orphans\n"+prefix+"down --timeout 5\n", string(text))
}

type writerFunc func([]byte)

func (f writerFunc) Write(text []byte) (int, error) {
	f(text)
	return len(text), nil
}

func listen(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String()
}

func shell(t *testing.T, output interface{ Write([]byte) (int, error) }, script string) child {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("there is no /bin/sh")
	}
	return child{part: part{name: "the part", program: "/bin/sh", args: []string{"-c", script}}, dir: t.TempDir(), output: output}
}
