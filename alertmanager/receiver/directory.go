package receiver

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall/duty"
	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/catalog/maintenance"
	"github.com/tocsin-monitoring/tocsin/internal/amapi"
)

// directory is one catalogue as the receiver reads it. It never changes.
type directory struct {
	catalog  *catalog.Catalog
	rotas    duty.Rotas
	problems []duty.Problem            // with files of rotas
	zones    map[string]*time.Location // of each team
	channels notify.Channels
	plan     *maintenance.Plan
	graph    graph
	profile  profiles       // nil where nobody has one
	everyone []board.Person // by name

	alertmanager *amapi.Client // logs in as this catalogue says
}

func newDirectory(c *catalog.Catalog, settings notify.Settings, shelf *duty.Shelf, now time.Time) (*directory, error) {
	d := &directory{catalog: c, zones: map[string]*time.Location{}, graph: newGraph(c)}
	var err error
	if d.rotas, d.problems, err = shelf.Read(c, now); err != nil {
		return nil, c.Errorf("rotas", "%v", err)
	}
	for name, team := range c.Teams {
		d.zones[name] = zoneOf(c, team)
	}
	d.everyone = everyone(c)
	plan, err := maintenance.New(c)
	if err != nil {
		return nil, err
	}
	d.plan = plan
	d.alertmanager = amapi.New(c.Accounts.Alertmanager, cmp.Or(settings.HTTP, http.DefaultClient))
	settings.Catalog = c
	channels, err := notify.Open(settings)
	if err != nil {
		return nil, err
	}
	d.channels = channels
	return d, nil
}

