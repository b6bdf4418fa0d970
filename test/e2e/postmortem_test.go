package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"image/png"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/figures"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/postmortem"
	"github.com/tocsin-monitoring/tocsin/test/estate"
	"github.com/tocsin-monitoring/tocsin/test/servers"
)

// An incident keeps its figures at its beginning and its end; its post-mortem
// has them when Prometheus is gone.
func TestAnIncidentKeepsItsFigures(t *testing.T) {
	e := start(t)
	began := turn(t, e, "dependency/on")
	turn(t, e, "down/on")
	first := incident(t, e)
	eventually(t, "the figures at the beginning are kept", func() error {
		d, err := draft(t, e, first.ID)
		return errors.Join(err, state(d, "service", "shop", 0))
	})
	told(t, e, began, pat, "shop is down")
	eventually(t, "the figures name the dependency", func() error {
		d, err := draft(t, e, first.ID)
		if err == nil && !strings.Contains(strings.Join(d.Causes, "\n"), "payments, on which it depends, was down for") {
			err = fmt.Errorf("the causes are %q", d.Causes)
		}
		return err
	})
	turn(t, e, "reset")
	eventually(t, "the figures at the end are kept", func() error {
		d, err := draft(t, e, first.ID)
		if err == nil && d.Open {
			err = errors.New("the incident is open")
		}
		return errors.Join(err, state(d, "service", "shop", 1))
	})
	e.Kill(estate.Prometheus)
	text := tool(t, e, "incident", "postmortem", fmt.Sprint(first.ID))
	for _, want := range []string{
		"# Post-mortem: shop is down", "| Error budget spent | ", " of the 43 min 12 s that an objective of 99.9 % leaves in 30 days", "| Usage: users | ", " at the lowest",
		"payments, on which it depends, was down for", "Probe home from local failed at ", "### Service, by the vote of the locations", "| shop | ", "### Memory, of its limit", "| To detect | ", "| Pat Quinn | email | opened | sent |",
	} {
		require.Contains(t, text, want)
	}
	require.NotContains(t, text, "@example.org", "no addresses")
	plots := filepath.Join(t.TempDir(), "plots")
	require.Contains(t, tool(t, e, "incident", "postmortem", fmt.Sprint(first.ID), "--plots="+plots), "incident-"+fmt.Sprint(first.ID)+"-latency.svg")
	drawn, err := os.ReadFile(filepath.Join(plots, fmt.Sprintf("incident-%d-latency.svg", first.ID)))
	require.NoError(t, err)
	require.Contains(t, string(drawn), "home local")
}

// state wants the newest point of a series.
func state(d postmortem.Document, chart, name string, want float64) error {
	c, ok := figures.Figures{Charts: d.Drawn.Charts}.Chart(chart)
	if !ok {
		return fmt.Errorf("there is no chart %q; missing: %q", chart, d.Missing)
	}
	for _, s := range c.Series {
		if s.Name() == name && s.Value[len(s.Value)-1] == want {
			return nil
		}
	}
	return fmt.Errorf("%s is not %g at the end of %+v", name, want, c)
}

func draft(t *testing.T, e *estate.Estate, id int64) (postmortem.Document, error) {
	t.Helper()
	var d postmortem.Document
	err := e.Get(t.Context(), fmt.Sprintf("%s/api/v1/incidents/%d/postmortem?format=json", e.URL(estate.Receiver), id), &d)
	return d, err
}

// tool runs tocsin against the receiver.
func tool(t *testing.T, e *estate.Estate, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(programs, "tocsin"), append(args, "--receiver="+e.URL(estate.Receiver))...)
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

// What a browser saw when its probe failed is on the incident's page.
func TestAnIncidentKeepsThePicture(t *testing.T) {
	servers.Need(t, "chromium", "chromium")
	if testing.Short() {
		t.Skip("-short: the whole line takes minutes")
	}
	t.Parallel()
	e := startWith(t, estate.Options{Edit: func(f *estate.Files) {
		f.Catalogue += `  front:
    team: shop
    probes:
      page: {interval: 30s, timeout: 25s, confirm: 1, browser: [{open: "http://127.0.0.1:10280/"}, {wait: "Welcome to the shop", within: 20s}]}
`
	}})
	eventually(t, "the browser has seen the shop", func() error {
		return count(t, e, 1, `service_probe:tocsin_probe_up:held{service="front"} == 1`)
	})
	turn(t, e, "down/on")
	var id int64
	eventually(t, "there is an incident of what the browser sees", func() error {
		all, err := e.Incidents(t.Context())
		for _, one := range all {
			if one.Service == "front" && one.Audience == "users" {
				id = one.ID
			}
		}
		if err == nil && id == 0 {
			err = fmt.Errorf("the incidents are %+v", all)
		}
		return err
	})
	eventually(t, "its page has the trace", func() error {
		page, _ := read(t, fmt.Sprintf("%s/incidents/%d", e.URL(estate.Receiver), id))
		if !strings.Contains(page, "Probe page from local failed") {
			return errors.New("there is no trace on the page")
		}
		return nil
	})
	if seen, _ := read(t, e.URL(estate.Exporter)+"/results?service=front&probe=page&format=json"); !strings.Contains(seen, `"screenshot":"`) {
		t.Skip("this machine is too busy for the browser to take a picture in time")
	}
	var address string
	eventually(t, "its page has the picture", func() error {
		page, _ := read(t, fmt.Sprintf("%s/incidents/%d", e.URL(estate.Receiver), id))
		found := regexp.MustCompile(`<img src="([^"]*)" alt="What the browser saw when Probe page from local failed`).FindStringSubmatch(page)
		if found == nil {
			return errors.New("there is no picture on the page")
		}
		address = html.UnescapeString(found[1])
		return nil
	})
	picture, kind := read(t, e.URL(estate.Receiver)+address)
	require.Equal(t, "image/png", kind)
	size, err := png.DecodeConfig(bytes.NewReader([]byte(picture)))
	require.NoError(t, err)
	require.Greater(t, size.Width, 100)
}

// read gives a page and its type.
func read(t *testing.T, address string) (text, kind string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode, "%s", body)
	return string(body), answer.Header.Get("Content-Type")
}
