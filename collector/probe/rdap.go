package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-monitoring/tocsin/internal/retry"
)

const (
	// answerAge is how long a registry's answer is believed: a little less than a
	// day, so that a run of every day finds it old.
	answerAge = 23 * time.Hour
	// answerLasts is how long it stands in for a registry that does not answer.
	answerLasts = 7 * 24 * time.Hour
	// maxRegistries bounds what is remembered: of names that have left the
	// catalogue, the old ones are forgotten in the end.
	maxRegistries = 10_000
	// rdapRedirects are the redirects that are followed: registries send on to
	// each other.
	rdapRedirects = 5
)

// registries is what registries said, to all probes. The zero value is ready.
type registries struct {
	domains memory[registration]
	lists   memory[map[string]string]
}

// registration is what a registry says of a domain.
type registration struct {
	missing bool
	ends    time.Time // zero when it does not say
	bad     []string  // of its status values, those with which a domain does not work, or not for long
}

// memory keeps what the servers of others say, by the question.
type memory[T any] struct {
	mu   sync.Mutex
	kept map[string]*remembered[T]
}

// remembered is one answer, and the turn of whoever asks.
type remembered[T any] struct {
	turn chan struct{} // holds one element while somebody reads or asks

	value T
	said  time.Time // zero for never
	until time.Time // nobody asks before
	err   error     // of the last question, when it came to nothing
}

// restraint is the wish of a server not to be asked again for a while.
type restraint struct {
	error
	after time.Duration
}

// Unwrap is the error itself.
func (r restraint) Unwrap() error { return r.error }

func (m *memory[T]) of(key string) *remembered[T] {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil || len(m.kept) == maxRegistries {
		m.kept = make(map[string]*remembered[T])
	}
	if m.kept[key] == nil {
		m.kept[key] = &remembered[T]{turn: make(chan struct{}, 1)}
	}
	return m.kept[key]
}

// recall is the answer to a question, from memory as long as its age is not
// over, or as long as it stands in for a server that does not answer. Of many
// who ask at the same time one does.
func (m *memory[T]) recall(ctx context.Context, key string, age func(T) time.Duration, ask func() (T, error)) (T, error) {
	r := m.of(key)
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		var none T
		return none, fmt.Errorf("waiting for another probe's answer: %w", context.Cause(ctx))
	}
	now := time.Now()
	if !now.Before(r.until) {
		value, err := ask()
		r.err = err
		if wish, is := errors.AsType[restraint](err); is {
			r.until = now.Add(wish.after)
		}
		if err == nil {
			r.value, r.said, r.until = value, now, now.Add(age(value))
		}
	}
	if r.err != nil && !r.said.IsZero() && now.Sub(r.said) < answerLasts {
		return r.value, nil
	}
	return r.value, r.err
}

// ask asks the registry (RFC 9082, 3.1.3).
func (d *domain) ask(ctx context.Context, t *trace) (registration, error) {
	base, err := d.server(ctx, t)
	if err != nil {
		return registration{}, err
	}
	got, err := d.fetch(ctx, t, strings.TrimSuffix(base, "/")+"/domain/"+d.name)
	switch {
	case err != nil:
		return registration{}, err
	case got.status == http.StatusNotFound:
		return registration{missing: true}, nil
	case got.status != http.StatusOK:
		return registration{}, misfitf(ReasonStatus, "status %d, want 200%s", got.status, found(got))
	}
	return registrationOf(got.body, d.name)
}

// server is the base of the addresses of whoever is asked.
func (d *domain) server(ctx context.Context, t *trace) (string, error) {
	if d.spec.Server != "" {
		return d.spec.Server, nil
	}
	everyDay := func(map[string]string) time.Duration { return answerAge }
	list, err := d.shared.lists.recall(ctx, d.spec.Bootstrap+" "+d.spec.CAFile, everyDay, func() (map[string]string, error) {
		got, err := d.fetch(ctx, t, d.spec.Bootstrap)
		switch {
		case err != nil:
			return nil, err
		case got.status != http.StatusOK:
			return nil, misfitf(ReasonStatus, "status %d, want 200%s", got.status, found(got))
		}
		return bootstrapOf(got.body)
	})
	if err != nil {
		return "", fmt.Errorf("reading the list of registries: %w", err)
	}
	for suffix := d.name; suffix != ""; _, suffix, _ = strings.Cut(suffix, ".") {
		if base := list[suffix]; base != "" {
			return base, nil
		}
	}
	return "", ourFault{d.site.errorf("domain.name", "the registry of %s is in no list of RDAP servers (want server: https://rdap.example.org/)", quote(d.name))}
}

