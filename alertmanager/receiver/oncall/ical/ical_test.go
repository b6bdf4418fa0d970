package ical_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the test must not depend on the machine

	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall/ical"
)

var (
	from  = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	until = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
)

// file is a calendar with events, whose lines are separated by semicolons that
// stand between blanks.
func file(events ...string) []byte {
	b := strings.Builder{}
	b.WriteString("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\n")
	for n, event := range events {
		fmt.Fprintf(&b, "BEGIN:VEVENT\r\nUID:%d\r\nDTSTAMP:20260101T000000Z\r\n%s\r\nEND:VEVENT\r\n", n, strings.ReplaceAll(event, " ; ", "\r\n"))
	}
	b.WriteString("END:VCALENDAR\r\n")
	return []byte(b.String())
}

func TestParse(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	for _, test := range []struct{ name, event, want string }{
		{"all day", "DTSTART;VALUE=DATE:20260703", "2026-07-02T23:00Z 1d"},
		{"several days", "DTSTART;VALUE=DATE:20260324 ; DTEND;VALUE=DATE:20260331", "2026-03-24T00:00Z 6d23h"},
		{"UTC", "DTSTART:20260703T120000Z ; DTEND:20260703T133000Z", "2026-07-03T12:00Z 1h30m"},
		{"a zone", "DTSTART;TZID=Pacific/Auckland:20260703T120000 ; DURATION:P1DT2H", "2026-07-03T00:00Z 1d2h"},
		{"a zone of Windows", "DTSTART;TZID=W. Europe Standard Time:20260703T120000 ; DURATION:PT1H", "2026-07-03T10:00Z 1h"},
		{"a zone of Windows in quotes", `DTSTART;TZID="New Zealand Standard Time":20260703T120000 ; DURATION:PT1H`, "2026-07-03T00:00Z 1h"},
		{"as Windows shows it", `DTSTART;TZID="(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna":20260703T120000 ; DURATION:PT1H`, "2026-07-03T10:00Z 1h"},
		{"as Windows shows it, without quotes", "DTSTART;TZID=(UTC+00:00) Dublin, Edinburgh, Lisbon, London:20260703T120000 ; DURATION:PT1H", "2026-07-03T11:00Z 1h"},
		{"as Windows shows it in America", `DTSTART;VALUE=DATE-TIME;TZID="(UTC-05:00) Eastern Time (US & Canada)":20260703T120000 ; DURATION:PT1H`, "2026-07-03T16:00Z 1h"},
		{"a path that ends in a zone", "DTSTART;TZID=/freeassociation.sourceforge.net/America/New_York:20260703T120000 ; DURATION:PT1H", "2026-07-03T16:00Z 1h"},
		{"UTC in the words of Teams", "DTSTART;TZID=tzone://Microsoft/Utc:20260703T120000 ; DURATION:PT1H", "2026-07-03T12:00Z 1h"},
		{"no zone is the reader's", "DTSTART:20260703T120000 ; DURATION:PT1H", "2026-07-03T11:00Z 1h"},
		{"an end on another clock", "DTSTART;TZID=Europe/London:20260703T090000 ; DTEND:20260703T160000Z", "2026-07-03T08:00Z 8h"},
		{"a flight", "DTSTART;TZID=Europe/London:20260703T090000 ; DTEND;TZID=America/New_York:20260703T120000", "2026-07-03T08:00Z 8h"},
		{"a day that ends on itself", "DTSTART;VALUE=DATE:20260703 ; DTEND;VALUE=DATE:20260703", "2026-07-02T23:00Z 1d"},
		{"a day of no length", "DTSTART;VALUE=DATE:20260703 ; DURATION:P0D", "2026-07-02T23:00Z 1d"},
		{"two days by their length", "DTSTART;VALUE=DATE:20260703 ; DURATION:P2D", "2026-07-02T23:00Z 2d"},
		{"the last working day of the month", "DTSTART;VALUE=DATE:20260130 ; RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=3", "2026-01-30T00:00Z 1d, 2026-02-27T00:00Z 1d, 2026-03-30T23:00Z 1d"},
		{"the second weekend day of May", "DTSTART;VALUE=DATE:20250504 ; RRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=SA,SU;BYSETPOS=2", "2026-05-02T23:00Z 1d"},
		{"until an instant, over a change of clocks", "DTSTART;TZID=Europe/London:20261023T090000 ; DURATION:PT1H ; RRULE:FREQ=DAILY;UNTIL=20261026T090000Z", "2026-10-23T08:00Z 1h, 2026-10-24T08:00Z 1h, 2026-10-25T09:00Z 1h, 2026-10-26T09:00Z 1h"},
		{"whole days until the evening in UTC", "DTSTART;VALUE=DATE:20260703 ; RRULE:FREQ=DAILY;UNTIL=20260704T225959Z", "2026-07-02T23:00Z 1d, 2026-07-03T23:00Z 1d"},
		{"whole days until midnight east of Greenwich", "DTSTART;VALUE=DATE:20260703 ; RRULE:FREQ=DAILY;UNTIL=20260703T230000Z", "2026-07-02T23:00Z 1d, 2026-07-03T23:00Z 1d"},
		{"whole days until midnight west of it", "DTSTART;VALUE=DATE:20260703 ; RRULE:FREQ=DAILY;UNTIL=20260704T050000Z", "2026-07-02T23:00Z 1d, 2026-07-03T23:00Z 1d"},
		{"a whole day left out by its midnight", "DTSTART;VALUE=DATE:20260105 ; RRULE:FREQ=DAILY;COUNT=2 ; EXDATE;TZID=GMT Standard Time:20260105T000000", "2026-01-06T00:00Z 1d"},
		{"a time left out by its day", "DTSTART;TZID=Europe/London:20260703T090000 ; DURATION:PT1H ; RRULE:FREQ=DAILY;COUNT=2 ; EXDATE;VALUE=DATE:20260703", "2026-07-04T08:00Z 1h"},
		{"left out on two lines", "DTSTART;TZID=Europe/London:20260703T090000 ; DURATION:PT1H ; RRULE:FREQ=DAILY;COUNT=3 ; EXDATE;TZID=Europe/London:20260703T090000 ; EXDATE;TZID=GMT Standard Time:20260704T090000", "2026-07-05T08:00Z 1h"},
		{"left out in another zone", "DTSTART;TZID=Europe/London:20260703T090000 ; DURATION:PT1H ; RRULE:FREQ=DAILY;COUNT=2 ; EXDATE;TZID=America/New_York:20260703T040000", "2026-07-04T08:00Z 1h"},
		{"free, as days of leave are shown", "DTSTART;VALUE=DATE:20260703 ; TRANSP:TRANSPARENT ; X-MICROSOFT-CDO-BUSYSTATUS:FREE", "2026-07-02T23:00Z 1d"},
		{"not granted yet", "DTSTART;VALUE=DATE:20260703 ; STATUS:TENTATIVE ; X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE", "2026-07-02T23:00Z 1d"},
		{"out of office", "DTSTART;VALUE=DATE:20260703 ; X-MICROSOFT-CDO-BUSYSTATUS:OOF", "2026-07-02T23:00Z 1d"},
		{"working elsewhere", "DTSTART;VALUE=DATE:20260703 ; X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE", ""},
		{"with an alarm that has times of its own", "DTSTART;VALUE=DATE:20260703 ; BEGIN:VALARM ; TRIGGER:-PT15M ; DURATION:PT5M ; SUMMARY:x ; END:VALARM", "2026-07-02T23:00Z 1d"},
		{"in lower case", "dtstart;tzid=Pacific/Auckland:20260703T120000 ; duration:PT1H", "2026-07-03T00:00Z 1h"},
		{"daily, until", "DTSTART;VALUE=DATE:20260703 ; RRULE:FREQ=DAILY;INTERVAL=2;UNTIL=20260707", "2026-07-02T23:00Z 1d, 2026-07-04T23:00Z 1d, 2026-07-06T23:00Z 1d"},
		{"weekly, counted", "DTSTART;TZID=Europe/London:20261021T090000 ; DURATION:PT1H ; RRULE:FREQ=WEEKLY;COUNT=3;BYDAY=WE,MO", "2026-10-21T08:00Z 1h, 2026-10-26T09:00Z 1h, 2026-10-28T09:00Z 1h"},
		{"every other week", "DTSTART;VALUE=DATE:20260105 ; RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=3;WKST=SU", "2026-01-05T00:00Z 1d, 2026-01-19T00:00Z 1d, 2026-02-02T00:00Z 1d"},
		{"the last Friday of the month", "DTSTART;VALUE=DATE:20260130 ; RRULE:FREQ=MONTHLY;BYDAY=-1FR;COUNT=2", "2026-01-30T00:00Z 1d, 2026-02-27T00:00Z 1d"},
		{"the last day of the month", "DTSTART;VALUE=DATE:20260131 ; RRULE:FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=2", "2026-01-31T00:00Z 1d, 2026-02-28T00:00Z 1d"},
		{"yearly since long ago", "DTSTART;VALUE=DATE:19701224 ; RRULE:FREQ=YEARLY", "2026-12-24T00:00Z 1d"},
		{"yearly by month and day", "DTSTART;VALUE=DATE:20200504 ; RRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=1MO", "2026-05-03T23:00Z 1d"},
		{"all days left out", "DTSTART;VALUE=DATE:20260105 ; RRULE:FREQ=DAILY;COUNT=2 ; EXDATE;VALUE=DATE:20260105,20260106", ""},
		{"left out in UTC", "DTSTART;TZID=Europe/London:20260703T090000 ; DURATION:PT1H ; RRULE:FREQ=DAILY;COUNT=2 ; EXDATE:20260703T080000Z", "2026-07-04T08:00Z 1h"},
		{"further dates", "DTSTART;VALUE=DATE:20260105 ; RDATE;VALUE=DATE:20260107,20260203 ; RDATE;VALUE=DATE:20300101", "2026-01-05T00:00Z 1d, 2026-01-07T00:00Z 1d, 2026-02-03T00:00Z 1d"},
		{"a further date without a rule's end", "DTSTART;VALUE=DATE:20200105 ; RDATE;VALUE=PERIOD:20260703T120000Z/PT1H", "2026-07-03T11:00Z 1d"},
		{"what never comes again", "DTSTART;VALUE=DATE:20260228 ; RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "2026-02-28T00:00Z 1d"},
		{"called off", "DTSTART;VALUE=DATE:20260703 ; STATUS:CANCELLED", ""},
		{"of another year", "DTSTART;VALUE=DATE:20200703", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			events, err := ical.Parse(file(test.event), from, until)
			require.NoError(t, err)
			var told []string
			for _, e := range events {
				from, until := e.In(london)
				told = append(told, from.UTC().Format("2006-01-02T15:04Z")+" "+model.Duration(until.Sub(from)).String())
			}
			require.Equal(t, test.want, strings.Join(told, ", "))
		})
	}
}

