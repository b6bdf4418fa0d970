package callback_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/callback"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

// toolDesk has one team with both tools, whose incident 3 they have rung about.
func toolDesk(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t, "{}")
	d.open[0].Team = "t"
	for _, way := range []string{incident.WayPagerDuty, incident.WayVictorOps} {
		d.open[0].Messages = append(d.open[0].Messages, incident.Message{
			Number: len(d.open[0].Messages) + 1, Kind: incident.MessagePage, At: now,
			Deliveries: []incident.Delivery{{Recipient: notify.Place(way, "t"), Way: way, State: incident.DeliverySent, Thread: notify.IncidentKey(d.open[0])}},
		})
	}
	return d
}

// sign signs a body as PagerDuty does.
func sign(key, body string) string {
	sum := hmac.New(sha256.New, []byte(key))
	sum.Write([]byte(body))
	return "v1=" + hex.EncodeToString(sum.Sum(nil))
}

const (
	byAsha   = `{"id":"PLH1HKV","type":"user_reference","summary":"asha  rao"}`
	byNobody = `{"id":"PF9KMXH","type":"service_reference","summary":"API Service"}`
)

// pagerDutyEvent is a webhook about incident 3; the data has its key.
func pagerDutyEvent(d *desk, kind, agent, data string, at time.Time) string {
	return fmt.Sprintf(`{"event":{"id":"01%d","event_type":%q,"resource_type":"incident","occurred_at":%q,"agent":%s,"client":null,"data":{"id":"PGR0VU2","type":"incident","incident_key":%q%s}}}`,
		at.UnixNano(), kind, at.Format(time.RFC3339Nano), agent, notify.IncidentKey(d.open[0]), data)
}

func fromPagerDuty(t *testing.T, d *desk, body string) int {
	t.Helper()
	code, _ := answered(t, d, "/callback/pagerduty/t", map[string]string{"X-PagerDuty-Signature": sign(secret, body)}, body)
	return code
}

func TestPagerDutySignatures(t *testing.T) {
	d := toolDesk(t)
	body := pagerDutyEvent(d, "incident.acknowledged", byAsha, "", now)
	good, bad := sign(secret, body), sign("another", body)
	for _, c := range []struct {
		name, path, signature string
		code                  int
	}{
		{"good", "t", good, http.StatusNoContent},
		{"while the secret changes", "t", bad + ", " + good, http.StatusNoContent},
		{"by the secret that comes next", "t", sign("n3xt", body), http.StatusNoContent},
		{"none", "t", "", http.StatusForbidden},
		{"another's", "t", bad, http.StatusForbidden},
		{"of another body", "t", sign(secret, body+" "), http.StatusForbidden},
		{"another version", "t", strings.Replace(good, "v1=", "v0=", 1), http.StatusForbidden},
		{"without a version", "t", strings.TrimPrefix(good, "v1="), http.StatusForbidden},
		{"cut short", "t", good[:20], http.StatusForbidden},
		{"by an empty secret", "t", sign("", body), http.StatusForbidden},
		{"of a team without one", "bare", good, http.StatusNotFound},
		{"of no team", "x", good, http.StatusNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.log, d.before = nil, nil
			code, _ := answered(t, d, "/callback/pagerduty/"+c.path, map[string]string{"X-PagerDuty-Signature": c.signature}, body)
			require.Equal(t, c.code, code)
			require.Equal(t, c.code == http.StatusNoContent, len(d.log) == 1)
		})
	}
	code, _ := answered(t, d, "/callback/pagerduty/t", map[string]string{"X-PagerDuty-Signature": sign(secret, "{")}, "{")
	require.Equal(t, http.StatusBadRequest, code)
}

