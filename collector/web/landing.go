package web

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/collector"
	"github.com/tocsin-monitoring/tocsin/collector/discovery"
	"github.com/tocsin-monitoring/tocsin/collector/probe"
	"github.com/tocsin-monitoring/tocsin/internal/reload"
)

const (
	// recent is how many results the landing page shows of each probe.
	recent = 10
	// maxRows bounds the landing page; problems come first.
	maxRows = 1000
)

var (
	//go:embed pages.html
	pagesHTML string
	//go:embed attempt.html
	attemptHTML string
)

// view is what the landing page shows.
type view struct {
	Location, Version string
	Services          []serviceView
	Hidden            int // services left out
	Elsewhere         int // services without a probe here
	Down, Unknown     int
	Sources           []discovery.Status
	Config            configView
	Links             []link
}

type serviceView struct {
	Name, Team, URL string
	External        bool
	State           string
	Probes          []collector.Status
}

type configView struct {
	Good, Stored bool
	Err          string
	Hash         string
	At, Modified time.Time
}

type link struct{ Name, URL string }

func (p *pages) landing(w http.ResponseWriter, _ *http.Request) {
	v := view{Location: p.Prober.Location(), Version: p.Version, Config: describe(p.Config.Status())}
	if p.Discovery != nil {
		v.Sources = p.Discovery.Statuses()
	}
	c := p.Prober.Catalog()
	if c != nil {
		v.Links = links(c.Links)
		v.Services = services(c, p.Prober.Statuses(recent))
		v.Elsewhere = len(c.Services) - len(v.Services)
	}
	rows := 0
	for i, s := range v.Services {
		switch s.State {
		case "down", "degraded":
			v.Down++
		case "unknown":
			v.Unknown++
		}
		if rows += len(s.Probes); rows > maxRows && v.Hidden == 0 {
			v.Hidden = len(v.Services) - i
		}
	}
	v.Services = v.Services[:len(v.Services)-v.Hidden]
	render(w, "landing", v)
}

func render(w http.ResponseWriter, name string, data any) {
	var page bytes.Buffer
	if err := templates().ExecuteTemplate(&page, name, data); err != nil {
		plain(w, http.StatusInternalServerError, "Drawing the page: "+err.Error())
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(page.Bytes())
}

func templates() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{
		"ago":   func(t time.Time) string { return ago(time.Since(t)) + " ago" },
		"clock": func(t time.Time) string { return t.UTC().Format(moment) },
		"short": func(d time.Duration) string { return d.Round(100 * time.Microsecond).String() },
		"sign": func(outcome fmt.Stringer) string {
			return map[string]string{"success": "✓", "failure": "✗", "blocked": "⊘"}[outcome.String()]
		},
		"seconds": func(s float64) string {
			return time.Duration(s * float64(time.Second)).Round(100 * time.Microsecond).String()
		},
		"words":  words,
		"now":    time.Now,
		"phase":  func(i int) string { return words(probe.Phase(i).String()) },
		"left":   left,
		"newest": func(s collector.Status) *trace { return kept(s, s.Newest) },
	}).Parse(pagesHTML + attemptHTML))
}

// words is a name as it stands before a value.
func words(name string) string {
	if name == probe.TLS.String() {
		return "TLS"
	}
	return strings.ToUpper(name[:1]) + strings.ReplaceAll(name[1:], "_", " ")
}

// ago is a time that people can take in.
func ago(d time.Duration) string {
	if d >= 2*day {
		return days(d)
	}
	return d.Round(time.Second).String()
}

// services groups the probes that run here; services with problems come first.
func services(c *catalog.Catalog, statuses []collector.Status) []serviceView {
	byName := make(map[string]*serviceView)
	for _, status := range statuses {
		v := byName[status.Service]
		if v == nil {
			s := c.Services[status.Service]
			if s == nil {
				continue // the catalogue was reloaded in between
			}
			v = &serviceView{Name: s.Name, Team: s.Team, URL: s.URL, External: s.External}
			byName[s.Name] = v
		}
		v.Probes = append(v.Probes, status)
	}
	var list []serviceView
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		v := byName[name]
		v.State = stateOf(v.Probes)
		list = append(list, *v)
	}
	slices.SortStableFunc(list, func(a, b serviceView) int { return cmp.Compare(rank(a.State), rank(b.State)) })
	return list
}

// stateOf is what a service's probes say of it together, seen from here.
func stateOf(probes []collector.Status) string {
	state := "up"
	for _, p := range probes {
		found := "up"
		switch {
		case p.State == collector.Unknown:
			found = "unknown"
		case p.State == collector.Down && p.Means == catalog.MeansDegraded:
			found = "degraded"
		case p.State == collector.Down && p.Means != catalog.MeansInfo:
			found = "down"
		}
		if rank(found) < rank(state) {
			state = found
		}
	}
	return state
}

func rank(state string) int {
	return slices.Index([]string{"down", "degraded", "unknown", "up"}, state)
}

func describe(s reload.Status) configView {
	v := configView{Good: s.Err == nil, Stored: s.Stored, At: s.At}
	if s.Err != nil {
		v.Err = s.Err.Error()
	}
	if s.Catalog != nil {
		v.Hash = fmt.Sprintf("%012x", s.Catalog.Hash())
		v.Modified = s.Catalog.Modified()
	}
	return v
}

func links(l catalog.Links) []link {
	list := []link{{"Metrics", "metrics"}}
	add := func(name, address string) {
		if address != "" {
			list = append(list, link{name, address})
		}
	}
	add("Incident board", l.Board)
	add("Prometheus", l.Prometheus)
	for _, address := range l.Alertmanager {
		add("Alertmanager", address)
	}
	add("Grafana", l.Grafana)
	return list
}
