package migrate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// isKuma recognises a backup of uptime-kuma, or a list of its monitors.
func isKuma(d *document) bool {
	if d.root.Get("monitorList") != nil {
		return true
	}
	items := d.root.Items()
	return d.root.Is(tree.List) && len(items) > 0 && items[0].Get("type") != nil && items[0].First("maxretries", "retryInterval", "accepted_statuscodes") != nil
}

// kuma holds what several monitors share.
type kuma struct {
	*intake
	notifications map[string]*tree.Value // by id
	monitors      map[string]*tree.Value // by id
	proxies       map[string]*tree.Value // by id
}

func readKuma(in *intake) {
	k := &kuma{intake: in}
	for _, d := range in.documents {
		k.notifications, k.monitors, k.proxies = byID(d.root.Get("notificationList")), map[string]*tree.Value{}, byID(d.root.Get("proxyList"))
		list := d.root.Get("monitorList")
		if list == nil {
			list = d.root
		}
		k.monitors = byID(list)
		for _, v := range d.root.Get("notificationList").Items() {
			in.subject(v, "notification "+v.Get("name").Peek())
		}
		for _, v := range list.Items() {
			in.subject(v, v.Get("name").Peek())
		}
		for _, v := range list.Items() {
			k.monitor(v)
		}
		for _, v := range d.root.Get("notificationList").Items() {
			if !v.Touched() {
				in.leave(v, "notification "+v.Get("name").Peek(), "no monitor is told by it")
			}
		}
	}
}

func byID(list *tree.Value) map[string]*tree.Value {
	all := make(map[string]*tree.Value)
	for _, v := range list.Items() {
		all[v.Get("id").Peek()] = v
	}
	return all
}

// kumaMonitor is one monitor on its way to a check.
type kumaMonitor struct {
	*kuma
	v     *tree.Value
	name  string
	check *Check
}

// kumaTypes are how the types of monitors are read.
func kumaTypes() map[string]func(m *kumaMonitor) string {
	return map[string]func(m *kumaMonitor) string{
		"http": (*kumaMonitor).http, "keyword": (*kumaMonitor).http, "json-query": (*kumaMonitor).http, "port": (*kumaMonitor).port, "ping": (*kumaMonitor).ping,
		"dns": (*kumaMonitor).dns, "push": (*kumaMonitor).push, "grpc-keyword": (*kumaMonitor).grpc, "mqtt": (*kumaMonitor).mqtt,
		"postgres": (*kumaMonitor).database, "mysql": (*kumaMonitor).database, "sqlserver": (*kumaMonitor).database, "redis": (*kumaMonitor).database, "mongodb": (*kumaMonitor).database,
		"smtp": (*kumaMonitor).smtp, "snmp": (*kumaMonitor).snmp, "rabbitmq": (*kumaMonitor).rabbit, "kafka-producer": (*kumaMonitor).kafka,
		"websocket-upgrade": (*kumaMonitor).websocket, "real-browser": (*kumaMonitor).browser, "tailscale-ping": (*kumaMonitor).ping, "ntp": (*kumaMonitor).ntp, "sip-options": (*kumaMonitor).sip,
	}
}

func (k *kuma) monitor(v *tree.Value) {
	name := v.Get("name").Text()
	kind := v.Get("type").Text()
	switch active, given := v.Get("active").Bool(); {
	case given && !active:
		k.leave(v, name, "it is paused")
		return
	case kind == "group":
		k.report.add(Changed, v.At, name, "", "a group is no service of its own; its members carry its name where two are called alike")
		v.Read()
		return
	}
	m := &kumaMonitor{kuma: k, v: v, name: name, check: &Check{Service: name, At: v.At}}
	m.check.Group = k.monitors[v.Get("parent").Text()].Get("name").Peek()
	read, known := kumaTypes()[kind]
	if !known {
		k.leave(v, name, "Tocsin has no counterpart for a monitor of the type %s", kind)
		return
	}
	m.schedule()
	if reason := read(m); reason != "" {
		k.leave(v, name, "%s", reason)
		return
	}
	if v.Get("upsideDown").True() {
		k.leave(v, name, "it is upside down (well when the check fails), which no probe is")
		return
	}
	if m.check.Team = m.told(); m.check.Settings != nil {
		k.check(m.check)
	}
}

// schedule reads how often is asked and what repeats.
func (m *kumaMonitor) schedule() {
	m.check.Interval = time.Duration(cmp.Or(m.v.Get("interval").Int(), 60)) * time.Second
	if seconds, given := m.v.Get("timeout").Number(); given && seconds > 0 {
		m.check.Timeout = time.Duration(seconds * float64(time.Second))
	} else {
		m.check.Timeout = m.check.Interval * 8 / 10
	}
	retries := m.v.Get("maxretries").Int()
	m.check.Confirm = retries + 1
	pause := time.Duration(cmp.Or(m.v.Get("retryInterval").Int(), int(m.check.Interval/time.Second))) * time.Second
	if wait := time.Duration(retries) * pause; retries > 0 {
		if wait > time.Minute {
			m.check.PageAfter = wait
		}
		m.report.add(Changed, m.v.At, m.name, "maxretries", "retries with pauses in between; Tocsin repeats at once, and a phone rings after the same time of failure (page_after)")
	}
}

