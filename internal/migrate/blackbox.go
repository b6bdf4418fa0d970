package migrate

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// isBlackbox recognises blackbox_exporter's modules, Prometheus' scrape jobs,
// files for its file_sd_configs, and the operator's Probe resources.
func isBlackbox(d *document) bool {
	return d.root.Get("modules").Is(tree.Map) || d.root.Get("scrape_configs").Is(tree.List) || isOperators(d.root) || isJobs(d.root) || isTargets(d.root) || isChart(d.root)
}

// isTargets recognises what Prometheus' file and HTTP service discovery read.
func isTargets(root *tree.Value) bool {
	items := root.Items()
	return root.Is(tree.List) && len(items) > 0 && !slices.ContainsFunc(items, func(v *tree.Value) bool { return !v.Get("targets").Is(tree.List) })
}

// blackbox holds the modules while the jobs are read.
type blackbox struct {
	*intake
	modules map[string]*tree.Value
	used    map[string]bool
	jobs    int
	targets map[string]*document // files of targets by name
	listed  map[string]bool      // those that some job names
}

func readBlackbox(in *intake) {
	b := &blackbox{intake: in, modules: map[string]*tree.Value{}, used: map[string]bool{}, targets: map[string]*document{}, listed: map[string]bool{}}
	for _, d := range in.documents {
		modules := modulesOf(d.root)
		for _, name := range modules.Keys() {
			b.modules[name] = modules.Get(name)
			in.subject(modules.Get(name), "module "+name)
		}
		if isTargets(d.root) {
			b.targets[d.name] = d
		}
	}
	for _, d := range in.documents {
		switch {
		case isOperators(d.root):
			b.resource(d)
		case isChart(d.root):
			b.chart(d.root)
		case d.root.Get("scrape_configs") != nil || isJobs(d.root):
			b.prometheus(d)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.targets)) {
		if !b.listed[name] {
			in.leave(b.targets[name].root, name, "no scrape job here names this file of targets: import the Prometheus configuration that does, too")
		}
	}
	for _, d := range in.documents {
		for _, name := range modulesOf(d.root).Keys() {
			if b.used[name] {
				continue
			}
			module := b.modules[name]
			module.Read()
			reason := "no scrape job asks with this module"
			if b.jobs == 0 {
				reason += ": import the Prometheus configuration with the jobs, too, which says what is asked"
			}
			in.report.add(LeftOut, module.At, "module "+name, "", "%s", reason)
		}
	}
}

// modulesOf are the modules of a configuration, or of the values of its chart.
func modulesOf(root *tree.Value) *tree.Value {
	if modules := root.Get("modules"); modules != nil {
		return modules
	}
	return root.Find("config", "modules")
}

// isChart recognises the values of blackbox_exporter's Helm chart.
func isChart(root *tree.Value) bool { return root.Find("config", "modules").Is(tree.Map) }

// chart reads the targets that the chart's values name.
func (b *blackbox) chart(root *tree.Value) {
	monitor := root.Get("serviceMonitor")
	usual := schedule{interval: 30 * time.Second, timeout: 30 * time.Second}
	if defaults := monitor.Get("defaults"); defaults != nil {
		usual.interval = cmp.Or(promSpan(defaults.Get("interval")), usual.interval)
		usual.timeout = cmp.Or(promSpan(defaults.Get("scrapeTimeout")), usual.timeout)
	}
	if on, given := monitor.Get("enabled").Bool(); given && !on && monitor.Get("targets") != nil {
		b.leave(monitor, "serviceMonitor", "it is switched off (enabled: false)")
		return
	}
	targets := monitor.Get("targets")
	for i, item := range targets.Items() {
		b.jobs++
		name := item.Get("name").Text()
		if targets.Is(tree.Map) {
			name = targets.Keys()[i]
		}
		b.subject(item, "target "+name)
		b.ask(target{
			address: item.Get("url").Text(), module: cmp.Or(item.Get("module").Text(), "http_2xx"), service: name, at: item.At,
			interval: cmp.Or(promSpan(item.Get("interval")), usual.interval), timeout: cmp.Or(promSpan(item.Get("scrapeTimeout")), usual.timeout),
		})
	}
	root.Get("config").Touch()
	for _, key := range monitor.Keys() { // the rest is how Prometheus finds it
		if key != "targets" {
			monitor.Get(key).Read()
		}
	}
	for _, key := range root.Keys() { // the rest is how the exporter is deployed
		if key != "config" && key != "serviceMonitor" {
			root.Get(key).Read()
		}
	}
}

