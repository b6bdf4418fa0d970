package migrate

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// service is one service of the catalogue to be.
type service struct {
	name       string
	team       string // a key of the estate's teams
	url        string
	external   bool
	pageAfter  time.Duration
	thresholds *Settings
	dependsOn  []string
	probes     []*probe
	resources  *Settings
	at         []tree.Position
	wanted     []string // services it depends on, as people call them
	said       string   // how people call it

	certificate time.Duration
	probeNames  names
}

type probe struct {
	name string
	*Check
}

// settler brings the checks of all sources together in services.
type settler struct {
	*estate
	report *Report
	taken  names
	list   []*service
	named  map[string]*service // by the key of serviceKey
	groups map[string][]string // of each name, the groups in which it occurs
	asked  map[string]*probe   // by what is asked
}

// settle makes services of the checks: those with a name first, then the ones
// that only know a host, which join the service that has it.
func settle(e *estate, r *Report) []*service {
	s := &settler{estate: e, report: r, taken: names{"tocsin": true}, named: map[string]*service{}, groups: map[string][]string{}, asked: map[string]*probe{}}
	for _, check := range e.checks {
		s.note(check.Service, check.Group)
	}
	for _, app := range e.apps {
		s.note(app.Service, app.Group)
	}
	for _, check := range e.checks {
		if check.Service != "" {
			s.place(check, s.service(check.Service, check.Group, check.Team, checkHost(check), check.At))
		}
	}
	for _, app := range e.apps {
		s.app(app)
	}
	for _, check := range e.checks {
		if check.Service == "" {
			s.byHost(check)
		}
	}
	s.list = slices.DeleteFunc(s.list, func(one *service) bool { return len(one.probes) == 0 && one.resources.empty() })
	s.depend()
	slices.SortFunc(s.list, func(a, b *service) int { return cmp.Compare(a.name, b.name) })
	return s.list
}

func (s *settler) note(name, group string) {
	if base := named(name); group != "" && !slices.Contains(s.groups[base], group) {
		s.groups[base] = append(s.groups[base], group)
	}
}

// service is the one with the name, made when there is none. A name that occurs
// in several groups carries the group in front.
func (s *settler) service(name, group, team, host string, at tree.Position) *service {
	base := named(name)
	key := base
	if group != "" && len(s.groups[base]) > 1 {
		key = named(group + "-" + name)
	}
	if base == "" {
		key = "\x00" + name // nothing of it can stand in a name
	}
	if known, is := s.named[key]; is {
		s.sameTeam(known, team, at)
		return known
	}
	wish := strings.TrimPrefix(key, "\x00")
	if base == "" {
		wish = cmp.Or(named(host), "service")
	}
	if wish == "tocsin" {
		wish = "tocsin-service"
	}
	one := &service{name: s.taken.take(wish, "service"), said: name, team: team, thresholds: settings(), resources: settings(), probeNames: names{}}
	if plainName(name) != one.name {
		s.report.add(Changed, at, name, "", "called %q in the catalogue, which allows letters, digits, - and _ in a name, each name once", one.name)
	}
	s.named[key] = one
	s.list = append(s.list, one)
	return one
}

// plainName is a name that differs from the catalogue's in nothing that people
// would look for.
func plainName(name string) string {
	return strings.NewReplacer(" ", "-", ".", "-", "/", "-").Replace(strings.ToLower(name))
}

func (s *settler) sameTeam(one *service, team string, at tree.Position) {
	switch {
	case one.team == "":
		one.team = team
	case team != "" && team != one.team:
		s.report.add(Changed, at, one.said, "", "also told %s, but a service has one team: %s has it", s.teams[team].Name, s.teams[one.team].Name)
	}
}

// place puts a check into a service, unless the same is asked already.
func (s *settler) place(check *Check, one *service) {
	question := check.Kind + check.Settings.fingerprint()
	if first, again := s.asked[question]; again && (first.Source != check.Source || slices.Contains(one.probes, first)) {
		s.report.add(Changed, check.At, cmp.Or(check.Service, check.URL), "", "asks the same as %s, and is in the catalogue once", first.At)
		s.merge(one, check)
		return
	}
	if s.covered(check, one) {
		s.merge(one, check)
		return
	}
	p := &probe{name: one.probeNames.take(named(cmp.Or(check.Probe, probeName(check.Kind, check.Settings))), check.Kind), Check: check}
	one.probes = append(one.probes, p)
	s.asked[question] = p
	s.merge(one, check)
}

