package ical

import (
	"io"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
)

// Shift is one event of a feed.
type Shift struct {
	ID          string // the same whenever the same shift is written
	Summary     string
	Description string
	From, Until time.Time
}

// Write writes a calendar. Every event is as of made, so that a reader who
// asks again takes over what has changed.
func Write(w io.Writer, name string, made time.Time, shifts []Shift) error {
	calendar := ics.NewCalendarFor("Tocsin")
	calendar.SetMethod(ics.MethodPublish)
	calendar.SetXWRCalName(clean(name))
	calendar.SetRefreshInterval("PT1H")
	for _, s := range shifts {
		event := calendar.AddEvent(s.ID)
		event.SetDtStampTime(made.UTC())
		event.SetStartAt(s.From.UTC())
		event.SetEndAt(s.Until.UTC())
		event.SetSummary(clean(s.Summary))
		if s.Description != "" {
			event.SetDescription(clean(s.Description))
		}
	}
	return calendar.SerializeTo(w, ics.WithNewLine("\r\n"))
}

// clean takes out what no calendar shows.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}
