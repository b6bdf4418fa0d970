package discovery

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// patience is how long an answer may take.
const patience = 15 * time.Second

// webList asks a URL for its targets.
type webList struct {
	name     string
	spec     *catalog.HTTPDiscovery
	settings settings
	etag     string
}

func newHTTP(d *catalog.Discovery, s settings) source {
	return &webList{name: d.Name, spec: d.HTTP, settings: s}
}

// run asks each interval.
func (w *webList) run(ctx context.Context, _ []catalog.Candidate, to sink) {
	next := time.NewTimer(0)
	defer next.Stop()
	var list listing
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		fresh, err := w.ask(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			to.failed(err)
		default:
			if fresh != nil {
				list = *fresh
			}
			to.found(list.candidates, list.rejected, nil)
		}
		next.Reset(w.spec.Interval.Std())
	}
}

// ask is the list, or nil when it has not changed.
func (w *webList) ask(ctx context.Context) (*listing, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	client, err := newClient(w.settings, w.spec.CAFile)
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.spec.URL, http.NoBody)
	if err != nil {
		return nil, err
	}
	if err := w.prepare(req); err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusNotModified && w.etag != "" {
		return nil, nil
	}
	return w.take(resp)
}

// prepare sets the headers; X-Prometheus-Refresh-Interval-Seconds is what
// Prometheus itself tells such a server.
func (w *webList) prepare(req *http.Request) error {
	req.Header.Set("User-Agent", w.settings.userAgent)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("X-Prometheus-Refresh-Interval-Seconds", strconv.FormatFloat(w.spec.Interval.Std().Seconds(), 'f', -1, 64))
	if w.etag != "" {
		req.Header.Set("If-None-Match", w.etag)
	}
	for name, text := range w.spec.Headers {
		value, err := text.Read()
		if err != nil {
			return err
		}
		req.Header.Set(name, value)
	}
	return nil
}

// take reads an answer.
func (w *webList) take(resp *http.Response) (*listing, error) {
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s (want 200)", w.spec.URL, resp.Status)
	}
	got := resp.Header.Get("Content-Type")
	if kind, _, err := mime.ParseMediaType(got); err != nil || kind != "application/json" {
		return nil, fmt.Errorf("%s answered with the content type %q (want application/json)", w.spec.URL, short(got))
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the answer of %s: %w", w.spec.URL, err)
	case len(text) > maxAnswer:
		return nil, fmt.Errorf("the answer of %s is too long (want at most %d bytes)", w.spec.URL, maxAnswer)
	}
	l := &listing{source: w.name}
	if err := l.readJSON(w.spec.URL, text); err != nil {
		return nil, err
	}
	w.etag = resp.Header.Get("ETag")
	return l, nil
}

// errElsewhere keeps what a request carries, secrets among it, from another
// host.
var errElsewhere = errors.New("it redirects to another host, which is not followed")

// newClient is a client that trusts a file of certificates, read now, or the
// machine's.
func newClient(s settings, caFile string) (*http.Client, error) {
	transport := s.transport()
	if caFile != "" {
		text, err := os.ReadFile(caFile)
		if err != nil {
			return nil, fmt.Errorf("reading the certificates that are trusted: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("there is no certificate in %q", caFile)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{Transport: transport, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if len(via) >= 5 || req.URL.Host != via[0].URL.Host || req.URL.Scheme != via[0].URL.Scheme {
			return errElsewhere
		}
		return nil
	}}, nil
}
