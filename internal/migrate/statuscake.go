package migrate

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// isStatusCake recognises what StatusCake's API answers.
func isStatusCake(d *document) bool {
	return d.format == formatJSON && len(apiTests(d.root)) > 0
}

// apiTests are the tests in an answer of the API: {"data": […]}, {"data": {…}}
// or, in the old API, a list.
func apiTests(root *tree.Value) []*tree.Value {
	items := root.Items()
	if root.Is(tree.Map) {
		items = root.Get("data").Each()
	}
	for _, item := range items {
		if item.First("website_url", "WebsiteName", "TestID", "check_rate", "period") == nil {
			return nil
		}
	}
	return items
}

// isStatusCakeMap recognises a variable that holds tests by name, or lists of
// addresses.
func isStatusCakeMap(v *tree.Value) bool {
	if !v.Is(tree.Map) || len(v.Items()) == 0 {
		return false
	}
	if v.First("uptime_urls", "ssl_urls").Is(tree.List) {
		return true
	}
	found := false
	for _, item := range v.Items() {
		if !item.Is(tree.Map) {
			return false
		}
		found = found || item.First("website_url", "ssl_url", "website_name", "uptime_urls", "ssl_urls") != nil
	}
	return found
}

// cake holds what the tests share.
type cake struct {
	*intake
	groups map[string]*tree.Value // contact groups by id
}

func readStatusCake(in *intake) {
	c := &cake{intake: in, groups: make(map[string]*tree.Value)}
	for _, b := range in.resources("statuscake_contact_group") {
		if in.known(b) {
			c.groups[b.Type+"."+b.Name] = b.Body
			c.groups[b.Body.Get("id").Text()] = b.Body
		}
	}
	for _, resource := range []struct {
		kind string
		read func(b *block)
	}{
		{"statuscake_uptime_check", c.uptime},
		{"statuscake_test", c.legacy},
		{"statuscake_ssl_check", c.certificate},
		{"statuscake_ssl", c.certificate},
		{"statuscake_heartbeat_check", c.heartbeat},
	} {
		for _, b := range in.resources(resource.kind) {
			if in.known(b) {
				resource.read(b)
			}
		}
	}
	for _, kind := range []string{"statuscake_pagespeed_check", "statuscake_maintenance_window"} {
		for _, b := range in.resources(kind) {
			in.leave(b.Body, b.Address(), "Tocsin has no counterpart for a %s", kind)
		}
	}
	for _, b := range in.blocks {
		if b.Kind == "module" && b.Body.First("uptime_urls", "ssl_urls", "heartbeat_names") != nil {
			b.reader = in.source
			if in.known(b) {
				c.lists(b.Body, b.Name)
				in.report.add(Changed, b.Body.At, b.Address(), "", "what the module itself says (interval, attempts, status codes) is not known here; the catalogue's defaults hold")
			}
		}
	}
	in.variables(isStatusCakeMap, c.variable)
	for _, d := range in.documents {
		if d.source != nil {
			c.api(d.root)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.groups)) {
		if group := c.groups[id]; id != "" && !group.Touched() {
			in.leave(group, "contact group "+group.Get("name").Peek(), "no test here is told to it")
		}
	}
}

// uptime reads a resource of the provider's second version.
func (c *cake) uptime(b *block) {
	v := b.Body
	t := &cakeTest{cake: c, v: v, name: terraformName(v.Get("name"), b), options: v, resource: true}
	t.address = v.One("monitored_resource").Get("address")
	t.interval = v.Get("check_interval")
	t.timeout = v.Get("timeout")
	for _, kind := range []string{"http_check", "tcp_check", "dns_check", "icmp_check"} {
		if options := v.One(kind); options != nil && !options.Empty() || v.Get(kind).Is(tree.List) && len(v.Get(kind).Items()) > 0 {
			t.kind, t.options = strings.TrimSuffix(kind, "_check"), v.One(kind)
			t.timeout = t.options.Get("timeout")
		}
	}
	if t.kind == "http" {
		t.kind = cmp.Or(t.options.Get("request_method").Text(), "http")
	}
	if t.kind == "tcp" {
		t.kind = cmp.Or(t.options.Get("protocol").Text(), "tcp")
	}
	t.read()
}

// legacy reads a resource of the provider's first version.
func (c *cake) legacy(b *block) {
	t := c.side(b.Body, terraformName(b.Body.Get("website_name"), b), b.Body.Get("website_url"))
	t.resource, t.legacy = true, true
	t.read()
}

// flat reads a test whose keys stand side by side, as in the old provider, in
// maps of variables and in the API.
func (c *cake) flat(v *tree.Value, name string, address *tree.Value) { c.side(v, name, address).read() }

func (c *cake) side(v *tree.Value, name string, address *tree.Value) *cakeTest {
	t := &cakeTest{cake: c, v: v, options: v, name: name, address: address}
	t.interval = v.First("check_rate", "check_interval", "CheckRate")
	t.timeout = v.First("timeout", "Timeout")
	t.kind = cmp.Or(v.First("test_type", "TestType").Text(), "http")
	return t
}

// variable reads a map of tests, or of lists of addresses.
func (c *cake) variable(name string, v *tree.Value) {
	v.Touch()
	if v.First("uptime_urls", "ssl_urls").Is(tree.List) {
		c.lists(v, name)
		return
	}
	for _, key := range v.Keys() {
		test := v.Get(key)
		c.subject(test, key)
		called := cmp.Or(test.First("website_name", "name").Text(), key)
		addresses := test.First("website_url", "url", "uptime_url")
		switch {
		case strings.Contains(strings.ToLower(name), "ssl"):
			c.certificates(addresses, test)
		case addresses.Is(tree.List):
			for _, address := range addresses.Items() {
				own := ""
				if len(addresses.Items()) == 1 {
					own = called
				}
				c.flat(test, own, address)
			}
		case addresses != nil:
			c.flat(test, called, addresses)
		}
		c.lists(test, key)
		c.certificates(test.First("ssl_url", "ssl_urls"), test)
	}
}

