package board

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board/login"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

// frame is what every page has.
type frame struct {
	Title string
	Here  string // path of the page, for the navigation
	Icon  string // of the browser's tab: quiet, warning or critical
	Live  bool   // the page follows changes
	Part  bool   // only a part of it, because it has a form
	Token bool   // the page was reached by a link in a message: it leads nowhere else by itself

	Visitor     login.Visitor
	VisitorName string // of a person, or else the login
	CanLogIn    bool
	Administers bool
}

func (b *board) frame(r *http.Request, title string) frame {
	f := frame{Title: title, Here: r.URL.Path, Icon: "quiet", Visitor: sceneOf(r).visitor}
	f.VisitorName = firstOf(b.name(f.Visitor.Person), f.Visitor.Login)
	password, provider, err := b.Gate.Ways()
	f.CanLogIn = err == nil && (password || provider) && !strings.HasPrefix(r.URL.Path, "/login")
	f.Administers = f.Visitor.Role >= login.Admin
	return f
}

type liveView struct {
	frame
	Headline  string
	Severity  incident.Severity // the worst; empty when all is quiet
	Incidents []card
	Recent    []card
	Turns     []turn
	Beats     []beat
	Works     []windowView // open now
	Checked   moment

	First, Last, Open int    // which of the open incidents are on this page, from 0
	Before, After     string // addresses of the pages around it; "" for none
}

// livePage is how many open incidents one page shows: more than anybody reads,
// and few enough to be there at once.
const livePage = 50

// page chooses the part of the list that ?page= asks for.
func (v *liveView) page(r *http.Request, open int) {
	pages := max(1, (open+livePage-1)/livePage)
	number, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil {
		number = 1
	}
	number = min(max(1, number), pages)
	v.Open, v.First, v.Last = open, (number-1)*livePage, min(open, number*livePage)
	if number > 1 {
		v.Before = fmt.Sprintf("/?page=%d", number-1)
	}
	if number < pages {
		v.After = fmt.Sprintf("/?page=%d", number+1)
	}
}

// From is the number of the first incident of the page, for people.
func (v liveView) From() int { return v.First + 1 }

type incidentView struct {
	frame
	card
	Description string
	Firing      []alertView
	Ended       []alertView
	Timeline    []line
	Messages    []messageView
	NextPage    *moment
	Works       []string // dependencies in maintenance, a sentence each
	Hidden      int
	People      []choice            // to hand over to
	Parent      incident.ID         // what it comes from
	ParentOver  bool                // that has ended
	Children    []incident.Incident // what comes from it
	OwnedUntil  *moment
	Kept        keptView
}

type linkView struct {
	frame
	card
	Name string // of the person whom the link belongs to
	From string // who else has it
	Done bool
}

type problemView struct {
	frame
	Heading, Text string
	Incident      incident.ID // to go on with; 0 for none
}

// card is an incident in short.
type card struct {
	ID                      incident.ID
	Severity                incident.Severity
	Word                    string // the severity for people
	Summary, Impact         string
	Service, Team, Audience string
	Since, Closed           moment
	Open                    bool
	Length                  string // of what is over
	Owner                   string // name
	Acknowledged            moment
	Alerts                  int // that fire
	Reopened                int
	Runbook, Dashboard      string
	Who                     who
	Unreached               bool // somebody could not be told
	Maintenance             string
}

type choice struct {
	Person
	Chosen bool
}

type turn struct {
	Turn
	UntilAt moment
}

type beat struct {
	Source string
	At     moment
	Late   bool
}

// moment is an instant for people and for machines.
type moment struct {
	Clock   string // 21:53:05 GMT
	Minute  string // 21:53 GMT
	Day     string // Mon 23 Nov 2026
	Today   bool
	Machine string
	Ago     string
}

func (b *board) moment(t time.Time, zone *time.Location) moment {
	if t.IsZero() {
		return moment{}
	}
	if zone == nil {
		zone = time.UTC
	}
	local := t.In(zone)
	return moment{
		Today: local.Format(time.DateOnly) == b.Now().In(zone).Format(time.DateOnly),
		Clock: local.Format("15:04:05 MST"), Minute: local.Format("15:04 MST"), Day: local.Format("Mon 2 Jan 2006"),
		Machine: t.UTC().Format(time.RFC3339), Ago: notify.Length(b.Now().Sub(t)),
	}
}

// sorted puts the worst first, then the oldest; what is in maintenance comes
// last. It moves numbers about rather than incidents, which are large.
func sorted(list []incident.Incident) []incident.Incident {
	type key struct {
		n, rank int
		since   time.Time
	}
	const withheld = 100 // behind every severity
	order := make([]key, 0, len(list))
	for n := range list {
		one := key{n: n, rank: list[n].Severity.Rank(), since: list[n].Since}
		if list[n].Withheld() {
			one.rank += withheld
		}
		order = append(order, one)
	}
	slices.SortStableFunc(order, func(a, c key) int { return cmp.Or(a.rank-c.rank, a.since.Compare(c.since)) })
	worst := make([]incident.Incident, 0, len(list))
	for _, one := range order {
		worst = append(worst, list[one.n])
	}
	return worst
}

