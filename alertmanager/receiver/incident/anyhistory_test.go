package incident_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// anyHistory is a seeded estate in which everything happens at any time: four
// services in a chain of dependencies and one that stands alone.
type anyHistory struct {
	seed    uint64
	random  *rand.Rand
	now     time.Time
	state   incident.State
	policy  incident.Policy
	window  map[string]time.Time // end of a service's maintenance
	firing  map[string]incident.Alert
	ever    []incident.Alert // for repetitions that come late
	exposed map[incident.ID]time.Time
	rung    map[incident.ID]time.Time
	broken  string

	pageOn incident.Severity // what the catalogue says at this time
	after  time.Duration     // page_after
}

var (
	chain   = map[string][]string{"web": {"api", "database", "disk"}, "api": {"database", "disk"}, "database": {"disk"}, "disk": nil, "alone": nil}
	names   = []string{"web", "api", "database", "disk", "alone"}
	persons = []string{"asha", "ben", "chi"}
	only    = flag.Uint64("seed", 0, "play this history only")
	count   = flag.Uint64("histories", 300, "how many histories are played")
)

func newAnyHistory(seed uint64) *anyHistory {
	h := &anyHistory{
		seed: seed, random: rand.New(rand.NewPCG(seed, 7)), now: start, state: incident.State{NextID: 1}, policy: incident.DefaultPolicy(),
		window: map[string]time.Time{}, firing: map[string]incident.Alert{}, exposed: map[incident.ID]time.Time{}, rung: map[incident.ID]time.Time{},
		after: time.Minute,
	}
	h.policy.Terms = func(service, _ string) incident.Terms {
		return incident.Terms{
			Catalogued: true, Team: "shop", ProductManager: true, Tools: true, PageAfter: h.after, PageOn: h.pageOn, AcknowledgedFor: 4 * time.Hour, Dependencies: chain[service],
			Steps: []incident.Step{
				{Notify: incident.RoleOnCall, By: []string{"push"}, Then: []incident.Later{{Way: "voice", After: 3 * time.Minute}}, For: 15 * time.Minute},
				{Notify: incident.RoleBackup, By: []string{"sms"}, Every: 5 * time.Minute, For: 15 * time.Minute},
				{Notify: incident.RoleManager, By: []string{"voice"}},
			},
			Turn: func(role incident.Role, at time.Time) (string, time.Time) {
				shift := at.Truncate(8 * time.Hour)
				return persons[int(shift.Unix()/28800)%len(persons)], shift.Add(8 * time.Hour)
			},
			Maintenance: func(at time.Time) (incident.Window, bool) {
				until := h.window[service]
				return incident.Window{Reason: "work", Until: until}, until.After(at)
			},
			PagesFrom: func(at time.Time) (time.Time, bool) {
				if hour := at.Truncate(time.Hour); service == "alone" && at.Sub(hour) > time.Hour-closed {
					return hour.Add(time.Hour), true
				}
				return at, true
			},
		}
	}
	return h
}

func (h *anyHistory) fail(format string, args ...any) {
	if h.broken == "" {
		h.broken = fmt.Sprintf(format, args...)
	}
}

// play decides an input and looks at every page.
func (h *anyHistory) play(in incident.Input) {
	for _, e := range incident.Decide(h.state, in, h.policy, h.now) {
		if e.Kind == incident.KindMessageQueued && e.Message.Kind == incident.MessagePage {
			i, _ := h.state.Incident(e.Incident)
			if !i.Open() || i.Owner != "" || i.Withheld() {
				h.fail("incident %d pages although open=%v, owner=%q, withheld=%v", i.ID, i.Open(), i.Owner, i.Withheld())
			}
			if !e.Message.ForTools() {
				h.rung[i.ID] = h.now
			}
		}
		h.state = incident.Apply(h.state, e)
	}
}

// tick does what is due; when that never ends, nothing else would be done.
func (h *anyHistory) tick() {
	for range 100 {
		due := false
		for _, i := range h.state.Incidents {
			if at := i.Due(); !at.IsZero() && !at.After(h.now) {
				due = true
				h.play(incident.Tick{Incident: i.ID})
			}
		}
		if !due {
			return
		}
	}
	h.fail("what is due at %s never gets done", h.now.Format(time.TimeOnly))
}