// target is one address that is to be asked in the way of a module.
type target struct {
	address, module string
	hostname        string // the parameter of that name
	service, group  string
	team            string
	interval        time.Duration
	timeout         time.Duration
	at              tree.Position
}

// ask makes a check of a target.
func (b *blackbox) ask(t target) {
	name := cmp.Or(t.service, t.address)
	module, known := b.modules[t.module]
	if !known {
		reason := "the module %q is not in the files (import blackbox.yml, too)"
		b.report.add(LeftOut, t.at, name, "", reason, t.module)
		return
	}
	b.used[t.module] = true
	check := &Check{Service: t.service, Group: t.group, Team: t.team, Interval: t.interval, At: t.at}
	check.Timeout = cmp.Or(promSpan(module.Get("timeout")), t.timeout, 10*time.Second)
	if t.timeout > 0 && t.timeout < check.Timeout {
		check.Timeout = t.timeout
	}
	m := &module1{blackbox: b, module: t.module, check: check, target: t, owner: name}
	prober := module.Get("prober").Text()
	read, can := probers()[prober]
	if !can {
		b.report.add(LeftOut, t.at, name, "", "tocsin import does not know the prober %q of the module %s", prober, t.module)
		module.Read()
		return
	}
	module.Get(prober).Touch()
	read(m, module.Get(prober))
	if check.Kind != "" {
		b.check(check)
	}
}

// promSpan reads a duration as Prometheus writes it.
func promSpan(v *tree.Value) time.Duration {
	d, err := model.ParseDuration(v.Peek())
	if err != nil {
		return 0
	}
	v.Read()
	return time.Duration(d)
}

// module1 is one module applied to one target.
type module1 struct {
	*blackbox
	module string
	check  *Check
	target target
	owner  string
}

// probers are what a module's prober may be.
func probers() map[string]func(m *module1, v *tree.Value) {
	return map[string]func(m *module1, v *tree.Value){
		"http": (*module1).http, "tcp": (*module1).tcp, "icmp": (*module1).icmp, "dns": (*module1).dns, "grpc": (*module1).grpc, "websocket": (*module1).websocket,
	}
}

// address reads which address of a name is to be asked.
func (m *module1) address(s *Settings, v *tree.Value) {
	if prefer := v.Get("preferred_ip_protocol"); !prefer.Empty() && !fallsBack(v) {
		s.set("family", family(prefer.Text()))
	} else if m.check.Kind == "" && !prefer.Empty() && knows(m.kind(), "ip") {
		s.set("ip", "prefer"+strings.TrimPrefix(prefer.Text(), "ip"))
	}
	s.family(m.kind())
}

// kind is the kind of probe that the module's prober becomes.
func (m *module1) kind() string { return m.modules[m.module].Get("prober").Peek() }

// family writes the version of the Internet protocol as the kind has it.
func (s *Settings) family(kind string) {
	if family := s.text("family"); family != "" && knows(kind, "ip") {
		s.remove("family")
		s.set("ip", strings.TrimPrefix(family, "ipv"))
	}
}

// family is ip4 or ip6 as the catalogue writes it.
func family(text string) string {
	return map[string]string{"ip4": "ipv4", "ip6": "ipv6"}[text]
}

func fallsBack(v *tree.Value) bool {
	falls, given := v.Get("ip_protocol_fallback").Bool()
	return falls || !given
}

// certificates reads a tls_config.
func (m *module1) certificates(s *Settings, v *tree.Value) {
	s.set("ca_file", v.Get("ca_file").Text())
	s.set("server_name", cmp.Or(v.Get("server_name").Text(), m.target.hostname))
	if v.Get("insecure_skip_verify").True() {
		m.report.add(ToDo, v.Get("insecure_skip_verify").At, m.owner, "insecure_skip_verify", "a certificate is always verified: give ca_file when a private authority signs it")
	}
	s.set("cert_file", v.Get("cert_file").Text())
	s.set("key_file", v.Get("key_file").Text())
	s.set("tls_min_version", tlsVersion(v.Get("min_version").Text()))
}

// tlsVersion is TLS12 as the catalogue writes it.
func tlsVersion(text string) string {
	digits := strings.TrimPrefix(text, "TLS")
	if len(digits) != 2 {
		return ""
	}
	return digits[:1] + "." + digits[1:]
}

func (m *module1) icmp(v *tree.Value) {
	s := settings("host", m.target.address)
	m.address(s, v)
	s.set("size", v.Get("payload_size").Int())
	m.check.Kind, m.check.Settings = "icmp", s
}

