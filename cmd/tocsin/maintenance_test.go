package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// desktop is a receiver in this process and a folder with its catalogue.
type desktop struct {
	t      *testing.T
	folder string
	url    string

	receiver *receiver.Receiver
}

func newDesktop(t *testing.T) *desktop {
	t.Helper()
	d := &desktop{t: t, folder: t.TempDir()}
	kept, err := store.Open(t.Context(), filepath.Join(d.folder, "data"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, kept.Close()) })
	r, err := receiver.New(t.Context(), receiver.Options{Store: kept})
	require.NoError(t, err)
	pages, err := board.New(board.Options{Desk: r})
	require.NoError(t, err)
	server := httptest.NewServer(pages)
	t.Cleanup(server.Close)
	d.url, d.receiver = server.URL, r
	d.write("deploy-token", "hush\n")
	d.write("tocsin.yml", `
delivery: {receiver: {url: `+server.URL+`, api_tokens: {deploy: {file: deploy-token}}}}
monitoring: {team: shop}
people: {asha: {name: Asha Rao}, ben: {name: Ben Carter}}
teams: {shop: {}}
rotas:
  shop: {timezone: Europe/London, handover: monday 09:30, start: 2026-11-23, people: [asha, ben]}
services: {shop: {team: shop}, payments: {team: shop}}
maintenance:
  patches: {services: [payments], days: first sunday, at: 02:00, duration: 3h, timezone: Europe/London, reason: security patches}
`)
	c, err := catalog.Load(filepath.Join(d.folder, "tocsin.yml"))
	require.NoError(t, err)
	require.NoError(t, r.Update(c))
	return d
}

func (d *desktop) write(name, text string) {
	d.t.Helper()
	require.NoError(d.t, os.WriteFile(filepath.Join(d.folder, name), []byte(text), 0o600))
}

// tocsin runs the tool and gives what it printed.
func (d *desktop) tocsin(code int, args ...string) string {
	d.t.Helper()
	var out bytes.Buffer
	args = append(args, "--config.file="+filepath.Join(d.folder, "tocsin.yml"), "--as=asha")
	require.Equal(d.t, code, run(d.t.Context(), args, environment{stdout: &out, stderr: &out}), out.String())
	return out.String()
}

// page is docs/maintenance.md.
func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/maintenance.md")
	require.NoError(t, err)
	return string(text)
}

// The commands of the page, in its order.
func TestTheCommandsOfTheMaintenancePage(t *testing.T) {
	d := newDesktop(t)
	lines := regexp.MustCompile(`(?m)^\$ tocsin (maintenance .*)$`).FindAllStringSubmatch(page(t), -1)
	require.Len(t, lines, 4)
	want := []string{
		`1 +open .* shop +release 1\.4\.2`, `(?s)1 +open .*patches +coming .* payments +security patches`, `1 +open`, `1 +over`,
	}
	for n, line := range lines {
		args := regexp.MustCompile(`"[^"]*"`).ReplaceAllStringFunc(line[1], func(quoted string) string {
			return strings.ReplaceAll(strings.Trim(quoted, `"`), " ", "\x00")
		})
		words := strings.Fields(args)
		for i := range words {
			words[i] = strings.ReplaceAll(words[i], "\x00", " ")
		}
		require.Regexp(t, want[n], d.tocsin(0, words...), line[0])
	}
	require.Contains(t, d.tocsin(0, "maintenance", "list", "--all", "--json"), `"what":"ended","by":"asha","via":"the API with the token deploy"`)
}

func TestWhatTheMaintenanceCommandsRefuse(t *testing.T) {
	d := newDesktop(t)
	open := func(more ...string) []string {
		return append([]string{"maintenance", "open", "--for=30m", "--reason=r"}, more...)
	}
	require.Equal(t, "tocsin: unknown service \"shpo\" (did you mean \"shop\"?)\n", d.tocsin(1, open("--service=shpo")...))
	require.Contains(t, d.tocsin(1, "maintenance", "open", "--service=shop", "--reason=r", "--for=2d"), "want at most 1d: open it for less and extend it")
	require.Contains(t, d.tocsin(2, "maintenance", "open", "--service=shop", "--for=1h"), "also give --reason")
	require.Contains(t, d.tocsin(1, open("--service=shop", "--from=noon")...), "--from: got \"noon\", want a time such as")
	require.Contains(t, d.tocsin(1, "maintenance", "end", "9"), "there is no such maintenance window")
	require.Contains(t, d.tocsin(1, open("--service=shop", "--token-file=nowhere")...), "--token-file: open nowhere")
	require.Contains(t, d.tocsin(1, open("--service=shop", "--receiver=http://127.0.0.1:1")...), "tocsin: asking the receiver at http://127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused")
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	require.Contains(t, d.tocsin(1, "maintenance", "list", "--receiver="+other.URL), "answered 404 Not Found: is it Tocsin's, and new enough?")
	require.Contains(t, d.tocsin(0, open("--service=shop", "--key=k")...), "1  ")
	require.Contains(t, d.tocsin(0, open("--service=shop", "--key=k")...), "1  ", "the same again")
	d.write("tocsin.yml", "monitoring: {team: shop}\nteams: {shop: {}}\nservices: {shop: {team: shop}}\n")
	require.Contains(t, d.tocsin(1, open("--service=shop")...), "the receiver takes this from nobody without a token: give one under delivery.receiver.api_tokens")
	require.Contains(t, d.tocsin(1, "maintenance", "list"), "the catalogue names no receiver: add delivery.receiver.url, or say --receiver=URL")
}

// The steps of the page's workflow, as a runner runs them.
func TestTheWorkflowOfTheMaintenancePage(t *testing.T) {
	d := newDesktop(t)
	_, after, found := strings.Cut(page(t), "<!-- test: workflow -->\n```yaml\n")
	require.True(t, found)
	text, _, _ := strings.Cut(after, "```")
	var steps []struct {
		Name, Run string
		Env       map[string]string
	}
	require.NoError(t, yaml.Unmarshal([]byte(text), &steps))
	require.Len(t, steps, 3)
	d.write("deploy", "#!/bin/sh\n")
	require.NoError(t, os.Chmod(filepath.Join(d.folder, "deploy"), 0o755))
	output := filepath.Join(d.folder, "output")
	states := []string{}
	for _, step := range steps {
		id, _ := os.ReadFile(output)
		bash := exec.CommandContext(t.Context(), "bash", "-e", "-o", "pipefail", "-c", step.Run)
		bash.Dir = d.folder
		bash.Env = append(os.Environ(), "RECEIVER="+d.url, "TOKEN=hush", "GITHUB_RUN_ID=1", "GITHUB_RUN_ATTEMPT=1", "GITHUB_REF_NAME=v1.4.2", "GITHUB_ACTOR=octocat", "GITHUB_OUTPUT="+output,
			"WINDOW="+strings.TrimSpace(strings.TrimPrefix(string(id), "id=")))
		printed, err := bash.CombinedOutput()
		require.NoError(t, err, "%s: %s", step.Name, printed)
		states = append(states, regexp.MustCompile(`(?m)^1 +(open|over) `).FindStringSubmatch(d.tocsin(0, "maintenance", "list", "--all"))[1])
	}
	require.Equal(t, []string{"open", "open", "over"}, states)
	require.Contains(t, d.tocsin(0, "maintenance", "list", "--all", "--json"), `"by":"octocat","via":"the API with the token deploy"`)
}