func (b *board) liveView(r *http.Request, open, recent []incident.Incident, beats map[string]time.Time, windows Windows) liveView {
	v := liveView{frame: b.frame(r, "All quiet"), Headline: "All quiet", Checked: b.moment(b.Now(), b.zone())}
	v.Live = true
	worst := sorted(open)
	v.page(r, len(worst))
	for _, i := range worst[v.First:v.Last] {
		v.Incidents = append(v.Incidents, b.card(r, i))
	}
	if len(open) > 0 {
		if first := worst[0]; !first.Withheld() {
			v.Severity, v.Icon = first.Severity, icon(first.Severity)
		}
		v.Headline = headline(open)
		v.Title = v.Headline
	}
	for _, i := range recent {
		v.Recent = append(v.Recent, b.card(r, i))
	}
	for _, t := range b.Desk.Turns(b.Now()) {
		v.Turns = append(v.Turns, turn{t, b.moment(t.Until, t.Zone)})
	}
	for _, w := range windows.Open {
		v.Works = append(v.Works, b.windowView(w, windows.Once[w.ID]))
	}
	for _, source := range slices.Sorted(maps.Keys(beats)) {
		v.Beats = append(v.Beats, beat{source, b.moment(beats[source], time.UTC), b.Now().Sub(beats[source]) > lateBeat})
	}
	return v
}

// lateBeat is three intervals of the watchdog's route and some grace.
const lateBeat = 4 * time.Minute

func icon(s incident.Severity) string {
	if s == incident.SeverityCritical {
		return "critical"
	}
	return "warning"
}

// headline counts: "2 open incidents, 1 critical, 1 not acknowledged".
func headline(open []incident.Incident) string {
	critical, free, withheld := 0, 0, 0
	for _, i := range open {
		if i.Withheld() {
			withheld++
			continue
		}
		if i.Severity == incident.SeverityCritical {
			critical++
		}
		if i.Owner == "" {
			free++
		}
	}
	text := fmt.Sprintf("%d open incidents", len(open))
	if len(open) == 1 {
		text = "1 open incident"
	}
	if critical > 0 {
		text += fmt.Sprintf(", %d critical", critical)
	}
	if free > 0 {
		text += fmt.Sprintf(", %d not acknowledged", free)
	}
	if withheld > 0 {
		text += fmt.Sprintf(", %d in maintenance", withheld)
	}
	return text
}

func (b *board) card(r *http.Request, i incident.Incident) card {
	zone, lead := b.Desk.Zone(i.Team), i.Lead()
	c := card{
		ID: i.ID, Severity: i.Severity, Word: word(i), Summary: notify.OneLine(lead.Summary(), 300),
		Impact:  notify.OneLine(lead.Annotations["impact"], 500),
		Service: i.Service, Team: i.Team, Audience: string(i.Audience), Open: i.Open(), Reopened: i.Reopened,
		Since: b.moment(i.Began(), zone), Closed: b.moment(i.Closed, zone),
		Owner: b.name(i.Owner), Acknowledged: b.moment(i.Acknowledged, zone), Alerts: len(i.Firing()),
		Runbook: web(lead.Annotations["runbook_url"]), Dashboard: web(lead.Annotations["dashboard_url"]),
	}
	if !i.Open() {
		c.Length = notify.Length(i.Closed.Sub(i.Began()))
	}
	for _, m := range i.Messages {
		c.Unreached = c.Unreached || (len(m.Unreached) > 0 && !m.At.Before(i.Since))
	}
	if i.Open() {
		c.Who = b.who(r, b.proposed(r, i))
		c.Maintenance = b.maintained(i)
	}
	return c
}

// word is the badge of an incident.
func word(i incident.Incident) string {
	if i.Drill {
		i.Drill = false
		return "Drill: " + strings.ToLower(word(i))
	}
	if !i.Open() {
		return "Resolved"
	}
	switch i.Severity {
	case incident.SeverityCritical:
		return "Critical"
	case incident.SeverityWarning:
		return "Warning"
	case incident.SeverityInfo:
		return "Information"
	}
	return "In doubt" // nothing of it counts yet
}

// proposed is who acted from this browser last, or else who is on call for the
// team.
func (b *board) proposed(r *http.Request, i incident.Incident) string {
	return firstOf(remembered(r), b.onCallFor(r, i.Team))
}

// remembered is who acted from this browser last, or "".
func remembered(r *http.Request) string {
	cookie, err := r.Cookie(personCookie)
	if err != nil {
		return ""
	}
	value, err := url.QueryUnescape(cookie.Value)
	if err != nil {
		return ""
	}
	return value
}

func (b *board) name(person string) string {
	for _, p := range b.Desk.People() {
		if p.ID == person {
			return p.Name
		}
	}
	return notify.PlaceName(person)
}

// web keeps what is a link to follow.
func web(text string) string {
	if strings.HasPrefix(text, "https://") || strings.HasPrefix(text, "http://") {
		return text
	}
	return ""
}

func (b *board) linkView(r *http.Request, i incident.Incident, person string, done bool) linkView {
	v := linkView{frame: b.frame(r, "Acknowledge"), card: b.card(r, i), Name: b.name(person), Done: done}
	v.Icon, v.Token = icon(i.Severity), true
	if i.Owner != person {
		v.From = i.Owner
	}
	return v
}
