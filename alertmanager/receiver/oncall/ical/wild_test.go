package ical_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall/ical"
)

// told gives events as a reader in London has them.
func told(t *testing.T, events []ical.Event) []string {
	t.Helper()
	london, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	list := []string{}
	for _, e := range events {
		from, until := e.In(london)
		list = append(list, e.Summary+": "+from.UTC().Format("2006-01-02T15:04Z")+" "+until.UTC().Format("2006-01-02T15:04Z"))
	}
	return list
}

// The files of testdata are shaped like those of the programs that they are
// named after, with data of our own.
func TestFilesOfManyPrograms(t *testing.T) {
	for name, want := range map[string][]string{
		"google.ics": {
			"Asha Rao: leave: 2026-07-02T23:00Z 2026-07-05T23:00Z",
			"Ben, dentist: 2026-07-06T13:00Z 2026-07-06T15:30Z",
			"Chi is away on Fridays: 2026-07-02T23:00Z 2026-07-03T23:00Z",
			"Chi is away on Fridays: 2026-07-16T23:00Z 2026-07-17T23:00Z",
			"Chi is away on a Thursday: 2026-07-22T23:00Z 2026-07-23T23:00Z",
			"Out of office: 2026-07-08T12:00Z 2026-07-08T13:00Z",
		},
		"outlook.ics": {
			"Asha Rao - annual leave: 2026-03-27T00:00Z 2026-03-31T23:00Z",
			"Ben Carter - afternoon off: 2026-07-03T11:00Z 2026-07-03T16:00Z",
			"Ben Carter - afternoon off: 2026-10-30T12:00Z 2026-10-30T17:00Z",
			"Chi Wu - Vancouver: 2026-07-06T16:00Z 2026-07-07T00:00Z",
		},
		"exchange-custom-zone.ics": {
			"Asha: 2026-01-15T08:00Z 2026-01-15T09:00Z",
			"Asha: 2026-07-15T07:00Z 2026-07-15T08:00Z",
			"Ben: 2026-07-15T06:30Z 2026-07-15T07:30Z",
		},
		"apple.ics": {
			"Leave — Asha Rao: 2026-08-09T23:00Z 2026-08-16T23:00Z",
			"Ben’s move: 2026-08-20T17:00Z 2026-08-20T20:00Z",
		},
		"bamboohr.ics": {
			"Asha Rao (Vacation - 3 days): 2026-09-01T23:00Z 2026-09-04T23:00Z",
			"Carter, Ben (Sick - 0.5 days): 2026-09-06T23:00Z 2026-09-07T23:00Z",
			"Company Holiday: Founders' Day: 2026-09-08T23:00Z 2026-09-09T23:00Z",
		},
		"hibob.ics": {
			"José Núñez - Holiday: 2026-10-04T23:00Z 2026-10-09T23:00Z",
		},
		"pagerduty.ics": {
			"On Call - Asha Rao - Schools: 2026-06-29T08:30Z 2026-07-06T08:30Z",
			"On Call - Ben Carter - Schools: 2026-07-06T08:30Z 2026-07-13T08:30Z",
		},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("testdata", name))
			require.NoError(t, err)
			for ending, text := range map[string]string{"as it is": string(text), "with CRLF": strings.ReplaceAll(string(text), "\n", "\r\n"), "with a byte order mark": "\ufeff" + string(text)} {
				events, err := ical.Parse([]byte(text), from, until)
				require.NoError(t, err, ending)
				require.ElementsMatch(t, want, told(t, events), ending)
			}
		})
	}
}

// What stands before the break counts, unless somebody has the whole file.
func TestAFileThatBreaksOff(t *testing.T) {
	whole := string(file("DTSTART;VALUE=DATE:20260703", "DTSTART;VALUE=DATE:20260704", "DTSTART;VALUE=DATE:20260705"))
	for cut := strings.Index(whole, "20260704"); cut < len(whole)-len("END:VCALENDAR\r\n"); cut++ {
		events, err := ical.Parse([]byte(whole[:cut]), from, until)
		require.ErrorIs(t, err, ical.ErrCut)
		require.NotEmpty(t, events, whole[:cut])
		require.Equal(t, 3, time.Unix(int64(events[0].From), 0).UTC().Day())
	}
	_, err := ical.Parse([]byte("BEGIN:VCAL"), from, until)
	require.Error(t, err)
}

