package callback_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/callback"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

const secret = "s3cr3t-t0ken"

var now = time.Date(2026, 11, 23, 22, 15, 0, 0, time.UTC)

// desk notes what callbacks do.
type desk struct {
	catalog *catalog.Catalog
	open    []incident.Incident
	err     error
	mute    error // of answers
	log     []string
	inputs  []incident.Input  // of what happened elsewhere
	before  map[string]bool   // what was posted
	numbers map[string]string // of people, where they are not the usual ones
	newest  time.Time         // of what has an order
}

func (d *desk) Catalog() *catalog.Catalog { return d.catalog }

func (d *desk) note(format string, args ...any) error {
	if d.err == nil {
		d.log = append(d.log, fmt.Sprintf(format, args...))
	}
	return d.err
}

func (d *desk) Receipt(_ context.Context, in incident.Receipted) error {
	return d.note("%s %s by %s: %s", in.State, in.Recipient, in.Way, in.Problem+in.Progress.Words)
}

// First is as long as the desk lives.
func (d *desk) First(_ context.Context, once callback.Once) (bool, error) {
	if d.err != nil || once.ID == "" {
		return d.err == nil, d.err
	}
	name := once.From + " " + once.ID
	before := d.before[name]
	if d.before == nil {
		d.before = map[string]bool{}
	}
	d.before[name] = true
	return !before, nil
}

func (d *desk) Elsewhere(ctx context.Context, id incident.ID, once callback.Once, do func(incident.Incident) incident.Input) error {
	if fresh, err := d.First(ctx, once); err != nil || !fresh {
		return err
	}
	for _, i := range d.open {
		if i.ID != id {
			continue
		}
		in := do(i)
		if in == nil || once.At.Before(d.newest) && !once.At.IsZero() {
			return nil
		}
		d.newest = once.At
		d.inputs = append(d.inputs, in)
		switch in := in.(type) {
		case incident.Acknowledge:
			return d.note("acknowledge %d %s %s", id, in.Person, in.Via)
		case incident.Resolve:
			return d.note("resolve %d %s %s", id, in.Person, in.Via)
		}
		return d.note("%T", in)
	}
	return nil
}

func (d *desk) Incident(_ context.Context, id incident.ID) (incident.Incident, error) {
	for _, i := range d.open {
		if i.ID == id {
			return i, d.err
		}
	}
	return incident.Incident{}, callback.ErrUnknown
}

func (d *desk) Current(context.Context) ([]incident.Incident, error) { return d.open, d.err }

func (d *desk) People(has func(notify.Contacts) bool) (people []string) {
	for person, contacts := range map[string]notify.Contacts{
		"asha": {Phone: "+44 7700 900123", Email: "asha@example.org", Slack: "U0123ASHA"}, "ben": {Phone: "+44 7700 900124", Email: "ben@example.org", PagerDuty: "PBEN123", VictorOps: "bcarter"}, "chi": {},
	} {
		if number, ok := d.numbers[person]; ok {
			contacts.Phone = number
		}
		if has(contacts) {
			people = append(people, person)
		}
	}
	slices.Sort(people)
	return people
}

func (d *desk) Answer(_ context.Context, provider, number, text string) error {
	if d.mute != nil {
		return d.mute
	}
	return d.note("%s answers %s: %s", provider, number, text)
}

func (d *desk) Called(person string) string { return strings.ToUpper(person[:1]) + person[1:] }

// told is an open incident that asha was sent a text message about.
func told(id incident.ID, service string, at time.Duration) incident.Incident {
	return incident.Incident{
		ID: id, Key: incident.Key{Service: service, Audience: incident.AudienceUsers}, Severity: incident.SeverityCritical,
		Opened: now.Add(-time.Hour), Since: now.Add(-time.Hour),
		Messages: []incident.Message{{
			Number: 1, At: now.Add(-time.Hour + at),
			Deliveries: []incident.Delivery{{Message: 1, Recipient: "asha", Way: incident.WaySMS, State: incident.DeliverySent, Thread: "twilio:SM1"}},
		}},
	}
}

func newDesk(t *testing.T, delivery string) *desk {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "secret"), []byte(secret+"\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "secrets"), []byte(secret+"\n\nn3xt\n"), 0o600))
	c, err := catalog.Parse(filepath.Join(folder, "tocsin.yml"), []byte("links: {board: 'https://board.example.org'}\ndelivery: "+delivery+"\nmonitoring: {team: t}\npeople: {asha: {name: Asha Rao}, ben: {name: Ben Carter}}\nteams: {t: {channels: {pagerduty: {routing_key_file: secret, webhook_secret_file: secrets}, victorops: {api_key_file: secret, routing_key: t, webhook_token_file: secret}}}, bare: {}}\nservices: {s: {team: t, probes: {p: {tcp: {address: '127.0.0.1:1'}}}}}\n"))
	require.NoError(t, err)
	return &desk{catalog: c, open: []incident.Incident{told(3, "shop", 0), told(4, "market", time.Minute)}}
}

// answered is what a provider gets.
func answered(t *testing.T, d *desk, path string, headers map[string]string, body string) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	callback.New(callback.Options{Desk: d, Now: func() time.Time { return now }}).ServeHTTP(w, r)
	require.NotContains(t, w.Body.String(), secret)
	return w.Code, w.Body.String()
}

// deliveries are the providers of these tests.
const deliveries = `{twilio: {account_sid: AC0123456789abcdef0123456789abcdef, auth_token_file: secret, sms_from: '+447700900000', voice_from: '+447700900001'}}`

func TestOnlyAPostIsTaken(t *testing.T) {
	d := newDesk(t, deliveries)
	for _, path := range []string{"/callback/twilio/sms", "/callback/twilio/digits/3.1.asha.voice"} {
		w := httptest.NewRecorder()
		callback.New(callback.Options{Desk: d}).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		require.Equal(t, http.StatusMethodNotAllowed, w.Code)
	}
	code, _ := answered(t, d, "/callback/twilio/sms", nil, strings.Repeat("x", 300<<10))
	require.Equal(t, http.StatusBadRequest, code)
	require.Empty(t, d.log)
}

func TestAProviderThatIsNotConfiguredIsNotAnswered(t *testing.T) {
	code, _ := answered(t, newDesk(t, "{}"), "/callback/twilio/sms", nil, "AccountSid=AC&From=1")
	require.Equal(t, http.StatusNotFound, code)
}
