package receiver

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/catalog/maintenance"
	"github.com/tocsin-monitoring/tocsin/test/servers"
)

// couple is two receivers over one database, with one clock between them.
type couple struct {
	t      *testing.T
	offset atomic.Int64
	stores [2]*store.Store
	both   [2]*Receiver
	watch  [2]*watch
}

func newCouple(t *testing.T) *couple {
	t.Helper()
	c := &couple{t: t}
	begin := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	now := func() time.Time { return begin.Add(time.Duration(c.offset.Load())) }
	address := "postgres://probe:hunter-two@" + servers.Postgres(t) + "/postgres?sslmode=disable"
	spec, err := catalog.Parse("tocsin.yml", []byte(beating))
	require.NoError(t, err)
	for n := range c.both {
		c.stores[n], err = store.Connect(t.Context(), address)
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.stores[n].Close() })
		require.Eventually(t, func() bool { return c.stores[0].Leads() }, time.Minute, 10*time.Millisecond)
		c.both[n], err = New(t.Context(), Options{Store: c.stores[n], Now: now})
		require.NoError(t, err)
		require.NoError(t, c.both[n].Update(spec))
		c.watch[n] = &watch{receiver: c.both[n], since: now(), looked: now()}
	}
	return c
}

// passes lets time go by, in which those of the receivers look that live.
func (c *couple) passes(d time.Duration, alive ...int) {
	c.t.Helper()
	for range d / watchEvery {
		c.offset.Add(int64(watchEvery))
		for _, n := range alive {
			require.NoError(c.t, c.watch[n].look(c.t.Context()))
		}
	}
}

// open is what the second of them sees open.
func (c *couple) open() []incident.Incident {
	c.t.Helper()
	open, err := c.stores[1].Current(c.t.Context())
	require.NoError(c.t, err)
	return open
}

// The silence of a watchdog, which may beat at either, is one incident, also
// when the one that has raised it ends; the other one sees its end, and the next.
func TestRealTwoReceiversWatchOnce(t *testing.T) {
	c := newCouple(t)
	require.NoError(t, c.both[1].Beat(t.Context(), "alertmanager"))
	c.passes(3*time.Minute, 0, 1)
	require.Empty(t, c.open(), "what beats at one beats for both")
	c.passes(time.Minute, 0, 1)
	raised := c.open()
	require.Len(t, raised, 1)
	require.Len(t, raised[0].Firing(), 1)
	c.passes(time.Minute, 0, 1)
	require.Len(t, c.open()[0].Alerts, 1, "it is raised once")
	require.Len(t, c.open()[0].Messages, len(raised[0].Messages))

	require.NoError(t, c.stores[0].Close())
	require.Eventually(t, c.stores[1].Leads, 2*time.Minute, 10*time.Millisecond)
	c.passes(time.Minute, 1)
	require.Len(t, c.open(), 1)
	require.Len(t, c.open()[0].Alerts, 1, "the other one knows of it")
	require.NoError(t, c.both[1].Beat(t.Context(), "alertmanager"))
	c.passes(watchEvery, 1)
	require.Empty(t, c.open())
	c.passes(4*time.Minute, 1)
	require.Len(t, c.open(), 1, "the other one watches now")
}

// What is entered at one, and which address of a calendar is good, holds at both.
func TestRealTwoReceiversHaveOneCalendar(t *testing.T) {
	c := newCouple(t)
	ctx, who := t.Context(), maintenance.Who{Name: "asha", Via: "the board"}
	e, err := c.both[0].Enter(ctx, oncall.Request{Kind: oncall.Absent, Person: "asha", Duration: "24h"}, who)
	require.NoError(t, err)
	for n, r := range c.both {
		turns := r.Turns(r.now())
		require.Len(t, turns, 1)
		require.Empty(t, turns[0].PrimaryID, "receiver %d", n)
	}
	_, err = c.both[1].EndEntry(ctx, e.ID, who)
	require.NoError(t, err)
	require.Equal(t, "asha", c.both[0].Turns(c.both[0].now())[0].PrimaryID)

	token, err := c.both[0].FeedToken(ctx, board.FeedPerson, "asha")
	require.NoError(t, err)
	_, name, err := c.both[1].CheckFeed(ctx, token)
	require.NoError(t, err)
	require.Equal(t, "asha", name)
	require.NoError(t, c.both[1].RenewFeed(ctx, board.FeedPerson, "asha", true, "asha"))
	_, _, err = c.both[0].CheckFeed(ctx, token)
	require.ErrorIs(t, err, board.ErrFeed, "it was renewed at the other one")
}

// Who is away, by a file or by a calendar that one of them has fetched, is passed
// over by both, and it is fetched once.
func TestRealTwoReceiversKnowWhoIsAway(t *testing.T) {
	c := newCouple(t)
	asked := atomic.Int64{}
	calendar := func(person string) string {
		return "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:" + person + "\nDTSTART;VALUE=DATE:20261120\nDURATION:P30D\nEND:VEVENT\nEND:VCALENDAR\n"
	}
	leave := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = io.WriteString(w, calendar("Ben"))
	}))
	file := filepath.Join(t.TempDir(), "leave.ics")
	require.NoError(t, os.WriteFile(file, []byte(calendar("Asha")), 0o600))
	spec, err := catalog.Parse("tocsin.yml", []byte(strings.NewReplacer(
		"{asha: {name: Asha}}", "{asha: {name: Asha}, ben: {name: Ben}, chi: {name: Chi}}",
		"people: [asha]}", "people: [asha, ben, chi], absences: [{file: "+file+"}, {url: "+leave.URL+"}]}").Replace(beating)))
	require.NoError(t, err)
	is := func(person string) {
		t.Helper()
		for n, r := range c.both {
			require.Equal(t, person, r.Turns(r.now())[0].PrimaryID, "receiver %d", n)
		}
	}
	for _, r := range c.both {
		require.NoError(t, r.Update(spec))
	}
	for _, r := range c.both {
		r.FetchCalendars(t.Context())
	}
	is("chi")
	require.EqualValues(t, 1, asked.Load())

	leave.Close()
	c.offset.Add(int64(time.Hour))
	for n, kept := range c.stores { // another life of each, while nobody answers
		c.both[n], err = New(t.Context(), Options{Store: kept, Now: c.both[n].now})
		require.NoError(t, err)
		require.NoError(t, c.both[n].Update(spec))
		c.both[n].FetchCalendars(t.Context())
	}
	is("chi")
}
