package duty_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"
	_ "time/tzdata" // the test must not depend on the machine

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall/duty"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

const estate = `monitoring: {team: shop}
people: {asha: {name: Asha Rao}, ben: {name: Ben}, chi: {name: Chi}}
teams: {shop: {}}
rotas:
  shop:
    timezone: Europe/London
    layers:
      - {people: [asha, ben], handover: monday 09:00, start: 2026-11-02}
      - {people: [chi], handover: daily 00:00, only: {holidays: [{file: closed.ics}]}}
    absences: [{file: leave.ics}, {file: ben.ics, person: ben}]
services: {}
`

func load(t *testing.T, files map[string]string) *catalog.Catalog {
	t.Helper()
	dir := t.TempDir()
	for name, events := range files {
		text := "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n" + events + "END:VCALENDAR\n"
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tocsin.yml"), []byte(estate), 0o600))
	c, err := catalog.Load(filepath.Join(dir, "tocsin.yml"))
	require.NoError(t, err)
	return c
}

func event(summary, from, until string) string {
	return "BEGIN:VEVENT\nUID:" + summary + from + "\nSUMMARY:" + summary + "\nDTSTART;VALUE=DATE:" + from + "\nDTEND;VALUE=DATE:" + until + "\nEND:VEVENT\n"
}

func TestRead(t *testing.T) {
	c := load(t, map[string]string{
		"closed.ics": event("Founder's day", "20261103", "20261104"),
		"leave.ics":  event("ASHA RAO (leave)", "20261104", "20261105") + event("Bentley is away", "20261105", "20261106"),
		"ben.ics":    event("Holiday", "20261110", "20261111"),
	})
	require.Len(t, duty.Files(c), 3)
	rotas, problems, err := duty.Read(c, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	require.Len(t, problems, 1)
	require.Equal(t, "rotas.shop.absences[0]", problems[0].Path)
	require.ErrorContains(t, problems[0].Err, "1 of 2 events name nobody of the rota")
	for day, who := range map[int]string{2: "asha", 3: "chi", 4: "ben", 5: "asha", 9: "ben", 10: "asha", 11: "ben"} {
		require.Equal(t, who, rotas["shop"].At(time.Date(2026, 11, day, 12, 0, 0, 0, time.UTC)).Primary, day)
	}
}

// A calendar that is gone, or empty because it was fetched in vain, sends nobody
// back on call.
func TestAFileThatCannotBeReadAnyMore(t *testing.T) {
	c := load(t, map[string]string{"closed.ics": "", "leave.ics": event("Asha Rao", "20261104", "20261105"), "ben.ics": ""})
	shelf := new(duty.Shelf)
	who := func() (string, []duty.Problem) {
		rotas, problems, err := shelf.Read(c, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
		require.NoError(t, err)
		return rotas["shop"].At(time.Date(2026, 11, 4, 12, 0, 0, 0, time.UTC)).Primary, problems
	}
	leave := duty.Files(c)[2]
	require.Equal(t, "leave.ics", filepath.Base(leave))
	primary, problems := who()
	require.Equal(t, "ben", primary)
	require.Empty(t, problems)
	require.NoError(t, os.WriteFile(leave, nil, 0o600))
	primary, problems = who()
	require.Equal(t, "ben", primary)
	require.Len(t, problems, 1)
	require.ErrorContains(t, problems[0].Err, "going on with what stood there before")
	require.NoError(t, os.Remove(leave))
	primary, _ = who()
	require.Equal(t, "ben", primary)
	require.NoError(t, os.WriteFile(leave, []byte("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nEND:VCALENDAR\n"), 0o600))
	primary, problems = who()
	require.Equal(t, "asha", primary, "it was taken out of the file")
	require.Empty(t, problems)
}

// Somebody is on call whatever becomes of a calendar.
func TestAFileThatCannotBeRead(t *testing.T) {
	c := load(t, map[string]string{"closed.ics": "", "leave.ics": event("Ben", "20261104", "20261101")})
	rotas, problems, err := duty.Read(c, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	require.Len(t, problems, 2)
	require.ErrorContains(t, problems[0].Err, "leave.ics\", without what is wrong in it: event 1: it ends before it begins")
	require.ErrorContains(t, problems[1].Err, "ben.ics: no such file")
	require.Equal(t, "asha", rotas["shop"].At(time.Date(2026, 11, 4, 12, 0, 0, 0, time.UTC)).Primary)
}