func TestOneHappeningThatWasMoved(t *testing.T) {
	text := strings.ReplaceAll(string(file("DTSTART;VALUE=DATE:20260105 ; RRULE:FREQ=WEEKLY;COUNT=2", "RECURRENCE-ID;VALUE=DATE:20260112 ; DTSTART;VALUE=DATE:20260114")), "UID:1", "UID:0")
	events, err := ical.Parse([]byte(text), from, until)
	require.NoError(t, err)
	require.Len(t, events, 2)
	require.Equal(t, []int{5, 14}, []int{time.Unix(int64(events[0].From), 0).UTC().Day(), time.Unix(int64(events[1].From), 0).UTC().Day()})
}

func TestWhatCannotBeRead(t *testing.T) {
	for _, test := range []struct {
		name string
		text []byte
		want string
	}{
		{"a page to log in", []byte("\n<!DOCTYPE html><html>"), "this is no iCal file but a web page: does the address want a login?"},
		{"something else", []byte(`{"error": "forbidden"}`), "this is no iCal file: it does not begin with BEGIN:VCALENDAR"},
		{"nothing at all", nil, "this is no iCal file: it is empty"},
		{"half of it", file("DTSTART:20260703T120000Z", "DTSTART:20260704T120000Z")[:150], "it does not end with END:VCALENDAR"},
		{"no beginning", file("SUMMARY:x"), "event 1: DTSTART is missing"},
		{"no time", file("DTSTART:yesterday"), "event 1: DTSTART: want a time such as"},
		{"an end before the beginning", file("DTSTART:20260703T120000Z ; DTEND:20260702T120000Z"), "it ends before it begins"},
		{"by the second", file("DTSTART:20260703T120000Z ; RRULE:FREQ=SECONDLY"), "RRULE: FREQ: want DAILY"},
		{"an unknown part", file("DTSTART:20260703T120000Z ; RRULE:FREQ=YEARLY;BYWEEKNO=1"), `"BYWEEKNO" is not understood here`},
		{"a position in the year", file("DTSTART:20260703T120000Z ; RRULE:FREQ=YEARLY;BYDAY=MO;BYSETPOS=1"), "BYSETPOS is understood of the days of a month only"},
		{"nothing", file("DTSTART:20260703T120000Z ; RRULE:INTERVAL=2"), "FREQ is missing"},
		{"no interval", file("DTSTART:20260703T120000Z ; RRULE:FREQ=DAILY;INTERVAL=0"), "INTERVAL: want a number from 1"},
		{"a duration", file("DTSTART:20260703T120000Z ; DURATION:P9999999999D"), "DURATION: want one such as"},
		{"long", make([]byte, ical.MostBytes+1), "the file is too long"},
		{"many events", file(repeated("DTSTART;VALUE=DATE:20260105", 5001)...), "there are too many events"},
		{"many times", file(repeated("DTSTART;VALUE=DATE:20260101 ; RRULE:FREQ=DAILY", 60)...), "events recur too often"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := ical.Parse(test.text, from, until)
			require.ErrorContains(t, err, test.want)
		})
	}
}