// fetch makes one request, and follows where registries send us.
func (d *domain) fetch(ctx context.Context, t *trace, address string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return answer{}, ourFault{err}
	}
	req.Close = true
	req.Header.Set("User-Agent", userAgent())
	req.Header.Set("Accept", "application/rdap+json, application/json;q=0.9")
	e := d.reach.under(t)
	client := &http.Client{Transport: e, CheckRedirect: redirectPolicy{follow: true, limit: rdapRedirects}.under(e)}
	got, err := send(client, t, req, expectation{always: true})
	switch {
	case err != nil:
		return got, err
	case got.size > maxBody:
		return got, misfitf(ReasonProtocol, "the answer has more than %d bytes", maxBody)
	case got.status == http.StatusTooManyRequests:
		after := retryAfter(got.header, time.Now())
		return got, restraint{misfitf(ReasonBlocked, "status 429: we are asked not to ask for %s", after), after}
	}
	return got, nil
}

// retryAfter is for how long we are asked to stay away, a minute to a day.
func retryAfter(header http.Header, now time.Time) time.Duration {
	after, said := retry.After(header, now)
	if !said {
		after = time.Hour
	}
	return min(max(after, time.Minute), 24*time.Hour)
}

// bootstrapOf reads a list of registries (RFC 9224, 4) into the base of each
// suffix. Of several servers one over TLS is taken.
func bootstrapOf(body []byte) (map[string]string, error) {
	var document struct {
		Services [][][]string `json:"services"`
	}
	if err := json.Unmarshal(body, &document); err != nil {
		return nil, misfitf(ReasonProtocol, "no list of registries: %s", bound(printable(err.Error()), maxReason))
	}
	list := make(map[string]string)
	for _, service := range document.Services {
		if len(service) < 2 {
			continue
		}
		base := ""
		for _, text := range service[1] {
			u, err := url.Parse(text)
			if err == nil && u.Host != "" && (u.Scheme == "https" && !strings.HasPrefix(base, "https:") || u.Scheme == "http" && base == "") {
				base = text
			}
		}
		for _, suffix := range service[0] {
			list[strings.ToLower(suffix)] = base
		}
	}
	if len(list) == 0 {
		return nil, misfitf(ReasonProtocol, "the list of registries is empty")
	}
	return list, nil
}

// registrationOf reads a domain object (RFC 9083, 5.3).
func registrationOf(body []byte, name string) (registration, error) {
	var object struct {
		Class  string   `json:"objectClassName"`
		Name   string   `json:"ldhName"`
		Status []string `json:"status"`
		Events []struct {
			Action string `json:"eventAction"`
			Date   string `json:"eventDate"`
		} `json:"events"`
	}
	var r registration
	if err := json.Unmarshal(body, &object); err != nil {
		return r, misfitf(ReasonProtocol, "the answer is none of RDAP: %s", bound(printable(err.Error()), maxReason))
	}
	if object.Class != "domain" {
		return r, misfitf(ReasonProtocol, "the answer is none of RDAP on a domain (objectClassName %s)", quote(object.Class))
	}
	if said := strings.TrimSuffix(object.Name, "."); said != "" && !strings.EqualFold(said, name) {
		return r, misfitf(ReasonProtocol, "the answer is about %s, asked was for %s", quote(said), name)
	}
	r.bad = badStatus(object.Status)
	for _, event := range object.Events {
		if event.Action != "expiration" {
			continue
		}
		ends, err := time.Parse(time.RFC3339, event.Date)
		if err != nil || ends.Year() < 1970 || ends.Year() > 9999 {
			return r, misfitf(ReasonProtocol, "the registration ends at %s, which is no time", quote(event.Date))
		}
		r.ends = ends
		break
	}
	return r, nil
}

// badStatus picks those values with which a domain is not in DNS or about to be
// deleted (RFC 8056 maps those of EPP). Some registries leave out the spaces.
func badStatus(list []string) []string {
	var bad []string
	for _, known := range []string{"client hold", "server hold", "redemption period", "pending delete"} {
		for _, said := range list {
			if strings.EqualFold(strings.ReplaceAll(said, " ", ""), strings.ReplaceAll(known, " ", "")) {
				bad = append(bad, known)
				break
			}
		}
	}
	return bad
}
