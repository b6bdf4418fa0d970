package duty_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall/duty"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

const fed = `monitoring: {team: shop}
people: {asha: {name: Asha Rao}, ben: {name: Ben}}
teams: {shop: {}}
rotas:
  shop:
    timezone: Europe/London
    layers:
      - {people: [asha, ben], handover: monday 09:00, start: 2026-11-02}
      - {people: [ben], handover: daily 00:00, only: {holidays: [{url: "https://example.org/closed.ics", every: 1h}], except: [{file: open.ics}]}}
    absences: [{url_file: leave, every: 1h}]
  again: {timezone: Europe/London, handover: monday 09:00, people: [asha], absences: [{url_file: leave}, {file: open.ics, person: asha}]}
services: {}
`

// A calendar that is fetched counts once it is offered, until it is offered anew.
func TestWhatIsFetched(t *testing.T) {
	dir, now := t.TempDir(), time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tocsin.yml"), []byte(fed), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "open.ics"), []byte("BEGIN:VCALENDAR\nEND:VCALENDAR\n"), 0o600))
	c, err := catalog.Load(filepath.Join(dir, "tocsin.yml"))
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(dir, "open.ics")}, duty.Files(c))
	feeds := duty.Feeds(c)
	require.Len(t, feeds, 2)
	leave := filepath.Join(dir, "leave")
	require.Equal(t, leave, feeds[0].ID())
	require.Equal(t, 15*time.Minute, feeds[0].Interval(), "as one of its places wants it")

	shelf := new(duty.Shelf)
	who := func(day int) (string, []duty.Problem) {
		t.Helper()
		rotas, problems, err := shelf.Read(c, now)
		require.NoError(t, err)
		return rotas["shop"].At(time.Date(2026, 11, day, 12, 0, 0, 0, time.UTC)).Primary, problems
	}
	primary, problems := who(4)
	require.Equal(t, "asha", primary)
	require.Len(t, problems, 3)
	require.Equal(t, "rotas.again.absences[0].url_file", problems[0].Path)
	require.Equal(t, "rotas.shop.layers[1].only.holidays[0].url", problems[1].Path)
	for _, problem := range problems {
		require.ErrorIs(t, problem.Err, duty.ErrNotFetched)
		require.True(t, problem.Unread)
	}

	whole := "BEGIN:VCALENDAR\n" + event("Asha Rao", "20261104", "20261105") + event("Ben", "20261105", "20261106") + "END:VCALENDAR\n"
	half := whole[:strings.Index(whole, "SUMMARY:Ben")]
	require.ErrorContains(t, shelf.Offer(leave, []byte("<html>"), now), "a web page: does the address want a login?")
	require.ErrorContains(t, shelf.Offer(leave, []byte(half), now), "the file breaks off")
	primary, _ = who(4)
	require.Equal(t, "ben", primary, "half is better than nothing")
	require.NoError(t, shelf.Offer(leave, []byte(whole), now))
	require.NoError(t, shelf.Offer("https://example.org/closed.ics", []byte("BEGIN:VCALENDAR\n"+event("Closed", "20261103", "20261104")+"END:VCALENDAR\n"), now))
	primary, problems = who(3)
	require.Equal(t, "ben", primary, "a holiday")
	require.Empty(t, problems)

	before := shelf.Changes()
	require.ErrorContains(t, shelf.Offer(leave, []byte(half), now), "the file breaks off")
	require.Error(t, shelf.Offer(leave, nil, now))
	require.Equal(t, before, shelf.Changes())
	shelf.Note(leave, errors.New("the server answers 500"))
	shelf.Note(leave, errors.New("the server answers 500"))
	require.Equal(t, before+1, shelf.Changes())
	primary, problems = who(4)
	require.Equal(t, "ben", primary)
	require.EqualError(t, problems[0].Err, "the calendar cannot be fetched: the server answers 500 (going on with what stood there before)")
	require.True(t, problems[0].Unread)
	shelf.Note(leave, nil)
	require.Equal(t, before+2, shelf.Changes())

	require.NoError(t, shelf.Offer(leave, []byte(strings.Replace(whole, "DTSTART", "RRULE:FREQ=HOURLY\nDTSTART", 1)), now))
	primary, problems = who(4)
	require.Equal(t, "ben", primary)
	require.ErrorContains(t, problems[0].Err, "without what is wrong in it: event 1: RRULE")
	require.False(t, problems[0].Unread)
}
