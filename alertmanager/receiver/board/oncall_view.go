package board

import (
	"net/http"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// weeksShown is how many weeks the calendar has.
const weeksShown = 4

type onCallView struct {
	frame
	Rotas                 []rotaView
	Entries               []entryView
	People                []choice // to choose from
	Who                   who
	Names                 []string // of rotas
	Form                  entryForm
	Earlier, Later, Today string // dates of the first day
	Mine, MineName        string // the feed of whoever acts from this browser
	me                    string
}

type rotaView struct {
	Name, Zone string
	Teams      []string
	Now        shiftView
	Next       shiftView
	Gap        *shiftView // the next, unless gaps are meant
	Weeks      [][]dayView
	Feed       string // "" when it is switched off
	Who        who
	Unreached  []string // names of who is on call and cannot be told
	Troubles   []string // with its calendars
}

type shiftView struct {
	Who, Backup string // "" for nobody
	From, Until moment
	Entered     bool
}

// dayView is a day of the calendar, with who is on call in it.
type dayView struct {
	Day    string // Mon 23 Nov
	Today  bool
	Shifts []dayShift
}

type dayShift struct {
	Who     string
	Time    string // from when, on this day; "" for what goes on
	Mine    bool
	Entered bool
}

type entryView struct {
	ID          int64
	What        string
	From, Until moment
	Reason      string
	Acts        []string
	Who         who
}

// formPart is what the three forms have in common; the ID tells theirs apart.
type formPart struct {
	ID   string
	View onCallView
}

// When is the part of a form that says when and for which rota.
func (v onCallView) When(id string) formPart { return formPart{id, v} }

func (b *board) onCallView(r *http.Request, rotas []Rota, entries []oncall.Entry, f entryForm) onCallView {
	me := acting(r, remembered(r))
	v := onCallView{frame: b.frame(r, "On call"), Form: f, People: b.people(r, f.By), Who: b.who(r, f.By)}
	first := b.firstDay(r)
	v.Earlier, v.Later = first.AddDate(0, 0, -7*weeksShown).Format(time.DateOnly), first.AddDate(0, 0, 7*weeksShown).Format(time.DateOnly)
	unreached := map[string][]string{}
	for _, t := range b.Desk.Turns(b.Now()) {
		unreached[t.Rota] = t.Unreached
	}
	for _, one := range rotas {
		v.Names = append(v.Names, one.Name)
		view := b.rotaView(one, first, me)
		view.Who, view.Unreached = v.Who, unreached[one.Name]
		v.Rotas = append(v.Rotas, view)
	}
	for _, e := range entries {
		v.Entries = append(v.Entries, b.entryView(e, b.rotaZone(r.Context(), e.Rota), v.Who))
	}
	if b.Desk.Catalog().People[me] != nil {
		v.me, v.MineName = me, b.name(me)
	}
	return v
}

// feeds adds the addresses of the calendars that are not switched off.
func (b *board) feeds(r *http.Request, v *onCallView) error {
	address := func(kind, name string) (string, error) {
		token, err := b.Desk.FeedToken(r.Context(), kind, name)
		if token == "" || err != nil {
			return "", err
		}
		return "/calendar/" + token + ".ics", nil
	}
	var err error
	for n := range v.Rotas {
		if v.Rotas[n].Feed, err = address(FeedRota, v.Rotas[n].Name); err != nil {
			return err
		}
	}
	if v.me != "" {
		v.Mine, err = address(FeedPerson, v.me)
	}
	return err
}

// firstDay is the Monday of the week that is asked for, or of this one.
func (b *board) firstDay(r *http.Request) time.Time {
	day := b.Now().In(b.zone())
	if asked, err := time.Parse(time.DateOnly, r.URL.Query().Get("from")); err == nil && asked.Sub(day).Abs() < 2*366*24*time.Hour {
		day = asked
	}
	monday := day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
	return time.Date(monday.Year(), monday.Month(), monday.Day(), 0, 0, 0, 0, time.UTC)
}

func (b *board) rotaView(one Rota, first time.Time, me string) rotaView {
	now, zone := b.Now(), one.Rota.Zone()
	v := rotaView{
		Name: one.Name, Zone: zone.String(), Teams: one.Teams, Troubles: one.Troubles,
		Now: b.shiftView(one.Rota.At(now), zone), Next: b.shiftView(one.Rota.Next(now), zone),
	}
	if !one.Rota.GapsAllowed() {
		if gaps := one.Rota.Gaps(now, now.Add(feedFuture)); len(gaps) > 0 {
			gap := b.shiftView(gaps[0], zone)
			v.Gap = &gap
		}
	}
	for week := range weeksShown {
		var days []dayView
		for day := range 7 {
			days = append(days, b.dayView(one.Rota, first.AddDate(0, 0, 7*week+day), me))
		}
		v.Weeks = append(v.Weeks, days)
	}
	return v
}

func (b *board) shiftView(s oncall.Shift, zone *time.Location) shiftView {
	v := shiftView{From: b.moment(s.From, zone), Until: b.moment(s.Until, zone), Entered: s.Entry != 0}
	if s.Primary != "" {
		v.Who = b.name(s.Primary)
	}
	if s.Backup != "" {
		v.Backup = b.name(s.Backup)
	}
	return v
}

func (b *board) dayView(rota *oncall.Rota, date time.Time, me string) dayView {
	zone := rota.Zone()
	from := time.Date(date.Year(), date.Month(), date.Day(), 0, 0, 0, 0, zone)
	until := time.Date(date.Year(), date.Month(), date.Day()+1, 0, 0, 0, 0, zone)
	v := dayView{Day: date.Format("Mon 2 Jan"), Today: b.Now().In(zone).Format(time.DateOnly) == date.Format(time.DateOnly)}
	for _, s := range rota.Shifts(from, until) {
		one := dayShift{Who: b.name(s.Primary), Mine: s.Primary != "" && s.Primary == me, Entered: s.Entry != 0}
		if s.From.After(from) {
			one.Time = s.From.Format("15:04")
		}
		v.Shifts = append(v.Shifts, one)
	}
	return v
}

func (b *board) entryView(e oncall.Entry, zone *time.Location, who who) entryView {
	v := entryView{
		ID: e.ID, From: b.moment(e.From, zone), Until: b.moment(e.Until, zone), Who: who,
		Reason: notify.OneLine(e.Reason, catalog.LongestReason), What: b.entryWords(e, zone),
	}
	for _, a := range e.Acts {
		v.Acts = append(v.Acts, b.actWords(a, zone))
	}
	return v
}

func (b *board) entryWords(e oncall.Entry, zone *time.Location) string {
	switch e.Kind {
	case oncall.Override:
		return b.name(e.Instead) + " is on call for " + e.Rota
	case oncall.Swap:
		words := b.name(e.Instead) + " takes " + b.name(e.Person) + "’s turn on " + e.Rota
		if e.Return != nil {
			words += ", and " + b.name(e.Person) + " theirs from " + b.shortMoment(e.Return.From, zone) + " to " + b.shortMoment(e.Return.Until, zone)
		}
		return words
	case oncall.Absent:
	}
	if e.Rota != "" {
		return b.name(e.Person) + " is away from " + e.Rota
	}
	return b.name(e.Person) + " is away"
}