// passes goes from one instant at which something is due to the next.
func (h *anyHistory) passes(d time.Duration) {
	until := h.now.Add(d)
	for h.broken == "" {
		next := until
		for _, i := range h.state.Incidents {
			if at := i.Due(); !at.IsZero() && at.Before(next) {
				next = at
			}
		}
		if next.After(h.now) {
			h.now = next
		}
		h.tick()
		h.promises()
		if !h.now.Before(until) {
			return
		}
	}
}

func (h *anyHistory) open() (incident.Incident, bool) {
	var open []incident.Incident
	for _, i := range h.state.Incidents {
		if i.Open() {
			open = append(open, i)
		}
	}
	if len(open) == 0 {
		return incident.Incident{}, false
	}
	return open[h.random.IntN(len(open))], true
}

func (h *anyHistory) step() {
	service, person := names[h.random.IntN(len(names))], persons[h.random.IntN(len(persons))]
	i, any := h.open()
	switch what := h.random.IntN(26); {
	case what < 6:
		h.fire(service)
	case what < 9:
		h.end(service)
	case what < 11 && len(h.ever) > 0: // late, twice, out of order
		h.report(h.ever[h.random.IntN(len(h.ever))])
	case what == 11:
		h.window[service] = h.now.Add(time.Duration(h.random.IntN(90)) * time.Minute)
	case what == 20 && len(h.ever) > 0: // cut short
		h.play(incident.Reported{Group: "g", Truncated: 1 + h.random.IntN(5), Alerts: []incident.Alert{h.ever[h.random.IntN(len(h.ever))]}})
	case !any:
	case what == 21:
		h.play(incident.Uncovered{Incident: i.ID})
	case what == 22:
		h.silence(i)
	case what == 23:
		h.play(incident.Sight{Incident: i.ID, Lost: []string{"", "nobody looks"}[h.random.IntN(2)]})
	case what == 24:
		h.after = time.Duration(h.random.IntN(10)) * time.Minute
		h.pageOn = []incident.Severity{"", incident.SeverityWarning}[h.random.IntN(2)]
		for _, other := range h.state.Incidents {
			h.play(incident.CatalogChanged{Incident: other.ID})
		}
	case what == 12:
		h.play(incident.Acknowledge{Incident: i.ID, Person: person, Via: "v"})
	case what == 13:
		h.play(incident.Acknowledge{Incident: i.ID, Person: person, Via: "v", Until: h.now.Add(time.Duration(1+h.random.IntN(60)) * time.Minute)})
	case what == 14:
		h.play(incident.Reassign{Incident: i.ID, Person: person, To: []string{"", "asha", "ben"}[h.random.IntN(3)]})
	case what == 15:
		h.play(incident.Resolve{Incident: i.ID, Person: person})
	case what == 16:
		other, _ := h.open()
		h.play(incident.Merge{Incident: i.ID, Into: other.ID, Person: person})
	case what == 17:
		h.play(incident.Merge{Incident: i.ID, Person: person})
	default:
		h.deliver(i)
	}
}

func (h *anyHistory) fire(service string) {
	a, fires := h.firing[service]
	if !fires {
		a = outage(service, from(h.now.Add(time.Duration(60-h.random.IntN(240))*time.Second))) // clocks disagree
		if h.random.IntN(4) == 0 {
			a.Labels["severity"] = "warning"
		}
		h.firing[service] = a
	}
	h.report(a)
}

func (h *anyHistory) end(service string) {
	if a, fires := h.firing[service]; fires {
		delete(h.firing, service)
		a.Resolved, a.EndsAt = true, h.now
		h.report(a)
	}
}

func (h *anyHistory) report(a incident.Alert) {
	h.ever = append(h.ever, a)
	h.play(incident.Reported{Group: "g", Alerts: []incident.Alert{a}})
}

// silence has Alertmanager keep quiet about an incident, or not any more.
func (h *anyHistory) silence(i incident.Incident) {
	seen := map[incident.Occurrence]string{}
	for _, a := range i.Firing() {
		seen[a.Occurrence()] = []string{"", "a deployment"}[h.random.IntN(2)]
	}
	h.play(incident.Seen{Incident: i.ID, SilencedBy: seen})
}