// The first time of an event counts although its rule is not understood.
func TestARuleThatIsNotUnderstood(t *testing.T) {
	events, err := ical.Parse(file("DTSTART;VALUE=DATE:20260105 ; RRULE:FREQ=YEARLY;BYSETPOS=1"), from, until)
	require.ErrorContains(t, err, "BYSETPOS")
	require.Len(t, events, 1)
}

// One event that cannot be read takes no other with it.
func TestTheRestOfAFileCounts(t *testing.T) {
	good, bad := "DTSTART;VALUE=DATE:20260105", "DTSTART:yesterday"
	events, err := ical.Parse(file(bad, good, bad, bad, bad, bad), from, until)
	require.Len(t, events, 1)
	require.ErrorContains(t, err, "event 1: DTSTART")
	require.ErrorContains(t, err, "event 3: DTSTART")
	require.ErrorContains(t, err, "and 2 more")
	require.NotContains(t, err.Error(), "event 5")
}

func repeated(text string, times int) []string {
	list := make([]string, times)
	for n := range list {
		list[n] = text
	}
	return list
}

// What is written is escaped and folded, and reads as what it was.
func TestWrite(t *testing.T) {
	b := strings.Builder{}
	summary := "On call, really; for \\ schöne Grüße\nBEGIN:VEVENT" + strings.Repeat(" é", 60)
	at := time.Date(2026, 7, 6, 8, 30, 0, 0, time.UTC)
	require.NoError(t, ical.Write(&b, "Schools", from, []ical.Shift{{ID: "1@tocsin", Summary: summary + "\x00", Description: "a", From: at, Until: at.Add(time.Hour)}}))
	for line := range strings.SplitSeq(b.String(), "\r\n") {
		require.LessOrEqual(t, len(line), 75)
		require.NotContains(t, line, "\n")
	}
	require.Equal(t, 1, strings.Count(b.String(), "\r\nBEGIN:VEVENT"))
	require.Contains(t, b.String(), "\r\nDTSTART:20260706T083000Z\r\n")
	events, err := ical.Parse([]byte(b.String()), from, until)
	require.NoError(t, err)
	require.Equal(t, summary, events[0].Summary)
}

func FuzzParse(f *testing.F) {
	f.Add(file("DTSTART;VALUE=DATE:19000101 ; RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"))
	f.Add(file("DTSTART;TZID=Europe/London:20260703T120000 ; DURATION:PT1H ; EXDATE:20260703T120000 ; RRULE:FREQ=WEEKLY;BYDAY=-1MO;COUNT=4"))
	f.Add([]byte(strings.Repeat("BEGIN:VCALENDAR\r\n", 1000)))
	f.Fuzz(func(t *testing.T, text []byte) {
		events, err := ical.Parse(text, from, until)
		if err != nil {
			return
		}
		for _, e := range events {
			require.LessOrEqual(t, e.From, e.Until)
		}
	})
}