func (m *module1) grpc(v *tree.Value) {
	s := settings("address", m.target.address, "service", v.Get("service").Text())
	if v.Get("tls").True() {
		s.set("tls", true)
	}
	m.certificates(s, v.Get("tls_config"))
	m.address(s, v)
	m.check.Kind, m.check.Settings = "grpc", s
}

func (m *module1) websocket(v *tree.Value) {
	s := settings("url", m.target.address)
	m.certificates(s, v.Get("tls_config"))
	m.check.Kind, m.check.Settings = "websocket", s
}

// blackboxNotes are the reasons for what is not read.
func blackboxNotes() map[string]Note {
	notes := map[string]Note{
		"rule_files":             {NotCarried, "rules are not read: Tocsin brings its own, and yours go on working beside them"},
		"scrape_config_files":    {LeftOut, "further files of jobs: import them, too"},
		"body_size_limit":        {NotCarried, "the body that is read is bounded already"},
		"labels":                 {NotCarried, "series carry service, probe, team and location; other labels belong to the estate's dashboards"},
		"source_ip_address":      {NotCarried, "the machine chooses the address that it asks from"},
		"ip_protocol_fallback":   {NotCarried, "a name's addresses are tried in the machine's order"},
		"preferred_ip_protocol":  {NotCarried, "a name's addresses are tried in the machine's order"},
		"compression":            {NotCarried, "what the server may send compressed is unpacked already"},
		"fail_if_ssl":            {NotCarried, "an address is asked as it stands: what must not speak TLS has no counterpart"},
		"no_proxy":               {NotCarried, "a probe with a proxy always asks through it"},
		"proxy_connect_header":   {NotCarried, "a proxy is told nothing but the user and password"},
		"proxy_from_environment": {NotCarried, "a proxy is named in the probe, not in the environment"},
		"fail_if_header_not_matches.allow_missing": {NotCarried, "an answer without the header fails"},
		"fail_if_not_ssl":                          {NotCarried, "an address with https is never asked without TLS; redirects to http are followed"},
		"enable_http2":                             {NotCarried, "the version is negotiated"},
		"enable_http3":                             {NotCarried, "the version is negotiated"},
		"skip_resolve_phase_with_proxy":            {Nothing, "a matter of blackbox_exporter's own timing"},
		"recursion_desired":                        {NotCarried, "recursion is asked for"},
		"dont_fragment":                            {NotCarried, "packets are as the machine sends them"},
		"ttl":                                      {NotCarried, "packets are as the machine sends them"},
		"debug":                                    {Nothing, "the exporter shows the trace of each probe without it"},
		"validate_answer_rrs":                      {NotCarried, "give the expected answers in the probe's answers, answers_any or answers_not"},
		"validate_authority_rrs":                   {NotCarried, "only answers are compared"},
		"validate_additional_rrs":                  {NotCarried, "only answers are compared"},
		"query_class":                              {NotCarried, "the class is IN"},
		"apiVersion":                               {Nothing, "Kubernetes' own"},
		"metadata":                                 {Nothing, "Kubernetes' own"},
		"query_response.labels":                    {NotCarried, "nothing from an answer becomes a label"},
		"query_response.expect_bytes":              {NotCarried, "a dialogue expects text"},
		"fail_if_body_json_matches_cel":            {NotCarried, "no counterpart"},
		"fail_if_header_matches":                   {NotCarried, "no counterpart"},
		"fail_if_header_not_matches":               {NotCarried, "no counterpart"},
		"fail_if_body_matches_regexp":              {NotCarried, "no counterpart"},
		"fail_if_body_not_matches_regexp":          {NotCarried, "no counterpart"},
		"fail_if_body_json_not_matches_cel":        {NotCarried, "no counterpart"},
		"metric_relabel_configs":                   {NotCarried, "what is kept of the exporter's series is a matter of Prometheus' job for Tocsin's exporter"},
		"tls_config":                               {NotCarried, "no counterpart"},
		"prober.proxyUrl":                          {NotCarried, "how Prometheus reaches blackbox_exporter"},
		"prober":                                   {Nothing, "how Prometheus reaches blackbox_exporter"},
	}
	for _, name := range []string{
		"global", "alerting", "remote_write", "remote_read", "storage",
		"tsdb", "tracing", "otlp", "honor_labels", "honor_timestamps",
		"scheme", "scrape_protocols", "scrape_classic_histograms", "metric_name_validation_scheme", "metric_name_escaping_scheme",
		"sample_limit", "track_timestamps_staleness", "fallback_scrape_protocol", "always_scrape_classic_histograms", "convert_classic_histograms_to_nhcb",
	} {
		notes[name] = Note{Nothing, "Prometheus' own: it goes on reading it"}
	}
	return notes
}