// deliver has the last page of an incident reach somebody, or nobody.
func (h *anyHistory) deliver(i incident.Incident) {
	if len(i.Messages) == 0 {
		return
	}
	m := i.Messages[len(i.Messages)-1]
	if h.random.IntN(3) == 0 {
		whom := m.To[0].Person()
		if whom == "" {
			whom = string(m.To[0])
		}
		h.play(incident.Unreached{Incident: i.ID, Message: m.Number, Whom: whom, Why: "no address"})
		return
	}
	d := incident.Delivery{Message: m.Number, Recipient: "asha", Way: "push"}
	if m.ForTools() {
		d.Recipient, d.Way = "pagerduty/shop", incident.WayPagerDuty
	}
	h.play(incident.Claimed{Incident: i.ID, Deliveries: []incident.Delivery{d}})
	if h.random.IntN(3) == 0 {
		h.play(incident.Failed{Incident: i.ID, Delivery: d, Reachable: []string{"sms"}})
		return
	}
	h.play(incident.Sent{Incident: i.ID, Delivery: d})
}

// longestSilence is after which time somebody must have been rung at the latest: the
// window in which an incident that is back does not ring again, what a child
// waits for its cause, and a repetition.
const longestSilence = 60 * time.Minute

// closed is for how long of each hour the service that stands alone pages
// nobody.
const closed = 20 * time.Minute

// promises looks at every open incident that nobody has in hand.
func (h *anyHistory) promises() {
	for _, i := range h.state.Incidents {
		parent, _ := h.state.Incident(i.Parent)
		if i.Parent == i.ID || (parent.ID != 0 && parent.Parent == i.ID) {
			h.fail("incidents %d and %d come from each other", i.ID, parent.ID)
		}
		critical := slices.ContainsFunc(i.Firing(), func(a incident.Alert) bool {
			return a.Severity() == incident.SeverityCritical && !a.DoubtedUntil.After(h.now) && !a.Silenced()
		})
		if i.Open() && len(i.Firing()) == 0 && i.Unseen() == 0 {
			h.fail("incident %d is open for nothing", i.ID)
		}
		if !i.Open() || !critical || i.Owner != "" || i.Withheld() || h.inHand(i, parent) {
			delete(h.exposed, i.ID)
			continue
		}
		since, known := h.exposed[i.ID]
		if !known {
			since = h.now
			h.exposed[i.ID] = since
		}
		last := h.rung[i.ID]
		if last.Before(h.rung[i.Parent]) {
			last = h.rung[i.Parent]
		}
		if last.Before(since) {
			last = since
		}
		silence := longestSilence
		if i.Service == "alone" {
			silence += closed
		}
		if h.now.Sub(last) > silence {
			h.fail("incident %d of %s has rung nobody since %s, it is %s: %+v", i.ID, i.Service, last.Format(time.TimeOnly), h.now.Format(time.TimeOnly), i.Paging)
		}
	}
}

// inHand says whether somebody has what an incident comes from, or what else
// does, for all are of one team: and not as a warning only, unless somebody said
// that the incident comes from it.
func (h *anyHistory) inHand(i, parent incident.Incident) bool {
	return parent.Open() && parent.Owner != "" && slices.ContainsFunc(h.state.Incidents, func(other incident.Incident) bool {
		if !other.Open() || other.Owner == "" || (other.ID != parent.ID && other.Parent != parent.ID) {
			return false
		}
		return other.Severity == incident.SeverityCritical || h.pageOn == incident.SeverityWarning || !h.rung[other.ID].Before(other.Since) ||
			(i.Merged && other.ID == parent.ID)
	})
}

// TestAnyHistoryKeepsThePromises plays hundreds of days in which everything
// happens at any time. Nobody is rung about what somebody has in hand, what
// nobody has in hand rings, and what is due gets done. -histories plays more,
// -seed repeats one.
func TestAnyHistoryKeepsThePromises(t *testing.T) {
	for seed := uint64(1); seed <= max(*count, *only); seed++ {
		if *only != 0 && seed != *only {
			continue
		}
		h := newAnyHistory(seed)
		for step := 0; step < 120 && h.broken == ""; step++ {
			h.step()
			h.passes(time.Duration(h.random.IntN(1200)) * time.Second)
		}
		if h.broken != "" {
			t.Fatalf("history %d, at %s: %s", seed, h.now.Format(time.RFC3339), h.broken)
		}
	}
}
