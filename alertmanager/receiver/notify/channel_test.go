package notify_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

func kind(t *testing.T, way string) notify.Kind {
	t.Helper()
	for _, k := range notify.Kinds() {
		if k.Way == way {
			return k
		}
	}
	t.Fatalf("no channel for %s", way)
	return notify.Kind{}
}

func TestTheMailsOfAnIncidentAreOneThread(t *testing.T) {
	p := newMailServer(t)
	p.answer(250)
	channel := channels(t, p)[incident.WayEmail]
	m := message(kind(t, incident.WayEmail))
	thread := func() (id, references string) {
		receipt, err := channel.Send(t.Context(), m)
		require.NoError(t, err)
		for line := range strings.Lines(p.taken()) {
			if rest, found := strings.CutPrefix(line, "References: "); found {
				references = strings.TrimSpace(rest)
			}
		}
		return receipt.Thread, references
	}
	first, root := thread()
	again, _ := thread()
	require.Equal(t, first, again, "a repeated send is the same message")
	m.ID, m.Kind = "7.2.asha.email", incident.MessageResolved
	second, sameRoot := thread()
	require.NotEqual(t, first, second)
	require.Equal(t, root, sameRoot)
	require.Contains(t, root, "tocsin-7-")
}

func TestThePhoneRingsOnlyForAPage(t *testing.T) {
	p := newPushServer(t)
	p.answer(200)
	channel := channels(t, p)[incident.WayPush]
	cases := []struct {
		kind     incident.MessageKind
		urgent   bool
		priority float64
		button   bool
	}{
		{incident.MessageOpened, false, 4, true},
		{incident.MessagePage, true, 5, true},
		{incident.MessageResolved, false, 2, false},
	}
	for _, c := range cases {
		t.Run(string(c.kind), func(t *testing.T) {
			m := message(kind(t, incident.WayPush))
			m.Kind, m.Urgent = c.kind, c.urgent
			_, err := channel.Send(t.Context(), m)
			require.NoError(t, err)
			var sent struct {
				Topic, Click string
				Priority     float64
				Actions      []struct{ Action, Method, URL string }
			}
			require.NoError(t, json.Unmarshal([]byte(p.taken()), &sent))
			require.Equal(t, address, sent.Topic)
			require.InDelta(t, c.priority, sent.Priority, 0)
			require.Equal(t, m.Board, sent.Click)
			require.Equal(t, c.button, sent.Actions[0].Action == "http")
			if c.button {
				require.Equal(t, http.MethodPost, sent.Actions[0].Method)
				require.Equal(t, m.AcknowledgeURL, sent.Actions[0].URL)
			}
		})
	}
}

// TestALongPushIsTaken: the server reads twice its limit of JSON and no more, and
// every mark that JSON spells longer counts.
func TestALongPushIsTaken(t *testing.T) {
	p := newPushServer(t)
	p.answer(http.StatusOK)
	channel := channels(t, p)[incident.WayPush]
	for _, text := range []string{"<&>", `"`, "\n", "ж", "🔥", "x"} {
		m := message(kind(t, incident.WayPush))
		a := m.Incident.Alerts[0].Annotations
		a["summary"], a["impact"], a["description"], a["cause"] = strings.Repeat(text, 2000), strings.Repeat(text, 2000), strings.Repeat(text, 4000), strings.Repeat(text, 4000)
		a["runbook_url"], a["dashboard_url"] = "https://x.example.org/"+strings.Repeat("r", 1900), "https://x.example.org/"+strings.Repeat("d", 1900)
		_, err := channel.Send(t.Context(), m)
		require.NoError(t, err, text)
		require.Contains(t, p.taken(), m.AcknowledgeURL, "the button stays")
	}
}

func TestAProviderThatMovedIsNotFollowed(t *testing.T) {
	hits := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits++
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
	defer server.Close()
	p := &pushServer{fake: newFake(t), url: server.URL}
	_, err := channels(t, p)[incident.WayPush].Send(t.Context(), message(kind(t, incident.WayPush)))
	require.True(t, notify.IsPermanent(err))
	require.Equal(t, 1, hits)
}