// told is the team of the notifications that the monitor has.
func (m *kumaMonitor) told() string {
	var ids []string
	list := m.v.Get("notificationIDList")
	for _, id := range list.Keys() {
		if list.Get(id).True() {
			ids = append(ids, id)
		}
	}
	for _, item := range list.Items() {
		if list.Is(tree.List) {
			ids = append(ids, item.Text())
		}
	}
	slices.Sort(ids)
	if len(ids) == 0 {
		return ""
	}
	key := "kuma:" + m.v.At.File + ":" + strings.Join(ids, ",")
	if _, known := m.estate.teams[key]; known {
		return key
	}
	var called []string
	for _, id := range ids {
		called = append(called, cmp.Or(m.notifications[id].Get("name").Peek(), "notification "+id))
	}
	team := m.estate.team(key, strings.Join(called[:min(3, len(called))], " and "), m.v.At)
	for _, id := range ids {
		if notification := m.notifications[id]; notification != nil {
			m.notification(team, notification)
		}
	}
	return key
}

// notification gives a team what a notification tells. Its settings are JSON in
// a text, beside or under the key config.
func (k *kuma) notification(team *Team, v *tree.Value) {
	name := "notification " + v.Get("name").Text()
	config := v.Get("config")
	if config.Is(tree.String) {
		inner, err := tree.JSON(v.At.File, []byte(config.Peek()))
		if err != nil {
			k.leave(v, name, "its config is not JSON")
			return
		}
		config.Read()
		config = inner.Moved(v.At, config.Path)
		k.extra = append(k.extra, extra{config, k.source})
	} else if config == nil {
		config = v
	}
	v.Get("isDefault").Read()
	v.Get("active").Read()
	c := channel{team: team, kind: config.Get("type").Text(), name: name, owner: config}
	switch c.kind {
	case "slack":
		k.slack(c, config.Get("slackwebhookURL"), config.Get("slackchannel").Text())
	case "teams":
		k.teams(c, config.First("webhookUrl", "teamswebhookUrl"))
	case "PagerDuty":
		k.pagerDuty(c, config.Get("pagerdutyIntegrationKey"))
	case "Splunk", "victorops":
		k.victorOps(c, config.First("splunkRestURL", "pagerdutyIntegrationKey"), cmp.Or(config.Get("routingKey").Text(), "default"))
	case "smtp":
		to := slices.Concat(strings.Split(config.Get("smtpTo").Text(), ","), strings.Split(config.Get("smtpCC").Text(), ","))
		k.mail(team, to, v.At)
		var password *Secret
		if !config.Get("smtpPassword").Empty() {
			password = k.secret(config.Get("smtpPassword"), "the password of the mail relay", "smtp", "password")
		}
		k.relay(config.Get("smtpHost").Text(), config.Get("smtpPort").Text(), bare(config.Get("smtpFrom").Text()), config.Get("smtpUsername").Text(), password)
		if secure := config.Get("smtpSecure"); secure.True() && k.estate.smtp != nil {
			k.estate.smtp.set("tls", "tls")
		}
	default:
		k.noChannel(c)
	}
}

// headers reads the JSON text of a monitor's headers.
func (m *kumaMonitor) headers(s *Settings) {
	v := m.v.Get("headers")
	if v.Empty() {
		return
	}
	parsed := v
	if v.Is(tree.String) {
		var err error
		if parsed, err = tree.JSON(v.At.File, []byte(v.Peek())); err != nil {
			m.lose(v, m.name, "headers", "they are not JSON")
			return
		}
		v.Read()
		parsed = parsed.Moved(v.At, v.Path)
	}
	for _, name := range parsed.Keys() {
		m.header(s, name, parsed.Get(name), m.name)
	}
}

// statuses reads the accepted status codes, which are ranges in texts.
func (m *kumaMonitor) statuses() []string {
	given := m.v.Get("accepted_statuscodes")
	if given.Is(tree.String) { // a JSON list in a text, as the database has it
		var list []string
		if json.Unmarshal([]byte(given.Peek()), &list) == nil {
			given.Read()
			return ranges(list)
		}
	}
	return ranges(given.Texts())
}

func ranges(list []string) []string {
	codes := make(map[int]bool)
	for _, text := range list {
		var first, last int
		if n, _ := fmt.Sscanf(text, "%d-%d", &first, &last); n < 2 {
			last = first
		}
		for code := max(first, 100); code <= min(last, 599); code++ {
			codes[code] = true
		}
	}
	return statusOf(slices.Collect(maps.Keys(codes)))
}