// lists reads lists of addresses with what they share.
func (c *cake) lists(v *tree.Value, name string) {
	for _, key := range []string{"uptime_urls", "ssl_urls"} {
		if list := v.Get(key); list.Is(tree.Unknown) {
			c.report.add(LeftOut, list.At, name, key, "%s", list.Why())
			list.Read()
		}
	}
	for _, address := range v.Get("uptime_urls").Items() {
		if address.Is(tree.Unknown) {
			c.report.add(LeftOut, address.At, name, "uptime_urls", "%s", address.Why())
			address.Read()
			continue
		}
		c.flat(v, "", address)
	}
	if v.Get("ssl_urls").Is(tree.List) {
		c.certificates(v.Get("ssl_urls"), v)
	}
	for _, beat := range v.Get("heartbeat_names").Items() {
		c.beat(beat.Text(), cmp.Or(v.Get("heartbeat_period").Int(), 600), v, beat.At)
	}
}

// certificate reads an SSL check of Terraform.
func (c *cake) certificate(b *block) {
	v := b.Body
	address := v.One("monitored_resource").Get("address")
	if address == nil {
		address = v.Get("domain")
	}
	c.certificates(address, v)
}

// certificates reads SSL checks of one or several addresses.
func (c *cake) certificates(addresses, v *tree.Value) {
	if v.Get("paused").True() {
		c.leave(v, addresses.Peek(), "it is paused")
		return
	}
	config := v
	if inner := v.One("alert_config"); inner != nil {
		config = inner
	}
	days := 0
	for _, item := range config.Get("alert_at").Each() {
		for part := range strings.SplitSeq(item.Text(), ",") {
			if n, err := strconv.Atoi(strings.TrimSpace(part)); err == nil {
				days = max(days, n)
			}
		}
	}
	for _, address := range addresses.Each() {
		host, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(address.Text(), "https://"), "http://"), "/")
		if host == "" {
			c.report.add(LeftOut, address.At, "an SSL check", "", "the address is not known here: %s", cmp.Or(address.Why(), "it is empty"))
			address.Read()
			continue
		}
		c.check(&Check{
			Kind: "tls", Settings: settings("address", withPort(host, "443")), Means: "degraded", CertificateOnly: true,
			Certificate: time.Duration(days) * 24 * time.Hour, Interval: c.rate(v.First("check_interval", "check_rate", "checkrate")), Team: c.team(v), URL: "https://" + host + "/", At: address.At,
		})
	}
}

func (c *cake) rate(v *tree.Value) time.Duration { return time.Duration(v.Int()) * time.Second }

func (c *cake) heartbeat(b *block) {
	v := b.Body
	if v.Get("paused").True() {
		c.leave(v, b.Address(), "it is paused")
		return
	}
	c.beat(terraformName(v.Get("name"), b), v.Get("period").Int(), v, v.At)
}

func (c *cake) beat(name string, seconds int, v *tree.Value, at tree.Position) {
	c.report.add(ToDo, at, name, "", "the job now calls POST /heartbeat/NAME of the exporter in the place of StatusCake's address")
	c.check(&Check{Service: name, Kind: "heartbeat", Settings: settings("every", time.Duration(seconds)*time.Second), Team: c.team(v), At: at})
}

// api reads what the API answers.
func (c *cake) api(root *tree.Value) {
	root.Get("metadata").Read()
	for _, v := range apiTests(root) {
		name := v.First("name", "WebsiteName").Text()
		c.subject(v, cmp.Or(name, v.Get("website_url").Peek()))
		switch {
		case v.First("latest_stats", "alert_slower") != nil:
			c.leave(v, name, "Tocsin has no counterpart for a page speed test")
		case v.Get("period") != nil:
			if v.Get("paused").True() {
				c.leave(v, name, "it is paused")
				continue
			}
			c.beat(name, v.Get("period").Int(), v, v.At)
		case name == "" && v.Get("website_url") != nil:
			c.certificates(v.Get("website_url"), v)
		default:
			c.flat(v, name, v.First("website_url", "WebsiteURL"))
		}
	}
}

// team is that of the contact groups that a test tells.
func (c *cake) team(v *tree.Value) string {
	list := v.First("contact_groups", "contact_group", "ContactGroup", "contact_groups_c", "contact_id")
	if why := list.Missing(); why != "" {
		name, key, _ := c.subjectOf(list)
		c.lose(list, name, key, "%s: the default team has it", why)
		return ""
	}
	ids := list.Texts()
	if len(ids) == 1 {
		ids = strings.FieldsFunc(ids[0], func(r rune) bool { return r == ',' || r == ' ' })
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(ids) == 0 {
		return ""
	}
	key := "statuscake:" + strings.Join(ids, ",")
	if _, known := c.estate.teams[key]; known {
		return key
	}
	var called []string
	for _, id := range ids {
		called = append(called, cmp.Or(c.groups[id].Get("name").Text(), "contact group "+id))
	}
	team := c.estate.team(key, strings.Join(called[:min(2, len(called))], " and "), list.At)
	for _, id := range ids {
		if group := c.groups[id]; group != nil {
			c.mail(team, append(group.Get("email_addresses").Texts(), group.Get("emails").Texts()...), group.At)
		}
	}
	return key
}