// everyone lists the people of a catalogue by name.
func everyone(c *catalog.Catalog) []board.Person {
	people := make([]board.Person, 0, len(c.People))
	for id, p := range c.People {
		people = append(people, board.Person{ID: id, Name: cmp.Or(p.Name, id)})
	}
	slices.SortFunc(people, func(a, b board.Person) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return people
}

// zoneOf is the zone in which a team reads the clock: that of its rota, or
// else that of its hours.
func zoneOf(c *catalog.Catalog, team *catalog.Team) *time.Location {
	name := ""
	if hours := c.Hours[team.Hours]; hours != nil {
		name = hours.Timezone
	}
	if rota := c.Rotas[team.Rota]; rota != nil {
		name = rota.Timezone
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return zone
}

// team is the one that looks after a service: its own, the one that the alert
// names, or the one that takes what is nobody's.
func (d *directory) team(service, named string) *catalog.Team {
	if s := d.catalog.Services[service]; s != nil && s.Team != "" {
		named = s.Team
	}
	if team := d.catalog.Teams[named]; team != nil {
		return team
	}
	if service == "tocsin" {
		return d.catalog.Teams[d.catalog.Monitoring.Team]
	}
	return d.catalog.Teams[d.catalog.Monitoring.FallbackTeam]
}

// terms is the policy's question about one service.
func (d *directory) terms(service, named string) incident.Terms {
	spec := d.catalog.Services[service]
	team := d.team(service, named)
	t := incident.Terms{
		Catalogued: spec != nil, PageAfter: d.catalog.Defaults.PageAfter.Std(), PagesFrom: always,
		AcknowledgedFor: d.catalog.Defaults.AcknowledgementTimeout.Std(), Dependencies: d.graph.below[service],
	}
	if team == nil {
		return t
	}
	page, pageOn := team.Page, team.PageOn
	t.Team, t.ProductManager, t.Tools = team.Name, team.ProductManager != "", len(notify.Tools(team)) > 0
	if spec != nil {
		page, pageOn, t.PageAfter = spec.Page, spec.PageOn, spec.PageAfter.Std()
		t.Comments = map[string]bool{}
		for name, pipeline := range spec.Pipelines {
			t.Comments[name] = pipeline.GitHub != nil
		}
	}
	if escalation := d.catalog.Escalations[team.Escalation]; escalation != nil {
		t.Steps = d.steps(escalation)
	}
	if pageOn == catalog.PageOnWarning {
		t.PageOn = incident.SeverityWarning
	}
	t.Turn = d.turn(team)
	switch page {
	case catalog.PageNever:
		t.PagesFrom = never
	case catalog.PageOfficeHours:
		t.PagesFrom = within(d.catalog.Hours[team.Hours])
	case catalog.PageAlways:
	}
	return t
}

func always(t time.Time) (time.Time, bool) { return t, true }
func never(time.Time) (time.Time, bool)    { return time.Time{}, false }

// within gives the first instant of the hours at or after t, to the minute.
// Hours that hold nothing for two weeks hold nothing.
func within(hours *catalog.Hours) func(time.Time) (time.Time, bool) {
	if hours == nil {
		return always
	}
	const coarse = 10 * time.Minute
	return func(t time.Time) (time.Time, bool) {
		if hours.Contains(t) {
			return t, true
		}
		for at := t.Truncate(time.Minute).Add(coarse); at.Before(t.AddDate(0, 0, 14)); at = at.Add(coarse) {
			if !hours.Contains(at) {
				continue
			}
			for hours.Contains(at.Add(-time.Minute)) && at.Add(-time.Minute).After(t) {
				at = at.Add(-time.Minute)
			}
			return at, true
		}
		return time.Time{}, false
	}
}

// shift is who has the turn for a team at t; false when it has no rota.
func (d *directory) shift(team *catalog.Team, t time.Time) (oncall.Shift, bool) {
	rota := d.rotas[team.Rota]
	if rota == nil {
		return oncall.Shift{}, false
	}
	return rota.At(t), true
}

// people finds out whom a role means now. The error says in a sentence why it
// means nobody.
func (d *directory) people(i incident.Incident, role incident.Role, now time.Time) ([]string, error) {
	if person := role.Person(); person != "" {
		return []string{person}, nil
	}
	team := d.team(i.Service, i.Team) // as the terms have it: the catalogue may have changed since it opened
	if team == nil {
		return nil, fmt.Errorf("there is no team %q any more, and no fallback team", i.Team)
	}
	shift, turns := d.shift(team, now)
	person, missing := "", ""
	switch role {
	case incident.RoleTold:
		return i.Told(), nil
	case incident.RoleTools, incident.RoleGitHub: // places; see [directory.places]
		return nil, nil
	case incident.RoleTeam:
		if len(team.Members) == 0 {
			return nil, fmt.Errorf("team %s has no members", team.Name)
		}
		return team.Members, nil
	case incident.RoleOwner:
		if i.Owner == "" {
			return nil, nil
		}
		return []string{i.Owner}, nil
	case incident.RoleProductManager:
		person, missing = team.ProductManager, "has no product manager"
	case incident.RoleManager:
		person, missing = team.Manager, "has no manager"
	case incident.RoleBackup:
		person, missing = shift.Backup, "has no backup on call"
	case incident.RoleOnCall:
		if !turns && len(team.Members) > 0 { // without a rota everybody is
			return team.Members, nil
		}
		if !turns {
			return nil, fmt.Errorf("team %s has nobody on call: no rota and no members", team.Name)
		}
		person, missing = shift.Primary, "has nobody on call now: its rota has a gap"
	}
	if person == "" {
		return nil, fmt.Errorf("team %s %s", team.Name, missing)
	}
	return []string{person}, nil
}

// reach lists the ways, of those asked for, by which a person can be reached:
// there is a channel, and an address for it. The preferred way is the first of
// the person's order that is not taken yet.
func (d *directory) reach(person string, ways []string) (reachable []string, contacts notify.Contacts, err error) {
	contacts, err = d.contacts(person)
	usable := func(way string) bool { return d.channels.Reach(way, contacts) && !slices.Contains(reachable, way) }
	for _, way := range ways {
		if way == catalog.WayPreferred {
			way = first(d.order(person), usable)
		}
		if usable(way) {
			reachable = append(reachable, way)
		}
	}
	if len(reachable) > 0 {
		err = nil // what could be read is enough
	}
	return reachable, contacts, err
}

// inTurn puts a way in the place of the preferred one of a page that repeats: the
// first of the person's order by which the last page did not go, because networks
// block what comes again and again, and a phone that is silent one way may ring
// another. Mail rings nobody, so it takes no turn from what does.
func (d *directory) inTurn(i incident.Incident, person string, ways []string) []string {
	at, last := slices.Index(ways, catalog.WayPreferred), i.PagedBy(person)
	if at < 0 || len(last) == 0 {
		return ways
	}
	contacts, _ := d.contacts(person) // what cannot be read reaches nobody, and is said by whoever asks for the ways
	way := first(d.order(person), func(way string) bool {
		return way != incident.WayEmail && !slices.Contains(last, way) && d.channels.Reach(way, contacts)
	})
	if way == "" {
		return ways
	}
	ways = slices.Clone(ways)
	ways[at] = way
	return ways
}

// sorted puts ways into the order in which a person wants to be reached by
// them.
func (d *directory) sorted(person string, ways []string) []string {
	order := d.order(person)
	return slices.SortedStableFunc(slices.Values(ways), func(a, b string) int { return slices.Index(order, a) - slices.Index(order, b) })
}

// first is the first way of which something is true, or "".
func first(ways []string, is func(string) bool) string {
	if n := slices.IndexFunc(ways, is); n >= 0 {
		return ways[n]
	}
	return ""
}

// name is what people call somebody.
func (d *directory) name(person string) string {
	if p := d.catalog.People[person]; p != nil && p.Name != "" {
		return p.Name
	}
	return person
}