func TestWhatHappensInPagerDutyHappensHere(t *testing.T) {
	const via = incident.WayPagerDuty
	to := `,"assignees":[{"type":"user_reference","summary":"Ben Carter"}]`
	for _, c := range []struct {
		name, kind, agent, data string
		change                  func(*incident.Incident)
		want                    []incident.Input
	}{
		{name: "acknowledged", kind: "incident.acknowledged", agent: byAsha, want: []incident.Input{incident.Acknowledge{Incident: 3, Person: "asha", Via: via}}},
		{name: "by somebody known by mail", kind: "incident.acknowledged", agent: `{"type":"user_reference","summary":"BEN@example.org"}`, want: []incident.Input{incident.Acknowledge{Incident: 3, Person: "ben", Via: via}}},
		{name: "by the id in the contacts", kind: "incident.acknowledged", agent: `{"id":"PBEN123","type":"user_reference","summary":"B. C."}`, want: []incident.Input{incident.Acknowledge{Incident: 3, Person: "ben", Via: via}}},
		{name: "by a stranger", kind: "incident.acknowledged", agent: `{"type":"user_reference","summary":"Tenex/ Engineer\n"}`, want: []incident.Input{incident.Acknowledge{Incident: 3, Person: "Tenex- Engineer", Via: via}}},
		{name: "by nobody: our own, told back", kind: "incident.acknowledged", agent: byNobody},
		{name: "resolved", kind: "incident.resolved", agent: byAsha, want: []incident.Input{incident.Resolve{Incident: 3, Person: "asha", Via: via}}},
		{name: "resolved by a timeout", kind: "incident.resolved", agent: "null"},
		{name: "handed over", kind: "incident.reassigned", agent: byAsha, data: to, want: []incident.Input{incident.Reassign{Incident: 3, Person: "asha", To: "ben", Via: via}}},
		{name: "handed to nobody", kind: "incident.reassigned", agent: byAsha},
		{name: "no longer acknowledged", kind: "incident.unacknowledged", agent: "null", change: func(i *incident.Incident) { i.Owner, i.Via = "asha", via }, want: []incident.Input{incident.Reassign{Incident: 3, Person: "asha", Via: via}}},
		{name: "which was acknowledged here", kind: "incident.unacknowledged", agent: "null", change: func(i *incident.Incident) { i.Owner, i.Via = "asha", "board" }},
		{name: "opened", kind: "incident.triggered", agent: byNobody, want: []incident.Input{incident.Receipted{Incident: 3, Message: 2, Recipient: "pagerduty/t", Way: via, State: incident.DeliveryDelivered, Thread: fmt.Sprintf("tocsin-3-%d PGR0VU2", now.Add(-time.Hour).Unix())}}},
		{name: "a kind that means nothing", kind: "incident.priority_updated", agent: byAsha},
		{name: "another team's incident", kind: "incident.acknowledged", agent: byAsha, change: func(i *incident.Incident) { i.Team = "bare" }},
		{name: "another installation's", kind: "incident.acknowledged", agent: byAsha, change: func(i *incident.Incident) { i.Opened = i.Opened.Add(time.Second) }},
		{name: "an earlier outage's", kind: "incident.acknowledged", agent: byAsha, change: func(i *incident.Incident) { i.Reopened, i.Since = 1, now.Add(time.Second) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := toolDesk(t)
			body := pagerDutyEvent(d, c.kind, c.agent, c.data, now)
			if c.change != nil {
				c.change(&d.open[0])
			}
			require.Equal(t, http.StatusNoContent, fromPagerDuty(t, d, body))
			require.Equal(t, c.want, d.inputs)
		})
	}
}

// A note names PagerDuty's own id, which is known since it said that it has the
// incident.
func TestANoteInPagerDuty(t *testing.T) {
	d := toolDesk(t)
	note := `{"event":{"id":"02","event_type":"incident.annotated","occurred_at":"2026-11-23T22:15:00Z","agent":` + byAsha +
		`,"data":{"id":"P2LA89X","type":"incident_note","content":"It is the disk\u202e.","incident":{"id":"PGR0VU2","type":"incident_reference"}}}}`
	require.Equal(t, http.StatusNoContent, fromPagerDuty(t, d, note))
	require.Empty(t, d.inputs, "nobody knows yet which incident that is")
	d.open[0].Messages[1].Deliveries[0].Thread += " PGR0VU2"
	require.Equal(t, http.StatusNoContent, fromPagerDuty(t, d, strings.Replace(note, `\u202e.`, `\n(told by Tocsin)`, 1)))
	require.Empty(t, d.inputs, "it is ours, told back")
	note = strings.Replace(note, `"02"`, `"03"`, 1)
	require.Equal(t, http.StatusNoContent, fromPagerDuty(t, d, note))
	require.Equal(t, http.StatusNoContent, fromPagerDuty(t, d, note), "it comes again")
	require.Equal(t, []incident.Input{incident.Note{Incident: 3, Person: "asha", Text: "It is the disk.", Via: incident.WayPagerDuty}}, d.inputs)
}

