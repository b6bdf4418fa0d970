package duty_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// Whose leave it is, as people and programs write it.
func TestWhoseLeaveItIs(t *testing.T) {
	const people = `monitoring: {team: shop}
people: {asha: {name: Asha Rao}, ben: {name: Ben Carter}, anna: {name: Anna Smith}, davies: {name: Ben Davies}, jn: {name: José Núñez}, sam: {name: Sam}, sam2: {name: Sam}, ob: {name: "Niamh O'Brien"}, ann-lee: {name: Ann-Lee}}
teams: {shop: {}}
rotas: {shop: {timezone: Europe/London, handover: daily 09:00, people: [asha, ben, jn, sam, sam2, ob, ann-lee, anna], absences: [{file: leave.ics}]}}
services: {}
`
	for summary, want := range map[string]string{
		"ASHA RAO (leave)": "asha", "Rao\\, Asha - Annual leave": "asha", "Asha’s holiday": "asha", "Asha Rao's leave": "asha", "Leave: asha": "asha",
		"Ben: leave": "ben", "Ben Davies: leave": "", "Carter\\, Ben (Sick)": "ben", "Bentley is away": "", "Ben Davies covers for Ben Carter": "ben",
		"Jose Nunez - Holiday": "jn", "Jose\u0301 Nu\u0301n\u0303ez": "jn", "JOSÉ NÚÑEZ": "jn",
		"Sam": "sam sam2", "Niamh O’Brien": "ob", "Ann-Lee - away": "ann-lee", "Lee": "", "Asha and Ben": "asha ben", "James' day": "",
		// Of another Anna, who is not in the catalogue, as far as can be known.
		"Anna": "anna", "Anna: leave": "anna", "Anna Smith - leave": "anna", "Anna S.": "anna", "Anna (PTO)": "anna", "ANNA HOLIDAY": "anna", "anna off sick": "anna", "Anna's Wedding": "anna",
		"Urlaub Anna": "anna", "Anna 2 days": "anna", "Anna dentist": "anna", "Smith Anna": "anna", "Sick\\, Anna": "anna", "Anna - Jones festival": "anna", "Out of office Anna": "anna",
		"Anna Jones: leave": "", "ANNA JONES": "", "anna jones on leave": "", "Jones Anna (sick)": "", "Anna J": "", "Leave: Anna Jones-Smith": "", "Anna Maria Jones": "", "Anna Jones and Asha": "asha",
		"Sam Hill: leave": "", "Asha Patel": "", "Ben Carter-Jones": "",
	} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "tocsin.yml"), []byte(people), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "leave.ics"), []byte("BEGIN:VCALENDAR\n"+event(summary, "20261104", "20261105")+"END:VCALENDAR\n"), 0o600))
		c, err := catalog.Load(filepath.Join(dir, "tocsin.yml"))
		require.NoError(t, err)
		// Whoever never comes within the rotation of a week is away.
		away := map[string]bool{"asha": true, "ben": true, "jn": true, "sam": true, "sam2": true, "ob": true, "ann-lee": true, "anna": true}
		spec := c.Rotas["shop"]
		for range spec.People {
			spec.People = slices.Concat(spec.People[1:], spec.People[:1])
			rotas, _, err := duty.Read(c, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
			require.NoError(t, err)
			delete(away, rotas["shop"].At(time.Date(2026, 11, 4, 12, 0, 0, 0, time.UTC)).Primary)
		}
		got := []string{}
		for _, person := range []string{"asha", "ben", "jn", "sam", "sam2", "ob", "ann-lee", "anna"} {
			if away[person] {
				got = append(got, person)
			}
		}
		require.Equal(t, want, strings.Join(got, " "), summary)
	}
}

// What may be of somebody else is told.
func TestWhatMayBeOfSomebodyElse(t *testing.T) {
	c := load(t, map[string]string{"closed.ics": "", "leave.ics": event("Ben Jones: leave", "20261109", "20261110") + event("Ben: leave", "20261112", "20261113"), "ben.ics": ""})
	rotas, problems, err := duty.Read(c, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	require.Len(t, problems, 1)
	require.Equal(t, "rotas.shop.absences[0]", problems[0].Path)
	require.EqualError(t, problems[0].Err, "1 of 2 events may be of somebody else: a first name or an id of the catalogue stands beside what may be another surname; they do not count (want full names, or person)")
	require.False(t, problems[0].Unread)
	for day, who := range map[int]string{9: "ben", 12: "asha"} {
		require.Equal(t, who, rotas["shop"].At(time.Date(2026, 11, day, 12, 0, 0, 0, time.UTC)).Primary, day)
	}
}

// A day of leave is a day where the person lives, and a day off that a program
// wrote in UTC is the day that people know.
func TestDaysAreThoseOfThePlace(t *testing.T) {
	const around = `monitoring: {team: shop}
people: {asha: {name: Asha Rao}, pat: {name: Pat}, mo: {name: Mo}}
teams: {shop: {}}
rotas:
  shop:
    timezone: Europe/London
    layers:
      - {people: [asha], handover: daily 09:00}
      - {people: [pat, mo], handover: monday 08:00, timezone: Pacific/Auckland, start: 2026-07-06, only: {times: 08:00-20:00, except: [{file: closed.ics}]}}
    absences: [{file: leave.ics}]
services: {}
`
	dir := t.TempDir()
	closed := "BEGIN:VEVENT\nDTSTART:20260709T230000Z\nDTEND:20260710T230000Z\nSUMMARY:The 10th\nEND:VEVENT\n"
	for name, text := range map[string]string{"tocsin.yml": around, "leave.ics": "BEGIN:VCALENDAR\n" + event("Pat", "20260707", "20260708") + "END:VCALENDAR\n", "closed.ics": "BEGIN:VCALENDAR\n" + closed + "END:VCALENDAR\n"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	c, err := catalog.Load(filepath.Join(dir, "tocsin.yml"))
	require.NoError(t, err)
	rotas, problems, err := duty.Read(c, time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	require.Empty(t, problems)
	auckland, err := time.LoadLocation("Pacific/Auckland")
	require.NoError(t, err)
	for day, who := range map[int]string{6: "pat", 7: "mo", 8: "pat", 9: "pat", 10: "asha", 11: "pat"} {
		for _, hour := range []int{8, 12, 19} {
			require.Equal(t, who, rotas["shop"].At(time.Date(2026, 7, day, hour, 30, 0, 0, auckland)).Primary, "%d %d", day, hour)
		}
	}
}

// Half of a feed does not replace the whole, but is better than nothing.
func TestAFeedThatBreaksOff(t *testing.T) {
	c := load(t, map[string]string{"closed.ics": "", "leave.ics": event("Ben", "20261104", "20261105") + event("Asha Rao", "20261104", "20261105"), "ben.ics": ""})
	leave := duty.Files(c)[2]
	whole, err := os.ReadFile(leave)
	require.NoError(t, err)
	who := func(shelf *duty.Shelf) string {
		rotas, problems, err := shelf.Read(c, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
		require.NoError(t, err)
		require.Len(t, problems, 1)
		require.ErrorContains(t, problems[0].Err, "the file breaks off")
		return rotas["shop"].At(time.Date(2026, 11, 4, 12, 0, 0, 0, time.UTC)).Primary
	}
	shelf := new(duty.Shelf)
	_, problems, err := shelf.Read(c, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	require.Empty(t, problems)
	require.NoError(t, os.WriteFile(leave, whole[:len(whole)-60], 0o600))
	require.Empty(t, who(shelf), "both are away")
	require.Equal(t, "asha", who(new(duty.Shelf)), "of whom nothing is known")
}
