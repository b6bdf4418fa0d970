package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/internal/inbox"
)

// asProgram makes this test binary be the program, so that it can be killed.
const asProgram = "TOCSIN_RECEIVER_UNDER_TEST"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

const estate = `
links: {board: http://board.example.org}
delivery:
  smtp: {host: SMTP, from: tocsin@example.org}
  receiver: {url: http://127.0.0.1:10211, token_file: token}
monitoring: {team: shop, break_glass: [{email: {to: [platform@example.org]}}]}
people: {asha: {name: Asha Rao, contacts: {file: asha.yml}}}
teams: {shop: {members: [asha], channels: {email: {to: [shop@example.org]}}}}
services: {shop: {team: shop, probes: {home: {http: {url: http://127.0.0.1:1/}}}}}
`

// program is a running receiver.
type program struct {
	t      *testing.T
	folder string
	cmd    *exec.Cmd
	url    string
	log    *lines
}

// lines is a log that is read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func folderFor(t *testing.T, smtp string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range map[string]string{
		"tocsin.yml": strings.Replace(estate, "SMTP", smtp, 1), "token": "secret", "asha.yml": "email: asha@example.org\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	return folder
}

func start(t *testing.T, folder string, flags ...string) *program {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	p := &program{t: t, folder: folder, url: "http://" + address, log: &lines{}}
	p.cmd = exec.CommandContext(t.Context(), os.Args[0], append([]string{
		"--config.file=" + filepath.Join(folder, "tocsin.yml"), "--storage.path=" + filepath.Join(folder, "data"), "--web.listen-address=" + address,
	}, flags...)...)
	p.cmd.Env = append(os.Environ(), asProgram+"=1")
	p.cmd.Stderr = p.log
	require.NoError(t, p.cmd.Start())
	t.Cleanup(p.kill)
	require.Eventually(t, func() bool { return p.get("/-/ready") == http.StatusOK }, 30*time.Second, 10*time.Millisecond, "%s", p.log)
	return p
}

func (p *program) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

func (p *program) get(path string) int {
	response, err := http.Get(p.url + path)
	if err != nil {
		return 0
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return response.StatusCode
}

// post gives the status, or 0 when no answer came.
func (p *program) post(fingerprint string) int {
	body := fmt.Sprintf(`{"version":"4","groupKey":"g","alerts":[{"status":"firing","fingerprint":%q,"startsAt":%q,"labels":
		{"alertname":%q,"severity":"warning","audience":"developers","service":"shop"},"annotations":{"summary":%q}}]}`,
		fingerprint, time.Now().Format(time.RFC3339Nano), fingerprint, "fault "+fingerprint)
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.url+"/api/v1/alertmanager", strings.NewReader(body))
	require.NoError(p.t, err)
	request.Header.Set("Authorization", "Bearer secret")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// fingerprints lists what the board knows of.
func (p *program) fingerprints() map[string]bool {
	response, err := http.Get(p.url + "/api/v1/incidents?state=all")
	require.NoError(p.t, err)
	defer func() { _ = response.Body.Close() }()
	var list struct {
		Incidents []struct {
			Alerts []struct {
				Fingerprint string `json:"fingerprint"`
			} `json:"alerts"`
		} `json:"incidents"`
	}
	require.NoError(p.t, json.NewDecoder(response.Body).Decode(&list))
	known := map[string]bool{}
	for _, i := range list.Incidents {
		for _, a := range i.Alerts {
			known[a.Fingerprint] = true
		}
	}
	return known
}

func catcher(t *testing.T) *inbox.Inbox {
	t.Helper()
	box, err := inbox.New(inbox.Options{SMTP: "127.0.0.1:0", Web: "127.0.0.1:0"})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- box.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
	return box
}

// TestKilledAtAnyInstantNothingIsLost posts without a pause and kills the
// program in the middle, again and again: what was answered with 200 is there
// afterwards, and a message about each came.
func TestKilledAtAnyInstantNothingIsLost(t *testing.T) {
	box := catcher(t)
	folder := folderFor(t, box.SMTPAddr())
	var accepted []string
	for life := range 8 {
		p := start(t, folder)
		killed := make(chan struct{})
		posted := make(chan string, 1000)
		go func() {
			defer close(posted)
			for n := 0; ; n++ {
				fingerprint := fmt.Sprintf("f%d-%d", life, n)
				if p.post(fingerprint) != http.StatusOK {
					<-killed
					return
				}
				posted <- fingerprint
			}
		}()
		for range 3 + 2*life { // another instant in each life
			accepted = append(accepted, <-posted)
		}
		p.kill()
		close(killed)
		for fingerprint := range posted {
			accepted = append(accepted, fingerprint)
		}
	}
	p := start(t, folder)
	known := p.fingerprints()
	for _, fingerprint := range accepted {
		require.Truef(t, known[fingerprint], "%s was answered with 200 and is lost", fingerprint)
	}
	told := func() (missing string) {
		all := strings.Builder{}
		for _, m := range box.Messages("asha@example.org") {
			all.WriteString(m.Subject + "\n" + m.Text + "\n")
		}
		for _, fingerprint := range accepted {
			if !strings.Contains(all.String(), "fault "+fingerprint) {
				return fingerprint
			}
		}
		return ""
	}
	require.Eventually(t, func() bool { return told() == "" }, 30*time.Second, 50*time.Millisecond, "nobody was told of %s", told())
}

// TestKilledWhileAMessageIsOnItsWay: a mail server that takes the mail and
// never says so. The message is sent again under the same id.
func TestKilledWhileAMessageIsOnItsWay(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	folder := folderFor(t, listener.Addr().String())
	p := start(t, folder)
	require.Equal(t, http.StatusOK, p.post("f"))
	connection, err := listener.Accept() // the sender waits for our greeting
	require.NoError(t, err)
	p.kill()
	require.NoError(t, connection.Close())
	require.NoError(t, listener.Close())

	box := catcher(t)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "tocsin.yml"), []byte(strings.Replace(estate, "SMTP", box.SMTPAddr(), 1)), 0o600))
	again := start(t, folder)
	require.Eventually(t, func() bool { return len(box.Messages("asha@example.org")) == 1 }, 20*time.Second, 10*time.Millisecond)
	require.Contains(t, again.log.String(), "Sending again what was on its way")
}

