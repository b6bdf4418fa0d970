package notify_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

// What a tool that rings is told is how the incident is, whatever the message
// was about: a late message says nothing old.
func TestAToolIsToldHowTheIncidentIs(t *testing.T) {
	open, owned, over := func(*notify.Message) {}, func(m *notify.Message) {
		m.Incident.Owner, m.Owner = "asha", "Asha Rao"
	}, func(m *notify.Message) { m.Incident.Closed = m.At }
	for _, c := range []struct {
		way                    string
		open, mild, owned, end string
	}{
		{incident.WayPagerDuty, `"event_action":"trigger"`, `"severity":"warning"`, `"event_action":"acknowledge"`, `"event_action":"resolve"`},
		{incident.WayVictorOps, `"message_type":"CRITICAL"`, `"message_type":"WARNING"`, `"ack_author":"Asha Rao"`, `"message_type":"RECOVERY"`},
	} {
		t.Run(c.way, func(t *testing.T) {
			p := providers(t)[c.way+"/"+c.way].(*toolServer)
			channel := channels(t, p)[c.way]
			p.answer(p.good)
			keys := map[string]bool{}
			for _, step := range []struct {
				change func(*notify.Message)
				want   string
			}{{open, c.open}, {owned, c.owned}, {over, c.end}, {func(m *notify.Message) { m.Incident.Severity = "warning" }, c.mild}} {
				m := message(kind(t, c.way))
				step.change(&m)
				receipt, err := channel.Send(t.Context(), m)
				require.NoError(t, err)
				require.Contains(t, p.taken(), step.want)
				keys[receipt.Thread] = true
			}
			require.Len(t, keys, 1, "all of it is one incident there")
		})
	}
}

// A number alone would be another installation's too.
func TestTheKeyOfAnIncident(t *testing.T) {
	i := incident.Incident{ID: 7, Opened: suiteStart}
	id, ok := notify.ParseIncidentKey(notify.IncidentKey(i))
	require.True(t, ok)
	require.Equal(t, incident.ID(7), id)
	again := i
	again.Opened = i.Opened.Add(time.Second)
	require.NotEqual(t, notify.IncidentKey(i), notify.IncidentKey(again))
	for _, key := range []string{"", "7", "tocsin-x-1", "tocsin-0-1", "nagios-7-1", "d3640fbd41094207a1c11e58e46b1662"} {
		_, ok := notify.ParseIncidentKey(key)
		require.False(t, ok, key)
	}
}

// The id by which PagerDuty calls its incident stays behind the key, so that a
// note finds the way back.
func TestPagerDutysOwnIdStays(t *testing.T) {
	p := newPagerDutyServer(t)
	p.answer(p.good)
	m := message(kind(t, incident.WayPagerDuty))
	m.Thread = notify.IncidentKey(m.Incident) + " PGR0VU2"
	receipt, err := channels(t, p)[incident.WayPagerDuty].Send(t.Context(), m)
	require.NoError(t, err)
	require.Equal(t, m.Thread, receipt.Thread)
}

// The longest texts stay far below what PagerDuty takes.
func TestALongEventFits(t *testing.T) {
	p := newPagerDutyServer(t)
	p.answer(p.good)
	m := message(kind(t, incident.WayPagerDuty))
	long := strings.Repeat("\u00e9\"", 50_000)
	for n := range 500 {
		a := m.Incident.Alerts[0]
		a.Fingerprint = strings.Repeat("f", n)
		a.Annotations = map[string]string{"summary": long, "impact": long, "description": long, "cause": long, "runbook_url": "https://x.example.org/" + long}
		m.Incident.Alerts = append(m.Incident.Alerts, a)
		m.Also = append(m.Also, m.Incident)
	}
	m.News, m.Works = long, []string{long}
	_, err := channels(t, p)[incident.WayPagerDuty].Send(t.Context(), m)
	require.NoError(t, err)
	require.Less(t, len(p.taken()), 100<<10)
}

func TestAToolThatATeamNoLongerHas(t *testing.T) {
	for _, way := range []string{incident.WayPagerDuty, incident.WayVictorOps, incident.WayWebhook} {
		p := providers(t)[way+"/"+way].(*toolServer)
		m := message(kind(t, way))
		m.To.ID = notify.Place(way, "gone")
		_, err := channels(t, p)[way].Send(t.Context(), m)
		require.True(t, notify.IsPermanent(err))
		require.Empty(t, p.got())
	}
}

// Every place has a name, so that no timeline shows an id.
func TestThePlacesHaveNames(t *testing.T) {
	require.Equal(t, "asha", notify.PlaceName("asha"))
	require.Equal(t, "the pull request of deploy", notify.PlaceName("pipeline/deploy"))
	for _, kind := range notify.Kinds() {
		if kind.Tool != nil {
			require.Regexp(t, `^[A-Za-z].* shop$`, notify.PlaceName(notify.Place(kind.Way, "shop")))
		}
	}
}
