package ical_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall/ical"
)

// series is a calendar whose events have one UID: a series, and what changes it.
func series(events ...string) []byte {
	text := string(file(events...))
	for n := range events {
		text = strings.Replace(text, "UID:"+string(rune('0'+n)), "UID:series", 1)
	}
	return []byte(text)
}

func TestARangeThatChanges(t *testing.T) {
	const fridays = "SUMMARY:Asha ; DTSTART;VALUE=DATE:20260703 ; RRULE:FREQ=WEEKLY;COUNT=4"
	const mornings = "SUMMARY:Asha ; DTSTART;TZID=Europe/London:20261019T090000 ; DURATION:PT1H ; RRULE:FREQ=DAILY;INTERVAL=4;COUNT=4"
	for name, test := range map[string]struct {
		events []string
		want   []string
	}{
		"to another day, for longer, of somebody else": {
			[]string{fridays, "SUMMARY:Ben ; RECURRENCE-ID;VALUE=DATE;RANGE=THISANDFUTURE:20260710 ; DTSTART;VALUE=DATE:20260709 ; DTEND;VALUE=DATE:20260711"},
			[]string{
				"Asha: 2026-07-02T23:00Z 2026-07-03T23:00Z", "Ben: 2026-07-08T23:00Z 2026-07-10T23:00Z",
				"Ben: 2026-07-15T23:00Z 2026-07-17T23:00Z", "Ben: 2026-07-22T23:00Z 2026-07-24T23:00Z",
			},
		},
		"to another hour, over a change of clocks, named in UTC": {
			[]string{mornings, "SUMMARY:Asha ; RECURRENCE-ID;RANGE=THISANDFUTURE:20261023T080000Z ; DTSTART;TZID=Europe/London:20261023T140000 ; DURATION:PT2H"},
			[]string{
				"Asha: 2026-10-19T08:00Z 2026-10-19T09:00Z", "Asha: 2026-10-23T13:00Z 2026-10-23T15:00Z",
				"Asha: 2026-10-27T14:00Z 2026-10-27T16:00Z", "Asha: 2026-10-31T14:00Z 2026-10-31T16:00Z",
			},
		},
		"it is called off from then on": {
			[]string{fridays, "RECURRENCE-ID;VALUE=DATE;RANGE=THISANDFUTURE:20260717 ; STATUS:CANCELLED ; DTSTART;VALUE=DATE:20260717"},
			[]string{"Asha: 2026-07-02T23:00Z 2026-07-03T23:00Z", "Asha: 2026-07-09T23:00Z 2026-07-10T23:00Z"},
		},
		"twice, and a single one between": {
			[]string{
				"SUMMARY:Ben ; RECURRENCE-ID;VALUE=DATE;RANGE=THISANDFUTURE:20260710 ; DTSTART;VALUE=DATE:20260711", fridays,
				"SUMMARY:Chi ; RECURRENCE-ID;VALUE=DATE;RANGE=THISANDFUTURE:20260724 ; DTSTART;VALUE=DATE:20260724",
				"SUMMARY:Dee ; RECURRENCE-ID;VALUE=DATE:20260717 ; DTSTART;VALUE=DATE:20260720",
			},
			[]string{
				"Asha: 2026-07-02T23:00Z 2026-07-03T23:00Z", "Ben: 2026-07-10T23:00Z 2026-07-11T23:00Z",
				"Dee: 2026-07-19T23:00Z 2026-07-20T23:00Z", "Chi: 2026-07-23T23:00Z 2026-07-24T23:00Z",
			},
		},
		"into the time that is asked for": {
			[]string{"SUMMARY:Asha ; DTSTART;VALUE=DATE:20251201 ; RRULE:FREQ=WEEKLY;COUNT=3", "SUMMARY:Asha ; RECURRENCE-ID;VALUE=DATE;RANGE=THISANDFUTURE:20251208 ; DTSTART;VALUE=DATE:20260608"},
			[]string{"Asha: 2026-06-07T23:00Z 2026-06-08T23:00Z", "Asha: 2026-06-14T23:00Z 2026-06-15T23:00Z"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			events, err := ical.Parse(series(test.events...), from, until)
			require.NoError(t, err)
			require.ElementsMatch(t, test.want, told(t, events))
		})
	}
}

// What a RANGE means that is not understood is told, and the rest counts.
func TestARangeThatIsNotUnderstood(t *testing.T) {
	const fridays = "SUMMARY:Asha ; DTSTART;VALUE=DATE:20260703 ; RRULE:FREQ=WEEKLY;COUNT=2"
	for change, want := range map[string]string{
		"RECURRENCE-ID;VALUE=DATE;RANGE=THISANDPRIOR:20260710 ; DTSTART;VALUE=DATE:20260711":                                          `event 2: RANGE="THISANDPRIOR" is not understood: only the one time of the event is changed (want THISANDFUTURE)`,
		"RECURRENCE-ID;VALUE=DATE;RANGE=THISANDFUTURE:20260710 ; DTSTART;VALUE=DATE:20260711 ; RRULE:FREQ=DAILY":                      "event 2: RANGE=THISANDFUTURE with a rule of its own is not understood: the later times keep the old rule",
		"RECURRENCE-ID;VALUE=DATE;RANGE=THISANDFUTURE:20260710 ; DTSTART;VALUE=DATE:20290711":                                         "event 2: RANGE=THISANDFUTURE moves the later times by more than a year: they stay where they were",
		"RECURRENCE-ID;VALUE=DATE;RANGE=THISANDFUTURE:soon ; DTSTART;VALUE=DATE:20260711":                                             "event 2: RECURRENCE-ID: want a time such as 20261224 or 20261224T090000Z",
		"RECURRENCE-ID;VALUE=DATE;RANGE=THISANDFUTURE:20260710 ; DTSTART:soon":                                                        "event 2: DTSTART: want a time such as 20261224 or 20261224T090000Z",
		"RECURRENCE-ID;VALUE=DATE;RANGE=THISANDFUTURE:20260710 ; STATUS:CANCELLED ; DTSTART;VALUE=DATE:20260711 ; RRULE:FREQ=MONTHLY": "event 2: RANGE=THISANDFUTURE with a rule of its own is not understood: the later times keep the old rule",
	} {
		events, err := ical.Parse(series(fridays, change), from, until)
		require.EqualError(t, err, want)
		require.NotEmpty(t, events)
	}
	_, err := ical.Parse(series("RECURRENCE-ID;VALUE=DATE;RANGE=THISANDFUTURE:20260710 ; DTSTART;VALUE=DATE:20260711"), from, until)
	require.EqualError(t, err, "event 1: RANGE=THISANDFUTURE of an event that is not in the file: the later times are not known")
}
