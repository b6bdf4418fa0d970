package board_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/evidence"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/figures"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/postmortem"
)

// damaged has the desk's figures damaged in a context.
type damaged struct{ *desk }

func (damaged) Figures(context.Context, incident.ID) (figures.Figures, error) {
	return figures.Figures{}, errors.New("reading figures: gzip: invalid header")
}

// saw is a trace with a picture.
func (d *desk) saw() evidence.Trace {
	return evidence.Trace{
		Service: "shop", Probe: "login", Location: "london", At: now.Add(-20 * time.Second), Reason: "timeout", Text: d.summary, Step: "wait Welcome", Duration: 5,
		Expected: "Welcome", Found: d.summary, Output: d.summary, Steps: []evidence.Step{{Name: "open", Seconds: .5}}, Picture: true,
	}
}

func (d *desk) Figures(_ context.Context, id incident.ID) (figures.Figures, error) {
	if id != 1 {
		return figures.Figures{}, nil
	}
	from := now.Add(-time.Hour)
	states := figures.Series{Labels: map[string]string{"service": "shop"}}
	for minute := range 61 {
		value := 1.0
		if minute > 58 {
			value = 0
		}
		states.At, states.Value = append(states.At, from.Add(time.Duration(minute)*time.Minute).Unix()), append(states.Value, value)
	}
	return figures.Figures{
		Service: "shop", From: from, Until: now, ReadAt: now, Runs: []figures.Run{{Service: "shop", Pipeline: "deploy", Result: "success", At: now.Add(-10 * time.Minute)}},
		Charts:  []figures.Chart{{Name: "service", Title: "Service", Unit: figures.State, Lowest: true, Step: time.Minute, Series: []figures.Series{states}}},
		Problem: &figures.Problem{Since: now.Add(-time.Minute), Next: now.Add(time.Minute), Text: "connection refused"},
	}, nil
}

func (d *desk) Evidence(_ context.Context, id incident.ID) ([]evidence.Trace, error) {
	if id != 1 {
		return nil, nil
	}
	return []evidence.Trace{d.saw()}, nil
}

func (d *desk) Picture(_ context.Context, id incident.ID, name string) ([]byte, error) {
	if id != 1 || name != d.saw().Name() {
		return nil, board.ErrNotFound
	}
	return []byte("\x89PNG picture"), nil
}

func (*desk) Address() string { return "https://board.example.org" }

func TestTheIncidentsPageShowsWhatWasKept(t *testing.T) {
	server := serve(t, &desk{})
	_, page := ask(t, "GET", server.URL+"/incidents/1", "")
	for _, want := range []string{
		"Likely cause", "shop/deploy was deployed 10 min before it began", "Deployments around it",
		"Probe login from london failed at 22:09:40 UTC after 5 s, at step &#34;wait Welcome&#34;: timeout, shop is down",
		`<svg xmlns="http://www.w3.org/2000/svg" class="plot"`, "<desc id=\"plot-service-about\">shop: down for 2 min of", "<b>O</b>", "<b>D</b>",
		"Prometheus has not answered since 22:09:00 UTC (connection refused)", "The figures end at 22:10:00 UTC.", `href="/incidents/1/postmortem"`, "open: 500 ms",
	} {
		require.Contains(t, page, want)
	}
	require.NotContains(t, page, "style=")
	address := regexp.MustCompile(`<img src="([^"]*)" alt="What the browser saw when Probe login`).FindStringSubmatch(page)
	require.Len(t, address, 2)
	response, text := ask(t, "GET", server.URL+strings.ReplaceAll(address[1], "&amp;", "&"), "")
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, "\x89PNG picture", text)
	require.Equal(t, "image/png", response.Header.Get("Content-Type"))
	require.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"))
	for _, path := range []string{"/incidents/1/picture?of=other", "/incidents/2/picture", "/incidents/x/picture"} {
		response, _ = ask(t, "GET", server.URL+path, "")
		require.Equal(t, http.StatusNotFound, response.StatusCode, path)
	}
	_, page = ask(t, "GET", server.URL+"/incidents/2", "")
	require.NotContains(t, page, "<svg xmlns", "nothing was kept with it")
}

func TestAPageDoesWithoutWhatCannotBeRead(t *testing.T) {
	handler, err := board.New(board.Options{Desk: damaged{&desk{summary: "shop is down"}}, Now: func() time.Time { return now }})
	require.NoError(t, err)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	response, page := ask(t, "GET", server.URL+"/incidents/1", "")
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Contains(t, page, "What was kept with this incident cannot be read: reading figures: gzip: invalid header")
	require.Contains(t, page, "Timeline")
}

func TestPostmortem(t *testing.T) {
	server := serve(t, &desk{})
	response, page := ask(t, "GET", server.URL+"/incidents/1/postmortem", "")
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Contains(t, page, "Post-mortem: shop is down")
	style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindStringSubmatch(page)
	sum := sha256.Sum256([]byte(style[1]))
	require.Contains(t, response.Header.Get("Content-Security-Policy"), "style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	require.NotContains(t, response.Header.Get("Content-Security-Policy"), "unsafe")
	require.Contains(t, response.Header.Get("Content-Security-Policy"), "img-src 'self'")
	require.Contains(t, page, `<img src="/incidents/1/picture?of=`)
	require.Contains(t, page, `href="https://board.example.org/incidents/1"`)

	_, text := ask(t, "GET", server.URL+"/api/v1/incidents/1/postmortem", "")
	require.Contains(t, text, "# Post-mortem: shop is down")
	require.Contains(t, text, "A picture was kept: <https://board.example.org/incidents/1/picture?of=")
	response, text = ask(t, "GET", server.URL+"/api/v1/incidents/1/postmortem?format=html&download=yes", "")
	require.Equal(t, `attachment; filename="postmortem-1.html"`, response.Header.Get("Content-Disposition"))
	require.Contains(t, text, "<!doctype html>")
	require.Contains(t, text, `<img src="data:image/png;base64,iVBORyBwaWN0dXJl"`, "the file needs no other")
	_, text = ask(t, "GET", server.URL+"/api/v1/incidents/1/postmortem?format=json", "")
	var d postmortem.Document
	require.NoError(t, json.Unmarshal([]byte(text), &d))
	require.Equal(t, "shop", d.Service)
	require.Empty(t, d.Pictures[0].PNG)
	_, text = ask(t, "GET", server.URL+"/api/v1/incidents/1/postmortem?format=json&pictures=yes", "")
	require.NoError(t, json.Unmarshal([]byte(text), &d))
	require.Equal(t, "\x89PNG picture", string(d.Pictures[0].PNG))
	for path, code := range map[string]int{"/api/v1/incidents/1/postmortem?format=pdf": 400, "/api/v1/incidents/3/postmortem": 404, "/incidents/3/postmortem": 404, "/incidents/2/postmortem": 200} {
		response, text = ask(t, "GET", server.URL+path, "")
		require.Equal(t, code, response.StatusCode, "%s: %s", path, text)
	}
}