// Posts name a user by id and name. Where a team has a login the mail address is
// asked for; whoever cannot be asked about keeps the name.
func TestAUserOfPagerDutyIsKnownByMail(t *testing.T) {
	d := toolDesk(t)
	asked := ""
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked += r.URL.Path + " "
		if r.URL.Path != "/users/PLH1HKV" || r.Header.Get("Authorization") != "Token token="+secret {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write([]byte(`{"user":{"name":"A. R.","email":"Asha@example.org"}}`))
	}))
	defer api.Close()
	own := d.catalog.Teams["t"].Channels.PagerDuty
	own.URL, own.APITokenFile, own.APIUser = api.URL, own.RoutingKeyFile, "tocsin@example.org"
	for id, want := range map[string]string{"PLH1HKV": "asha", "PXXXXXX": "A. R.", "PBEN123": "ben"} {
		d.inputs, d.before = nil, nil
		body := pagerDutyEvent(d, "incident.acknowledged", `{"id":"`+id+`","type":"user_reference","summary":"A. R."}`, "", now)
		require.Equal(t, http.StatusNoContent, fromPagerDuty(t, d, body))
		require.Equal(t, []incident.Input{incident.Acknowledge{Incident: 3, Person: want, Via: incident.WayPagerDuty}}, d.inputs)
	}
	require.NotContains(t, asked, "PBEN123", "the contacts say who that is")
}

// What comes twice, or late and out of order, changes nothing: the newest that
// was taken counts, and what somebody did here since.
func TestToolsRepeatThemselves(t *testing.T) {
	d := toolDesk(t)
	acked := pagerDutyEvent(d, "incident.acknowledged", byAsha, "", now)
	post := func(body string, inputs int) {
		t.Helper()
		require.Equal(t, http.StatusNoContent, fromPagerDuty(t, d, body))
		require.Len(t, d.inputs, inputs)
	}
	post(acked, 1)
	post(acked, 1)
	d.open[0].Owner, d.open[0].Via = "asha", incident.WayPagerDuty
	post(pagerDutyEvent(d, "incident.unacknowledged", byAsha, "", now.Add(time.Minute)), 2)
	post(pagerDutyEvent(d, "incident.acknowledged", byAsha, "", now.Add(time.Second)), 2)
	post(pagerDutyEvent(d, "incident.triggered", byNobody, "", now.Add(-time.Second)), 3)

	d.open[0].Owner, d.open[0].Via, d.open[0].Acknowledged = "ben", "board", now.Add(time.Hour)
	post(pagerDutyEvent(d, "incident.acknowledged", byAsha, "", now.Add(time.Hour-time.Second)), 3)
	post(pagerDutyEvent(d, "incident.acknowledged", byAsha, "", now.Add(time.Hour)), 4)
	post(pagerDutyEvent(d, "incident.resolved", byAsha, "", now.Add(time.Hour+time.Second)), 5)
	d.newest = time.Time{}
	post(pagerDutyEvent(d, "incident.resolved", byAsha, "", now.Add(-8*24*time.Hour)), 5)
}

func TestAStoreThatIsDownIsAskedAgain(t *testing.T) {
	d := toolDesk(t)
	body := pagerDutyEvent(d, "incident.acknowledged", byAsha, "", now)
	d.err = http.ErrServerClosed
	require.Equal(t, http.StatusServiceUnavailable, fromPagerDuty(t, d, body))
}

func TestLookingAtAToolsAddressDoesNothing(t *testing.T) {
	d := toolDesk(t)
	for _, path := range []string{"/callback/pagerduty/t", "/callback/victorops/t?token=" + secret} {
		w := httptest.NewRecorder()
		callback.New(callback.Options{Desk: d}).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		require.Equal(t, http.StatusMethodNotAllowed, w.Code)
	}
	require.Empty(t, d.inputs)
}
