package board

import (
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/catalog/maintenance"
)

type maintenanceView struct {
	frame
	Open, Coming, Past []windowView
	Groups             []group
	Who                who
	Lengths            []length
	Zone               string
	Key                string // of this form, so that sending it twice opens one window
	Longest            string
	Form               form
}

// windowView is one window for people.
type windowView struct {
	ID          int64  // 0 for one of the catalogue
	Title       string // for what
	Reason      string
	Whose       string // who opened it, or its name in the catalogue
	From, Until moment
	Left        string // until it ends, or opens
	Repeats     string // of the catalogue's: first sunday at 02:00
	Acts        []string
	Who         who
	Lengths     []length
}

// group is the services of a team, or those of nobody.
type group struct {
	Team     string // "" for services without a team
	Whole    bool   // chosen
	Services []tick
}

// tick is something to choose.
type tick struct {
	Name   string
	Chosen bool
}

// length is a duration to choose.
type length struct {
	Value, Words string
	Chosen       bool
}

func (b *board) maintenanceView(r *http.Request, windows Windows, f form) maintenanceView {
	c := b.Desk.Catalog()
	v := maintenanceView{
		frame: b.frame(r, "Maintenance"), Form: f, Groups: groups(c, f.What), Key: rand.Text(),
		Zone: b.zone().String(), Longest: lengthWords(c.Defaults.LongestMaintenance), Lengths: lengths(c, f.Length, "30m"),
	}
	v.Live, v.Part = true, true
	v.Who = b.who(r, f.Person)
	for _, w := range windows.Open {
		view := b.windowView(w, windows.Once[w.ID])
		view.Left = notify.Length(w.Until.Sub(b.Now()))
		view.Who, view.Lengths = v.Who, lengths(c, "", "30m")
		v.Open = append(v.Open, view)
	}
	for _, w := range windows.Coming {
		view := b.windowView(w, windows.Once[w.ID])
		view.Left, view.Who = notify.Length(w.From.Sub(b.Now())), v.Who
		v.Coming = append(v.Coming, view)
	}
	for _, o := range windows.Past {
		v.Past = append(v.Past, b.windowView(o.Window(), o))
	}
	return v
}

func (b *board) windowView(w maintenance.Window, o maintenance.Once) windowView {
	zone := b.zone()
	v := windowView{
		ID: w.ID, Title: w.Scope.String(), Reason: notify.OneLine(w.Reason, catalog.LongestReason),
		Whose: w.Name, From: b.moment(w.From, zone), Until: b.moment(w.Until, zone),
	}
	if spec := b.Desk.Catalog().Maintenance[w.Name]; w.ID == 0 && spec != nil {
		v.Repeats = fmt.Sprintf("%s at %s (%s), for %s", spec.Days, spec.At, spec.Timezone, spec.Duration)
	}
	if w.ID != 0 {
		v.Whose = b.name(w.By)
	}
	for _, a := range o.Acts {
		v.Acts = append(v.Acts, b.actWords(a, zone))
	}
	return v
}

// actWords is a line of the record.
func (b *board) actWords(a maintenance.Act, zone *time.Location) string {
	what := string(a.What)
	if a.What == maintenance.Extended {
		what = "made it last until " + b.shortMoment(a.Until, zone)
	} else {
		what += " it"
	}
	return fmt.Sprintf("%s: %s %s, by %s", b.shortMoment(a.At, zone), notify.OneLine(b.name(a.By), 100), what, a.Via)
}

func (b *board) shortMoment(t time.Time, zone *time.Location) string {
	m := b.moment(t, zone)
	if m.Today {
		return m.Minute
	}
	return m.Day + " " + m.Minute
}

// groups are the services by team, those of nobody last.
func groups(c *catalog.Catalog, chosen map[string]bool) []group {
	of := map[string][]tick{}
	for _, name := range slices.Sorted(maps.Keys(c.Services)) {
		team := c.Services[name].Team
		of[team] = append(of[team], tick{name, chosen["service:"+name]})
	}
	var list []group
	for _, team := range slices.Sorted(maps.Keys(of)) {
		if team != "" {
			list = append(list, group{team, chosen["team:"+team], of[team]})
		}
	}
	if nobody := of[""]; len(nobody) > 0 {
		list = append(list, group{Services: nobody})
	}
	return list
}

// lengths are the usual durations, up to the longest that is allowed.
func lengths(c *catalog.Catalog, chosen, usual string) []length {
	longest := c.Defaults.LongestMaintenance
	if chosen == "" {
		chosen = usual
	}
	var list []length
	for _, text := range []string{"15m", "30m", "1h", "2h", "4h", "8h", "12h", "24h"} {
		if d, err := catalog.ParseDuration(text); err == nil && d <= longest {
			list = append(list, length{text, lengthWords(d), text == chosen})
		}
	}
	if len(list) == 0 {
		list = []length{{longest.String(), lengthWords(longest), true}}
	}
	return list
}

// lengthWords is a round duration for people.
func lengthWords(d catalog.Duration) string {
	return strings.TrimSuffix(notify.Length(d.Std()), " 0 min")
}

// maintained says in a line that an incident is in maintenance; "" when it is
// not.
func (b *board) maintained(i incident.Incident) string {
	if !i.Withheld() {
		return ""
	}
	zone := b.Desk.Zone(i.Team)
	m := i.Maintenance
	words := windowWords(m.Window)
	if !m.Ended.IsZero() {
		return fmt.Sprintf("The maintenance is over. What still fires at %s is told. It was: %s", b.shortMoment(m.LiftAt, zone), words)
	}
	return fmt.Sprintf("In maintenance until %s: nobody is told or paged. It is for: %s", b.shortMoment(m.Until, zone), words)
}