// covered says that the service asks the same address already, and either
// wants all that the check wants; the one that wants more stays.
func (s *settler) covered(check *Check, one *service) bool {
	for _, p := range one.probes {
		if p.Kind != "http" || check.Kind != "http" || strings.TrimSuffix(p.Settings.text("url"), "/") != strings.TrimSuffix(check.Settings.text("url"), "/") {
			continue
		}
		switch {
		case check.Settings.within(p.Settings):
			s.report.add(Changed, check.At, cmp.Or(check.Service, check.URL), "", "asks what %s asks, and wants no more; it is in the catalogue once", p.At)
			return true
		case p.Source != check.Source && p.Settings.within(check.Settings):
			s.report.add(Changed, p.At, cmp.Or(p.Service, p.URL), "", "asks what %s asks, and wants no more; it is in the catalogue once", check.At)
			p.Check = check
			return true
		}
	}
	return false
}

// merge gives the service what a check says about it.
func (s *settler) merge(one *service, check *Check) {
	one.at = append(one.at, check.At)
	one.url = cmp.Or(one.url, check.URL)
	one.external = one.external || check.External
	one.wanted = append(one.wanted, check.DependsOn...)
	s.sameTeam(one, check.Team, check.At)
	s.patience(one, check)
	one.thresholds.set("domain", check.Domain)
	if check.Certificate > one.certificate {
		one.certificate = check.Certificate
		one.thresholds.set("certificate", check.Certificate)
	}
}

// patience is how long a service waits until a phone rings: the shortest of its
// checks' times. A service that waits where one of its checks did not is
// reported.
func (s *settler) patience(one *service, check *Check) {
	before := one.pageAfter
	if check.PageAfter > 0 && (one.pageAfter == 0 || check.PageAfter < one.pageAfter) {
		one.pageAfter = check.PageAfter
	}
	beside := slices.ContainsFunc(one.probes, func(p *probe) bool { return p.Check != check && p.Source == check.Source && p.Means == "" })
	if beside && before != check.PageAfter && !check.CertificateOnly && check.Means == "" {
		s.report.add(Changed, check.At, one.said, "page_after", "a service has one time until a phone rings, and its checks had several: it is %s for all of them", span(one.pageAfter))
	}
}

// byHost puts a check without a name into the service that asks the same host,
// when exactly one does, or else into one that is called like the host.
func (s *settler) byHost(check *Check) {
	host := checkHost(check)
	var candidates []*service
	var watched *probe
	for _, one := range s.list {
		i := slices.IndexFunc(one.probes, func(p *probe) bool { return checkHost(p.Check) == host })
		if i < 0 || host == "" {
			continue
		}
		candidates = append(candidates, one)
		for _, p := range one.probes {
			if checkHost(p.Check) == host && (p.Kind == "tls" || strings.HasPrefix(p.Settings.text("url"), "https:")) {
				watched = p
			}
		}
	}
	var one *service
	if len(candidates) == 1 {
		one = candidates[0]
	} else {
		one = s.service(cmp.Or(host, check.Kind), "", check.Team, host, check.At)
	}
	if check.CertificateOnly && watched != nil && len(candidates) == 1 {
		s.report.add(Changed, check.At, cmp.Or(check.URL, host), "", "the probe %s of %s meets the certificate on its way, so there is no further probe; its expiry is a threshold of the service", watched.name, one.name)
		s.merge(one, check)
		return
	}
	s.place(check, one)
}

// checkHost is the host that a check asks.
func checkHost(check *Check) string {
	for _, key := range []string{"url", "address", "host"} {
		if text := check.Settings.text(key); text != "" {
			return hostOf(text)
		}
	}
	return ""
}

func (s *settler) app(app *App) {
	one := s.service(app.Service, app.Group, app.Team, "", app.At)
	one.at = append(one.at, app.At)
	for _, key := range app.Thresholds.keys {
		one.thresholds.set(key, app.Thresholds.values[key])
	}
	if !app.Settings.empty() {
		one.resources.set(app.Resource, app.Settings)
	}
}

// depend resolves the names of dependencies.
func (s *settler) depend() {
	for _, one := range s.list {
		for _, wanted := range one.wanted {
			other, known := s.named[named(wanted)]
			switch {
			case !known || !slices.Contains(s.list, other):
				s.report.add(NotCarried, one.at[0], one.said, "depends on "+wanted, "there is no service of that name")
			case other != one && !slices.Contains(one.dependsOn, other.name):
				one.dependsOn = append(one.dependsOn, other.name)
			}
		}
	}
}
