// Package history is what is over: incidents in short, and how long it took to
// acknowledge and to resolve them.
//
// The store keeps an [Entry] of every incident that closes, the board lists
// them by a [Query] and counts them with [Figures].
//
// Medians and ninetieth percentiles are those of the nearest rank: each is a
// time that an incident really took. The ninetieth percentile of three
// incidents is the slowest of them.
package history

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// Entry is an incident that is over.
type Entry struct {
	ID           incident.ID       `json:"id"`
	Service      string            `json:"service"`
	Team         string            `json:"team"`
	Audience     incident.Audience `json:"audience"`
	Severity     incident.Severity `json:"severity"` // the worst it had
	Title        string            `json:"title"`
	Owner        string            `json:"owner,omitempty"` // the last; a person's id
	Opened       time.Time         `json:"opened"`
	Acknowledged time.Time         `json:"acknowledged,omitzero"` // for the first time; zero for never
	Closed       time.Time         `json:"closed"`
	Drill        bool              `json:"drill,omitempty"`
	Alerts       []string          `json:"alerts,omitempty"` // names of its rules, sorted
}

// Of is the entry of an incident that has closed and was acknowledged first at
// an instant, or never.
func Of(i incident.Incident, acknowledged time.Time) Entry {
	e := Entry{
		ID: i.ID, Service: i.Service, Team: i.Team, Audience: i.Audience, Severity: i.Severity, Title: i.Lead().Summary(), Owner: i.Owner,
		Opened: i.Opened.UTC(), Acknowledged: acknowledged, Closed: i.Closed.UTC(), Drill: i.Drill,
	}
	for _, a := range i.Alerts {
		if a.Severity().Rank() < e.Severity.Rank() {
			e.Severity = a.Severity()
		}
		e.Alerts = append(e.Alerts, a.Name())
	}
	slices.Sort(e.Alerts)
	e.Alerts = slices.Compact(e.Alerts)
	return e
}

// Words are what a search looks at, in small letters.
func (e Entry) Words() string {
	return strings.ToLower(strings.Join(append([]string{e.Title, e.Service}, e.Alerts...), " "))
}

// ToAcknowledge is how long it took until somebody did; false for never.
func (e Entry) ToAcknowledge() (time.Duration, bool) {
	return e.Acknowledged.Sub(e.Opened), !e.Acknowledged.IsZero()
}

// ToResolve is how long it took until it was over.
func (e Entry) ToResolve() time.Duration { return e.Closed.Sub(e.Opened) }

// Query says which entries are wanted, the newest first. What is empty is not
// asked for.
type Query struct {
	Service, Team string
	Audience      incident.Audience
	Severity      incident.Severity
	Text          string    // found anywhere in title, service and names of rules; case does not count
	From, Until   time.Time // between which it closed, From included
	Drills        bool      // exercises too
	After         *Entry    // only what comes after it in the list
	Most          int
}

// Figures are about some incidents. Exercises are never among them.
type Figures struct {
	Name         string // what they have in common
	Count        int
	Acknowledged int // that somebody acknowledged
	Acknowledge  Spread
	Resolve      Spread
}

// Spread is the middle of some times, and what nine of ten stay within. Both
// are zero of none.
type Spread struct{ Median, P90 time.Duration }

// Summarise is the figures of entries by what they have in common, the largest
// first; of as many, by name.
func Summarise(entries []Entry, by func(Entry) string) []Figures {
	of := map[string][]Entry{}
	for _, e := range entries {
		if !e.Drill {
			of[by(e)] = append(of[by(e)], e)
		}
	}
	var list []Figures
	for name, some := range of {
		list = append(list, figures(name, some))
	}
	slices.SortFunc(list, func(a, b Figures) int { return cmp.Or(b.Count-a.Count, cmp.Compare(a.Name, b.Name)) })
	return list
}

func figures(name string, entries []Entry) Figures {
	f := Figures{Name: name, Count: len(entries)}
	var acknowledge, resolve []time.Duration
	for _, e := range entries {
		resolve = append(resolve, e.ToResolve())
		if took, was := e.ToAcknowledge(); was {
			acknowledge = append(acknowledge, took)
		}
	}
	f.Acknowledged = len(acknowledge)
	f.Acknowledge, f.Resolve = spread(acknowledge), spread(resolve)
	return f
}

func spread(times []time.Duration) Spread {
	if len(times) == 0 {
		return Spread{}
	}
	slices.Sort(times)
	at := func(share float64) time.Duration { return times[int(math.Ceil(share*float64(len(times))))-1] }
	return Spread{at(0.5), at(0.9)}
}

// Week is the Monday of an entry's week, by the clock of a zone: 2026-11-23.
func Week(zone *time.Location) func(Entry) string {
	return func(e Entry) string {
		at := e.Closed.In(zone)
		return at.AddDate(0, 0, -(int(at.Weekday())+6)%7).Format(time.DateOnly)
	}
}
