package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// rdapObject is what a registry says of a domain.
func rdapObject(name, ends string, status ...string) string {
	quoted := ""
	if len(status) > 0 {
		quoted = `"` + strings.Join(status, `","`) + `"`
	}
	return fmt.Sprintf(`{"objectClassName":"domain","ldhName":%q,"status":[%s],"events":[{"eventAction":"registration","eventDate":"2001-01-01T00:00:00Z"},{"eventAction":"expiration","eventDate":%q}]}`, name, quoted, ends)
}

// registry answers each question as the map says, by the name asked for, and
// counts them.
func registry(t testing.TB, answers map[string]http.HandlerFunc) (base string, asked *atomic.Int64) {
	t.Helper()
	asked = new(atomic.Int64)
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answer := answers[strings.TrimPrefix(r.URL.Path, "/domain/")]
		if answer == nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/rdap+json")
		answer(w, r)
	})
	return server.URL, asked
}

func saysOf(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

func TestDomain(t *testing.T) {
	ends := time.Now().Add(100 * 24 * time.Hour).UTC().Truncate(time.Second)
	good := rdapObject("EXAMPLE.org.", ends.Format(time.RFC3339), "active", "client transfer prohibited")
	measures := []Measured{{DomainExpiry, float64(ends.Unix())}}
	until := ends.Format("2006-01-02 15:04 MST")
	for _, test := range []struct {
		name, spec, text string
		answer           http.HandlerFunc
		reason           Reason
		measures         []Measured
	}{
		{name: "registered", answer: saysOf(good), measures: measures},
		{name: "for long enough", spec: ", expires_within: 99d", answer: saysOf(good), measures: measures},
		{name: "not for long", spec: ", expires_within: 101d", answer: saysOf(good), measures: measures, reason: ReasonBody, text: "want a registration for more than 101d; found "},
		{name: "ended", answer: saysOf(rdapObject("example.org", "2020-01-01T00:00:00+02:00")), measures: []Measured{{DomainExpiry, 1577829600}}, reason: ReasonBody, text: "the registration of example.org ended on 2019-12-31 22:00 UTC"},
		{name: "on hold", answer: saysOf(rdapObject("example.org", ends.Format(time.RFC3339), "active", "clientHold")), measures: measures, reason: ReasonStatus, text: "the status of example.org is client hold"},
		{name: "on its way out", answer: saysOf(rdapObject("example.org", ends.Format(time.RFC3339), "Pending Delete", "redemption period")), measures: measures, reason: ReasonStatus, text: "the status of example.org is redemption period, pending delete"},
		{name: "not registered", reason: ReasonStatus, text: "the registry knows no example.org: it is not registered, or is a part of what is"},
		{name: "without an end", answer: saysOf(`{"objectClassName":"domain"}`), reason: ReasonBody, text: "the registry does not say when the registration of example.org ends"},
		{name: "too often", answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusTooManyRequests)
		}, reason: ReasonBlocked, text: "asking the registry: status 429: we are asked not to ask for 2m0s; the domain itself was not seen"},
		{name: "a broken registry", answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, reason: ReasonBlocked, text: "asking the registry: status 502, want 200"},
		{name: "no JSON", answer: saysOf("<html>"), reason: ReasonBlocked, text: "the answer is none of RDAP: invalid character"},
		{name: "another object", answer: saysOf(`{"objectClassName":"entity"}`), reason: ReasonBlocked, text: `the answer is none of RDAP on a domain (objectClassName "entity")`},
		{name: "another domain", answer: saysOf(rdapObject("example.com", "2020-01-01T00:00:00Z")), reason: ReasonBlocked, text: `the answer is about "example.com", asked was for example.org`},
		{name: "an end that is no time", answer: saysOf(rdapObject("example.org", "soon")), reason: ReasonBlocked, text: `the registration ends at "soon`},
		{name: "an end that never is", answer: saysOf(rdapObject("example.org", "0001-01-01T00:00:00Z")), reason: ReasonBlocked, text: "which is no time"},
		{name: "deep nesting", answer: saysOf(strings.Repeat("[", maxBody-1)), reason: ReasonBlocked, text: "the answer is none of RDAP"},
		{name: "a giant", answer: saysOf(strings.Repeat(" ", maxBody) + good), reason: ReasonBlocked, text: "the answer has more than 1048576 bytes"},
		{name: "a circle", answer: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, reason: ReasonBlocked, text: "more than 5 redirects"},
		{name: "sent on", answer: func(w http.ResponseWriter, r *http.Request) {
			if r.URL.RawQuery == "" {
				http.Redirect(w, r, r.URL.Path+"?again", http.StatusFound)
				return
			}
			_, _ = io.WriteString(w, good)
		}, measures: measures},
		{name: "sent on to a file", answer: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		}, reason: ReasonBlocked, text: "neither http nor https"},
		{name: "silence", answer: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, reason: ReasonBlocked, text: "asking the registry: timeout after"},
	} {
		t.Run(test.name, func(t *testing.T) {
			base, _ := registry(t, map[string]http.HandlerFunc{"example.org": test.answer})
			limit := time.Minute
			if test.name == "silence" {
				limit = quickly
			}
			r := try(t, `{domain: {name: example.org, server: "`+base+`"`+test.spec+`}}`, limit)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Equal(t, test.reason == ReasonBlocked, r.Outcome == Blocked)
			require.Contains(t, r.Text, test.text)
			require.Equal(t, test.measures, r.Measures)
			if test.name == "not for long" {
				require.Contains(t, r.Text, "left, until "+until)
				require.Contains(t, r.Detail.Expected, "more than 101d")
			}
		})
	}
	r := try(t, `{domain: {name: example.org, server: "http://`+refusing(t)+`"}}`)
	require.Equal(t, Blocked, r.Outcome)
	require.Contains(t, r.Text, "connection refused; the domain itself was not seen")
}

