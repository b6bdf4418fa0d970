package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

const header = "monitoring: {team: crew}\nteams: {crew: {channels: {github: {repository: example/crew}}}}\nlocations: {dublin: {}, london: {}}\n"

func catalogue(t *testing.T, url string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tocsin.yml")
	text := header + "services: {shop: {team: crew, probes: {home: {interval: 15s, http: {url: " + url + "}}}}}\n"
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestCommandLine(t *testing.T) {
	good := catalogue(t, "http://shop.example.org/")
	bad := catalogue(t, "shop.example.org")
	taken := httptest.NewServer(http.NotFoundHandler())
	defer taken.Close()
	for _, test := range []struct {
		name   string
		args   []string
		code   int
		out    string
		errors string
	}{
		{name: "help", args: []string{"--help"}, out: "--web.listen-address"},
		{name: "version", args: []string{"--version"}, out: "tocsin_exporter, version"},
		{name: "an unknown flag", args: []string{"--nothing"}, code: 2, errors: "unknown flag --nothing (see tocsin_exporter --help)"},
		{name: "a catalogue without its flag", args: []string{"estate.yml"}, code: 2, errors: `tocsin_exporter: "estate.yml" is not expected here: name the catalogue with --config.file=estate.yml (see tocsin_exporter --help)`},
		{name: "an unknown level", args: []string{"--log.level=loud"}, code: 2, errors: `--log.level: got "loud", want one of debug, info, warn, error`},
		{name: "an unknown shard", args: []string{"--shard=9/8"}, code: 2, errors: `--shard: shard "9/8": want i/n`},
		{name: "no catalogue", args: []string{"--config.file=nothing.yml"}, code: 1, errors: "nothing.yml"},
		{name: "a good catalogue", args: []string{"--config.check", "--config.file=" + good}, out: "is good: 1 services, 1 probes at dublin."},
		{name: "a bad catalogue", args: []string{"--config.check", "--config.file=" + bad}, code: 1, errors: "services.shop.probes.home.http.url"},
		{name: "an unknown location", args: []string{"--config.check", "--config.file=" + good, "--location=paris"}, code: 1, errors: `location "paris" is not in the catalogue (have dublin, london)`},
		{name: "a busy port", args: []string{"--config.file=" + good, "--storage.path=" + t.TempDir(), "--web.listen-address=" + taken.Listener.Addr().String()}, code: 1, errors: "--web.listen-address"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out, errors bytes.Buffer
			require.Equal(t, test.code, run(t.Context(), test.args, &out, &errors), errors.String())
			require.Contains(t, out.String(), test.out)
			require.Contains(t, errors.String(), test.errors)
			if test.errors == "" {
				require.Empty(t, errors.String())
			}
		})
	}
}

// started is an exporter under way; stop ends it as Ctrl-C does.
type started struct {
	url  string
	stop func() (code int)
	log  *bytes.Buffer
}

func begin(t *testing.T, args ...string) started {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, args, io.Discard, writer)
		_ = writer.Close()
	}()
	address, logged, read := make(chan string, 1), new(bytes.Buffer), make(chan struct{})
	go func() {
		defer close(read)
		found := false
		for buffer := make([]byte, 4096); ; {
			n, err := reader.Read(buffer)
			logged.Write(buffer[:n])
			if match := regexp.MustCompile(`is probing.* address=(\S+)`).FindStringSubmatch(logged.String()); match != nil && !found {
				found = true
				address <- match[1]
			}
			if err != nil {
				return
			}
		}
	}()
	s := started{log: logged, stop: func() int {
		cancel()
		<-read
		return <-code
	}}
	select {
	case a := <-address:
		s.url = "http://" + a
	case <-read:
		cancel()
		t.Fatalf("the exporter ended: %s", logged)
	}
	return s
}

func get(t *testing.T, url, accept string) (int, string, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	req.Header.Set("Accept", accept)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, resp.Header.Get("Content-Type"), string(body)
}

func TestTwoExportersInOneProcess(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "Welcome") }))
	defer shop.Close()
	path := catalogue(t, shop.URL)
	arguments := func(location string) []string {
		return []string{"--config.file=" + path, "--web.listen-address=127.0.0.1:0", "--storage.path=" + t.TempDir(), "--location=" + location}
	}
	dublin, london := begin(t, arguments("dublin")...), begin(t, arguments("london")...)
	for location, exporter := range map[string]started{"dublin": dublin, "london": london} {
		code, _, text := get(t, exporter.url+"/probe?service=shop&probe=home", "")
		require.Equal(t, http.StatusOK, code, text)
		require.Contains(t, text, "outcome      success")
		for accept, kind := range map[string]string{
			"text/plain": "text/plain; version=0.0.4",
			"application/openmetrics-text;version=1.0.0":                                                 "application/openmetrics-text; version=1.0.0",
			"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited": "application/vnd.google.protobuf",
		} {
			code, contentType, page := get(t, exporter.url+"/metrics", accept)
			require.Equal(t, http.StatusOK, code, page)
			require.Contains(t, contentType, kind)
			require.Contains(t, page, "tocsin_probe_runs_total")
			require.Contains(t, page, location)
		}
		_, _, page := get(t, exporter.url+"/", "")
		require.Contains(t, page, "Probing from <strong>"+location)
	}
	require.Zero(t, dublin.stop())
	require.Zero(t, london.stop())
	for line := range strings.Lines(dublin.log.String()) {
		require.Contains(t, line, "level=info")
	}
	require.LessOrEqual(t, strings.Count(dublin.log.String(), "\n"), 3, dublin.log.String())
}

func TestAnExporterStartsWithTheLastGoodCatalogue(t *testing.T) {
	path, storage := catalogue(t, "http://127.0.0.1:1/"), t.TempDir()
	args := []string{"--config.file=" + path, "--web.listen-address=127.0.0.1:0", "--storage.path=" + storage}
	require.Zero(t, begin(t, args...).stop())
	require.NoError(t, os.WriteFile(path, []byte("services: [\n"), 0o600))
	again := begin(t, args...)
	_, _, page := get(t, again.url+"/metrics", "")
	require.Contains(t, page, "tocsin_config_last_reload_successful 0")
	require.Contains(t, page, `tocsin_probe_info{kind="http",means="down",probe="home",service="shop"} 1`)
	_, _, page = get(t, again.url+"/", "")
	require.Contains(t, page, "The newest catalogue is bad")
	require.Zero(t, again.stop())
	require.Contains(t, again.log.String(), "running with the last good one")
}