func TestSubjects(t *testing.T) {
	base := message(kind(t, incident.WayEmail))
	base.Incident.Closed = base.Incident.Since.Add(11 * time.Minute)
	base.News, base.Owner, base.At = "shop is slow", "Ben", base.Incident.Since.Add(time.Hour)
	cases := map[incident.MessageKind]string{
		incident.MessageOpened:       "CRITICAL: shop is down",
		incident.MessageReopened:     "CRITICAL (again): shop is down",
		incident.MessageUpdate:       "CRITICAL (update): shop: shop is slow",
		incident.MessagePage:         "CRITICAL – PLEASE ACKNOWLEDGE: shop is down",
		incident.MessageReminder:     "CRITICAL (still, for 1 h 1 min): shop is down",
		incident.MessageAcknowledged: "CRITICAL (Ben has it): shop is down",
		incident.MessageResolved:     "RESOLVED after 12 min: shop is down",
	}
	for k, want := range cases {
		m := base
		m.Kind = k
		require.Equal(t, want, notify.Compose(m).Subject)
	}
}

func TestLengths(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 42 * time.Second: "42 s", time.Minute: "1 min", 90 * time.Second: "1 min 30 s",
		3*time.Hour + 5*time.Minute: "3 h 5 min", 50 * time.Hour: "2 days 2 h",
	} {
		require.Equal(t, want, notify.Length(d))
	}
}

func TestContacts(t *testing.T) {
	cases := []struct {
		name, text, want string
	}{
		{"all", "email: asha@example.org\nphone: +44 7700 900000\nntfy: asha-x_1\npushover: uQiRzpo4DXghDmr9QzzfQu27cmVRsG\nslack: U0123ABCD\npagerduty: PT23IWX\nvictorops: asha.rao\n", ""},
		{"none", "# nobody knows\n", ""},
		{"a misspelled key", "mail: private@example.org\n", "want a mapping of email, phone, ntfy, pushover, slack, pagerduty and victorops"},
		{"no mapping", "private@example.org\n", "want a mapping"},
		{"an address", "email: private\n", "email: want one address"},
		{"an address with a name", "email: Private <private@example.org>\n", "email: want one address"},
		{"a phone", "phone: 07700 900000\n", "phone: want the international form"},
		{"a user key", "pushover: private\n", "pushover: want a user key"},
		{"a topic", "ntfy: private/topic\n", "ntfy: want a topic"},
		{"a PagerDuty user", "pagerduty: private\n", "pagerduty: want a user's id"},
		{"a Splunk user", "victorops: private person\n", "victorops: want a user's name"},
		{"a Slack account", "slack: private\n", "slack: want a member's id"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "asha.yml")
			require.NoError(t, os.WriteFile(file, []byte(c.text), 0o600))
			_, err := notify.ReadContacts(&catalog.Person{ID: "asha", Contacts: &catalog.Secret{Path: file}})
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, file)
			require.NotContains(t, err.Error(), "private")
		})
	}
	missing, err := notify.ReadContacts(&catalog.Person{ID: "asha"})
	require.NoError(t, err)
	require.Zero(t, missing)
}

// TestMailDoesNotGoOutInTheClear: a relay that is asked for STARTTLS and does
// not offer it gets nothing.
func TestMailDoesNotGoOutInTheClear(t *testing.T) {
	p := newMailServer(t)
	p.answer(250)
	for _, encryption := range []string{"starttls", "tls"} {
		secure := &encrypted{mailServer: p, tls: encryption}
		_, err := channels(t, secure)[incident.WayEmail].Send(t.Context(), message(kind(t, incident.WayEmail)))
		require.Error(t, err, encryption)
		require.Empty(t, p.taken())
	}
}

// encrypted is a mail server that the catalogue wants to be spoken to by TLS.
type encrypted struct {
	*mailServer
	tls string
}

func (e *encrypted) catalogue() string {
	return strings.Replace(e.mailServer.catalogue(), "}", ", tls: "+e.tls+"}", 1)
}