func TestDomainFindsItsRegistry(t *testing.T) {
	ends := time.Now().Add(100 * 24 * time.Hour).Format(time.RFC3339)
	base, asked := registry(t, map[string]http.HandlerFunc{
		"shop.co.uk":        saysOf(rdapObject("shop.co.uk", ends)),
		"xn--bcher-kva.org": saysOf(rdapObject("xn--bcher-kva.org", ends)),
	})
	var list string
	lists := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, list) })
	probe := func(builder *Builder, name string) Result {
		attempt, err := buildWith(t, builder, `{domain: {name: "`+name+`", bootstrap: "`+lists.URL+`/dns.json"}}`)
		require.NoError(t, err)
		r := attempt(t.Context())
		fit(t, r)
		return r
	}
	for _, test := range []struct {
		name, list, domain, text string
		outcome                  Outcome
	}{
		{"the longest suffix", `{"services":[[["uk"],["https://wrong.invalid/"]],[["CO.uk","org"],["ftp://x","` + base + `/"]]]}`, "shop.co.uk", "", Success},
		{"another alphabet", `{"services":[[["org"],["` + base + `"]]]}`, "bücher.org", "", Success},
		{"no registry", `{"services":[[["org"],["` + base + `"]],[],[["x"]]]}`, "shop.de", `services.shop.probes.it.domain.name: the registry of "shop.de" is in no list of RDAP servers (want server: https://rdap.example.org/)`, Failure},
		{"an empty list", `{"services":[]}`, "shop.de", "reading the list of registries: the list of registries is empty", Blocked},
		{"no list", `[1]`, "shop.de", "no list of registries: ", Blocked},
	} {
		t.Run(test.name, func(t *testing.T) {
			list = test.list
			r := probe(NewBuilder(Options{}), test.domain)
			require.Equal(t, test.outcome, r.Outcome, r.Text)
			require.Contains(t, r.Text, test.text)
		})
	}
	list = `{"services":[[["uk"],["` + base + `"]]]}`
	shared := NewBuilder(Options{})
	asked.Store(0)
	for range 3 {
		require.Equal(t, Success, probe(shared, "shop.co.uk").Outcome)
		list = "" // which nobody asks for again
	}
	require.EqualValues(t, 1, asked.Load(), "all probes of an exporter ask once")
}

func TestRegistriesAreAskedOnceADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m memory[string]
		asked, say := 0, func() (string, error) { return "one", nil }
		recall := func() (string, error) {
			age := func(string) time.Duration { return answerAge }
			return m.recall(t.Context(), "q", age, func() (string, error) { asked++; return say() })
		}
		for range 4 {
			value, err := recall()
			require.NoError(t, err)
			require.Equal(t, "one", value)
			time.Sleep(6 * time.Hour)
		}
		require.Equal(t, 1, asked)
		say = func() (string, error) { return "", restraint{errors.New("not now"), 24 * time.Hour} }
		for range 4 * 6 { // a week since it was said
			value, err := recall()
			require.NoError(t, err, "the last answer stands in")
			require.Equal(t, "one", value)
			time.Sleep(6 * time.Hour)
		}
		require.Equal(t, 1+6, asked, "and its wish is honoured")
		_, err := recall()
		require.EqualError(t, err, "not now")
		say = func() (string, error) { return "two", nil }
		time.Sleep(24 * time.Hour)
		value, err := recall()
		require.NoError(t, err)
		require.Equal(t, "two", value)

		say = func() (string, error) { time.Sleep(time.Second); return "three", nil }
		time.Sleep(answerAge)
		asked = 0
		var together sync.WaitGroup
		for range 5 {
			together.Go(func() { _, _ = recall() })
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		time.Sleep(time.Microsecond)
		_, err = m.recall(ctx, "q", func(string) time.Duration { return 0 }, func() (string, error) { return "", nil })
		require.ErrorIs(t, err, context.DeadlineExceeded)
		together.Wait()
		require.Equal(t, 1, asked, "of many one asks")
	})
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": time.Hour, "nonsense": time.Hour, "120": 2 * time.Minute, "-5": time.Minute, "99999999": 24 * time.Hour,
		"Thu, 26 Nov 2026 12:05:00 GMT": 5 * time.Minute, "Thu, 26 Nov 2020 12:05:00 GMT": time.Minute,
	} {
		require.Equal(t, want, retryAfter(http.Header{"Retry-After": {text}}, now), text)
	}
}
