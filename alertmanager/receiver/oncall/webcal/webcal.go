// Package webcal fetches iCal calendars from the addresses under which Google,
// Outlook and the programs for leave publish them.
//
// It stands beside the on-call engine: the receiver calls [Get] every so often
// and offers what it gives to package duty, which says whether it is a calendar.
// Nothing is kept here.
//
// What a reader would not guess: such an address is a secret, whoever has it can
// read who is away. No error of this package names it, nor anything that the
// server wrote, and it does not go along as the Referer of a redirect, which
// net/http would have it do.
package webcal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/common/version"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall/ical"
	"github.com/tocsin-monitoring/tocsin/internal/wire"
)

const (
	// Patience bounds a fetch as a whole.
	Patience = 30 * time.Second
	// connecting bounds its beginning.
	connecting = 10 * time.Second
	// mostRedirects is more than any provider needs.
	mostRedirects = 5
	// longestVersion bounds what a server calls a version.
	longestVersion = 1 << 10
)

// Version is what a server calls the calendar that it gave. It is asked with it
// whether there is a newer one.
type Version struct{ ETag, Modified string }

// ErrUnchanged says that the calendar is still that of the version.
var ErrUnchanged = errors.New("the calendar has not changed")

// refused is a redirect that is not followed.
type refused struct{ words string }

func (r *refused) Error() string { return r.words }

// NewClient is a client for [Get]; through is nil for the usual transport.
//
// It follows a few redirects, to other hosts too, unlike the clients of the
// channels: providers move calendars between hosts, and a GET carries nothing
// but the address that the server already has. It does not follow one from https
// to http, where everybody on the way could read who is away, or write it.
func NewClient(through http.RoundTripper) *http.Client {
	if through == nil {
		through = wire.NewTransport(connecting)
	}
	return &http.Client{Transport: through, CheckRedirect: func(next *http.Request, via []*http.Request) error {
		switch last := via[len(via)-1]; {
		case len(via) > mostRedirects:
			return &refused{fmt.Sprintf("the server redirects more than %d times", mostRedirects)}
		case next.URL.Scheme != "https" && next.URL.Scheme != "http":
			return &refused{"the server redirects to what is no web address"}
		case next.URL.Scheme == "http" && last.URL.Scheme == "https":
			return &refused{"the server redirects from https to http, which is not followed"}
		}
		next.Header.Del("Referer")
		return nil
	}}
}

// Get fetches a calendar of at most [ical.MostBytes], or gives [ErrUnchanged].
// It does not look into it.
func Get(ctx context.Context, client *http.Client, address string, known Version) ([]byte, Version, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, Version{}, errors.New("the address is malformed")
	}
	request.Header.Set("User-Agent", "tocsin_receiver/"+version.Version)
	request.Header.Set("Accept", "text/calendar, */*;q=0.1")
	for name, value := range map[string]string{"If-None-Match": known.ETag, "If-Modified-Since": known.Modified} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	answer, err := client.Do(request)
	if err != nil {
		if why, ok := errors.AsType[*refused](err); ok {
			return nil, Version{}, why
		}
		return nil, Version{}, errors.New(wire.Words(err, "the answer is not understood"))
	}
	defer func() { _ = answer.Body.Close() }()
	return read(answer, known)
}

// read gives what an answer holds. Some of those who mean "come again later" say
// so with another success than 200.
func read(answer *http.Response, known Version) ([]byte, Version, error) {
	switch {
	case answer.StatusCode == http.StatusNotModified && known != Version{}:
		return nil, known, ErrUnchanged
	case answer.StatusCode != http.StatusOK:
		return nil, Version{}, fmt.Errorf("the server answers %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, ical.MostBytes+1))
	switch {
	case err != nil:
		return nil, Version{}, fmt.Errorf("reading the answer: %s", wire.Words(err, "it is not understood"))
	case len(text) > ical.MostBytes:
		return nil, Version{}, fmt.Errorf("the answer is too long (want at most %d bytes)", ical.MostBytes)
	}
	return text, Version{ETag: bounded(answer.Header.Get("ETag")), Modified: bounded(answer.Header.Get("Last-Modified"))}, nil
}

func bounded(text string) string {
	if len(text) > longestVersion {
		return ""
	}
	return text
}