// Lines that are none, in a description that was not folded, take nothing with them.
func TestLinesThatAreNone(t *testing.T) {
	text := file("DTSTART;VALUE=DATE:20260703 ; DESCRIPTION:Dear all,\r\n\r\nI am away. \"Quotes\r\nCall Ben: 12345\r\n=20 ; SUMMARY:As\r\n ha\r\n\t Rao", "SUMMARY;LANGUAGE=\"en:gb\":a\\, b\\; c ; DTSTART;X-A=\"1;2:3\";TZID=\"Europe/London\":20260704T120000 ; ATTENDEE;CN=\"x")
	events, err := ical.Parse(text, from, until)
	require.NoError(t, err)
	require.Equal(t, []string{"Asha Rao: 2026-07-02T23:00Z 2026-07-03T23:00Z", "a, b; c: 2026-07-04T11:00Z 2026-07-04T11:00Z"}, told(t, events))
}

// A name that nobody knows is told, once, and read on the reader's clock.
func TestAZoneThatIsNotKnown(t *testing.T) {
	times := "DTSTART;TZID=Middle Earth:20260703T120000 ; DTEND;TZID=Middle Earth:20260703T130000 ; RRULE:FREQ=DAILY;COUNT=2 ; EXDATE;TZID=Middle Earth:20260703T120000"
	events, err := ical.Parse(file(times, times), from, until)
	require.EqualError(t, err, `TZID "Middle Earth" is not known: its times are read on the clock of the rota`)
	require.Equal(t, []string{": 2026-07-04T11:00Z 2026-07-04T12:00Z", ": 2026-07-04T11:00Z 2026-07-04T12:00Z"}, told(t, events))
}

// Zones of a file whose rules cannot be followed are not known.
func TestZonesThatAreDefinedBadly(t *testing.T) {
	for _, zone := range []string{
		"", "BEGIN:STANDARD ; END:STANDARD", "BEGIN:STANDARD ; DTSTART:16010101T000000 ; TZOFFSETTO:x ; END:STANDARD",
		"BEGIN:STANDARD ; DTSTART:16010101T000000 ; TZOFFSETTO:+0100 ; RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-2SU ; END:STANDARD ; BEGIN:DAYLIGHT ; DTSTART:16010101T000000 ; TZOFFSETTO:+0200 ; RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=SU ; END:DAYLIGHT",
	} {
		text := strings.Replace(string(file("DTSTART;TZID=Z:20260703T120000")), "BEGIN:VEVENT", strings.ReplaceAll("BEGIN:VTIMEZONE ; TZID:Z ; "+zone+" ; END:VTIMEZONE ; BEGIN:VEVENT", " ; ", "\r\n"), 1)
		text = strings.ReplaceAll(text, "TZID=Z:", "TZID=Zone:")
		text = strings.ReplaceAll(text, "TZID:Z", "TZID:Zone")
		events, err := ical.Parse([]byte(text), from, until)
		require.ErrorContains(t, err, `TZID "Zone" is not known`, zone)
		require.Len(t, events, 1)
	}
}

// A feed of ten years has more than fits: what is long over is not counted.
func TestTenYearsOfHistory(t *testing.T) {
	b := strings.Builder{}
	b.WriteString("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
	for n := range 30_000 {
		day := time.Date(2016, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n/9)
		fmt.Fprintf(&b, "BEGIN:VEVENT\r\nUID:%d\r\nDTSTART;VALUE=DATE:%s\r\nSUMMARY:Person %d\r\nDESCRIPTION:%s\r\nEND:VEVENT\r\n", n, day.Format("20060102"), n, strings.Repeat("away ", 40))
	}
	b.WriteString("END:VCALENDAR\r\n")
	require.Greater(t, b.Len(), 8<<20)
	year := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	events, err := ical.Parse([]byte(b.String()), year, year.AddDate(1, 0, 0))
	require.NoError(t, err)
	require.Equal(t, 9*366, len(events)) //nolint:testifylint // Len would print them all
}

// The names of Windows are those that Go's package time has, and every zone is
// known to Go.
func TestEveryZoneOfWindows(t *testing.T) {
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	require.NoError(t, err)
	source, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "src", "time", "zoneinfo_abbrs_windows.go"))
	require.NoError(t, err)
	rows := regexp.MustCompile(`(?m)^\s+"([^"]+)":\s+\{.*// (\S+)$`).FindAllStringSubmatch(string(source), -1)
	require.Greater(t, len(rows), 130)
	for _, row := range rows {
		zone, err := time.LoadLocation(row[2])
		require.NoError(t, err, row[2])
		events, err := ical.Parse(file("DTSTART;TZID="+row[1]+":20260703T120000"), from, until)
		require.NoError(t, err, row[1])
		_, want := time.Date(2026, 7, 3, 12, 0, 0, 0, zone).Zone()
		_, got := time.Date(2026, 7, 3, 12, 0, 0, 0, events[0].Zone).Zone()
		require.Equal(t, want, got, row[1])
	}
}
