package migrate

import (
	"cmp"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// isGatus recognises a configuration of gatus, or a part of one.
func isGatus(d *document) bool {
	return gatusEndpoints(d.root) || d.format == formatYAML && d.root.Get("alerting").Is(tree.Map) && d.root.Get("scrape_configs") == nil
}

// gatusEndpoints says that there is something that gatus watches.
func gatusEndpoints(root *tree.Value) bool {
	for _, key := range []string{"endpoints", "external-endpoints", "suites", "services"} {
		for _, item := range root.Get(key).Items() {
			if item.First("conditions", "token", "heartbeat", "endpoints") != nil && item.Get("name") != nil {
				return true
			}
		}
	}
	return false
}

// gatus holds what several endpoints share.
type gatus struct {
	*intake
	alerting map[string]*tree.Value            // providers by type, of all documents
	own      map[string]map[string]*tree.Value // those of a document, by its name
	now      string                            // the document that is read
	first    map[string]string                 // the alert types that were met first, by document; "" for all
}

func readGatus(in *intake) {
	g := &gatus{intake: in, alerting: make(map[string]*tree.Value), own: make(map[string]map[string]*tree.Value), first: make(map[string]string)}
	for _, d := range in.documents {
		alerting := d.root.Get("alerting")
		for _, kind := range alerting.Keys() {
			g.alerting[kind] = alerting.Get(kind)
			if g.own[d.name] == nil {
				g.own[d.name] = make(map[string]*tree.Value)
			}
			g.own[d.name][kind] = alerting.Get(kind)
			in.subject(alerting.Get(kind), "alerting "+kind)
		}
	}
	for _, d := range in.documents {
		g.now = d.name
		g.maintenance(d.root.Get("maintenance"), "", nil)
		for _, key := range []string{"endpoints", "services"} {
			for _, v := range d.root.Get(key).Items() {
				g.endpoint(v)
			}
		}
		for _, v := range d.root.Get("external-endpoints").Items() {
			g.external(v)
		}
		for _, v := range d.root.Get("suites").Items() {
			g.suite(v)
		}
	}
	for _, d := range in.documents {
		for _, kind := range d.root.Get("alerting").Keys() {
			if provider := g.own[d.name][kind]; !provider.Touched() {
				in.leave(provider, "alerting "+kind, "no endpoint is told by %s", kind)
			}
		}
	}
}

// on says whether something is switched on; what is not is reported and read.
func (g *gatus) on(v *tree.Value, name string) bool {
	if enabled, given := v.Get("enabled").Bool(); given && !enabled {
		g.leave(v, name, "it is switched off (enabled: false)")
		return false
	}
	return true
}

// identity reads the name and group of something, and gives it a subject.
func (g *gatus) identity(v *tree.Value) (name, group, whole string) {
	name, _ = g.expanded(v.Get("name"))
	group, _ = g.expanded(v.Get("group"))
	whole = name
	if group != "" {
		whole = group + "/" + name
	}
	g.subject(v, whole)
	return name, group, whole
}

func (g *gatus) endpoint(v *tree.Value) {
	name, group, whole := g.identity(v)
	if !g.on(v, whole) {
		return
	}
	e := &gatusEndpoint{gatus: g, v: v, name: whole, check: &Check{Service: name, Group: group, At: v.At}}
	e.check.Interval = cmp.Or(goSpan(v.Get("interval")), time.Minute)
	e.check.Timeout = cmp.Or(goSpan(v.Find("client", "timeout")), 10*time.Second)
	if !e.ask() {
		return
	}
	for _, condition := range v.Get("conditions").Items() {
		e.condition(condition)
	}
	e.finish()
	e.check.Team = g.told(v, whole, group, e.check)
	g.check(e.check)
	for _, window := range v.Get("maintenance-windows").Items() {
		g.maintenance(window, whole, e.check)
	}
	if e.domain > 0 {
		g.check(&Check{
			Service: name, Group: group, Team: e.check.Team, Probe: "domain", Means: "degraded", Kind: "domain", At: v.At,
			Settings: settings("name", registered(hostOf(e.check.Settings.text("url")))), Domain: e.domain,
		})
	}
}

// external reads an endpoint that others report to: a heartbeat.
func (g *gatus) external(v *tree.Value) {
	name, group, whole := g.identity(v)
	if !g.on(v, whole) {
		return
	}
	every := goSpan(v.Find("heartbeat", "interval"))
	if every == 0 {
		g.leave(v, whole, "it is told from outside whether the service is well, without saying how often; a heartbeat needs an interval")
		return
	}
	check := &Check{Service: name, Group: group, Kind: "heartbeat", Settings: settings("every", every), At: v.At}
	g.report.add(ToDo, v.At, whole, "", "the job now calls POST /heartbeat/NAME of the exporter in the place of gatus")
	v.Get("token").Read()
	check.Team = g.told(v, whole, group, check)
	g.check(check)
}

// told is the team that an endpoint's alerts reach, and how patient they are.
func (g *gatus) told(v *tree.Value, whole, group string, check *Check) string {
	var kinds []string
	for _, alert := range v.Get("alerts").Items() {
		kind := alert.Get("type").Text()
		if enabled, given := alert.Get("enabled").Bool(); given && !enabled {
			alert.Read()
			continue
		}
		if threshold := g.threshold(kind, alert); threshold > 1 && check.Interval > 0 {
			check.PageAfter = time.Duration(threshold-1) * check.Interval
			g.report.add(Changed, alert.At, whole, "failure-threshold", "%d failing runs in a row before somebody is told; from now on the channel is told at once, and a phone rings after %s of failure (page_after)", threshold, span(check.PageAfter))
		}
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) == 0 {
		g.report.add(Changed, v.At, whole, "alerts", "nobody is told in gatus; the default team is from now on")
		return ""
	}
	slices.Sort(kinds)
	return g.teamOf(kinds, group, v.At)
}

// threshold is how many runs in a row fail until an alert: its own, or the
// provider's default, or gatus'.
func (g *gatus) threshold(kind string, alert *tree.Value) int {
	for _, key := range []string{"success-threshold", "send-on-resolved", "minimum-reminder-interval", "description"} {
		if given := alert.Get(key); given != nil {
			g.unreadValue(given, g.source, false)
			given.Read()
		}
	}
	own := alert.Get("failure-threshold").Int()
	return cmp.Or(own, g.provided(kind).Find("default-alert", "failure-threshold").Int(), 3)
}

// teamOf is the team that has these channels. A group with channels of its own
// is a team of its own.
func (g *gatus) teamOf(kinds []string, group string, at tree.Position) string {
	set := strings.Join(kinds, " ")
	overrides := make(map[string]*tree.Value)
	for _, kind := range kinds {
		for _, override := range g.provided(kind).Get("overrides").Items() {
			if group != "" && override.Get("group").Peek() == group {
				override.Get("group").Read()
				overrides[kind] = override
			}
		}
	}
	name, whose := cmp.Or(g.options.Team, "platform"), ""
	if len(g.own) > 1 && g.own[g.now] != nil { // each configuration is a team's
		name, whose = strings.TrimSuffix(filepath.Base(g.now), filepath.Ext(g.now)), g.now
	}
	key := "gatus:" + strings.TrimSpace(whose+" "+set)
	if g.first[whose] == "" && len(overrides) == 0 {
		g.first[whose] = set
	}
	switch {
	case len(overrides) > 0:
		name, key = group, key+":"+group
	case set != g.first[whose]:
		name += "-" + strings.Join(kinds, "-")
	}
	if _, known := g.estate.teams[key]; known {
		return key
	}
	team := g.estate.team(key, name, at)
	for _, kind := range kinds {
		provider := g.provided(kind)
		if provider == nil {
			g.report.add(LeftOut, at, "alerting "+kind, "", "the file does not say how %s is told", kind)
			continue
		}
		g.provider(channel{team: team, kind: kind, name: "gatus " + name, owner: provider}, overrides[kind])
	}
	return key
}

// provided is how a kind is told: what the document itself says, or any other.
func (g *gatus) provided(kind string) *tree.Value {
	if provider := g.own[g.now][kind]; provider != nil {
		return provider
	}
	return g.alerting[kind]
}

// provider gives a team a provider's channel. The keys of the override win.
func (g *gatus) provider(c channel, override *tree.Value) {
	get := func(key string) *tree.Value {
		if own := override.Get(key); own != nil {
			return own
		}
		return c.owner.Get(key)
	}
	c.owner.Get("default-alert").Read()
	switch c.kind {
	case "slack", "mattermost":
		g.slack(c, get("webhook-url"), get("channel").Text())
	case "teams", "teams-workflows":
		g.teams(c, get("webhook-url"))
	case "pagerduty":
		g.pagerDuty(c, get("integration-key"))
	case "email":
		g.mail(c.team, strings.Split(get("to").Text(), ","), c.owner.At)
		var password *Secret
		if !get("password").Empty() {
			password = g.secret(get("password"), "the password of the mail relay", "smtp", "password")
		}
		from, _ := g.expanded(get("from"))
		user, _ := g.expanded(get("username"))
		host, _ := g.expanded(get("host"))
		g.relay(host, get("port").Text(), from, cmp.Or(user, from), password)
	case "github":
		repository := strings.TrimPrefix(get("repository-url").Text(), "https://github.com/")
		c.team.Channels.set("github", settings("repository", strings.Trim(repository, "/")))
		g.report.add(Changed, c.owner.At, c.name, "", "gatus opens an issue; Tocsin comments failed pipelines on pull requests of the repository")
		c.owner.Get("token").Read()
	default:
		g.noChannel(c)
	}
}

// goSpan reads a duration as Go writes it.
func goSpan(v *tree.Value) time.Duration {
	d, err := time.ParseDuration(v.Peek())
	if err != nil || d <= 0 {
		return 0
	}
	v.Read()
	return d
}

// expanded is a text with the variables of the environment that it names. It
// is false when one of them is not set.
func (in *intake) expanded(v *tree.Value) (string, bool) {
	whole := true
	text := regexp.MustCompile(`\$\{(\w+)\}|\$([A-Z_][A-Z0-9_]*)`).ReplaceAllStringFunc(v.Text(), func(name string) string {
		if in.options.Environment != nil {
			if value, set := in.options.Environment(strings.Trim(name, "${}")); set {
				return value
			}
		}
		whole = false
		return name
	})
	return text, whole
}