func TestTheCommandLine(t *testing.T) {
	folder := folderFor(t, "127.0.0.1:1")
	config := "--config.file=" + filepath.Join(folder, "tocsin.yml")
	data := "--storage.path=" + filepath.Join(folder, "data")
	bad := filepath.Join(folder, "bad.yml")
	require.NoError(t, os.WriteFile(bad, []byte("service: {}\n"), 0o600))
	cases := []struct {
		name           string
		args           []string
		code           int
		stdout, stderr string
	}{
		{"help", []string{"--help"}, 0, "--storage.path", ""},
		{"version", []string{"--version"}, 0, "tocsin_receiver", ""},
		{"a strange flag", []string{"--colour"}, 2, "", "see tocsin_receiver --help"},
		{"a catalogue without its flag", []string{"estate.yml"}, 2, "", "tocsin_receiver: \"estate.yml\" is not expected here: name the catalogue with --config.file=estate.yml (see tocsin_receiver --help)"},
		{"a strange level", []string{"--log.level=loud"}, 2, "", `--log.level: got "loud", want one of debug, info, warn, error`},
		{"a good catalogue", []string{config, "--config.check"}, 0, "is good: 1 teams, 1 people", ""},
		{"a bad catalogue", []string{"--config.file=" + bad, "--config.check"}, 1, "", "bad.yml:1:1: service: unknown key"},
		{"a bad catalogue at the start", []string{"--config.file=" + bad, data}, 1, "", "bad.yml:1:1: service: unknown key"},
		{"a busy address", []string{config, data, "--web.listen-address=256.0.0.1:1"}, 1, "", "--web.listen-address"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			require.Equal(t, c.code, run(t.Context(), c.args, &stdout, &stderr), stderr.String())
			require.Contains(t, stdout.String(), c.stdout)
			require.Contains(t, stderr.String(), c.stderr)
		})
	}
}

func TestReloadingAndPages(t *testing.T) {
	folder := folderFor(t, "127.0.0.1:1")
	p := start(t, folder)
	require.Equal(t, http.StatusOK, p.get("/-/healthy"))
	require.Equal(t, http.StatusOK, p.get("/"))
	require.Equal(t, http.StatusMethodNotAllowed, p.get("/api/v1/alertmanager/"))
	require.NotEqual(t, http.StatusOK, p.get("/-/reload"))
	metric := func(line string) func() bool {
		return func() bool {
			response, err := http.Get(p.url + "/metrics")
			require.NoError(t, err)
			defer func() { _ = response.Body.Close() }()
			text, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			return strings.Contains(string(text), line)
		}
	}
	reload := func() int {
		response, err := http.Post(p.url+"/-/reload", "", nil)
		require.NoError(t, err)
		_ = response.Body.Close()
		return response.StatusCode
	}
	require.True(t, metric("tocsin_config_last_reload_successful 1")())
	catalogue := filepath.Join(folder, "tocsin.yml")
	good, err := os.ReadFile(catalogue)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(catalogue, []byte("nonsense: true\n"), 0o600))
	require.Equal(t, http.StatusInternalServerError, reload())
	require.True(t, metric("tocsin_config_last_reload_successful 0")())
	require.Equal(t, http.StatusOK, p.post("f"), "everything goes on")
	require.NoError(t, os.WriteFile(catalogue, good, 0o600))
	require.Equal(t, http.StatusOK, reload())
	require.True(t, metric("tocsin_config_last_reload_successful 1")())
}
