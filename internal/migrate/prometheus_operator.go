package migrate

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// isOperators recognises the resources of the Prometheus operator that ask
// probes: Probe, ScrapeConfig and ServiceMonitor.
func isOperators(root *tree.Value) bool {
	spec := root.Get("spec")
	switch root.Get("kind").Peek() {
	case "Probe":
		return spec.Get("prober") != nil
	case "ScrapeConfig":
		return strings.HasPrefix(root.Get("apiVersion").Peek(), "monitoring.")
	case "ServiceMonitor", "PodMonitor":
		return spec.Get("endpoints").Is(tree.List) || spec.Get("podMetricsEndpoints").Is(tree.List)
	}
	return false
}

// resource reads a resource of the Prometheus operator.
func (b *blackbox) resource(d *document) {
	for _, key := range []string{"kind", "apiVersion", "metadata", "status"} {
		d.root.Get(key).Read()
	}
	name := d.root.Find("metadata", "name").Text()
	spec := d.root.Get("spec")
	usual := schedule{interval: 30 * time.Second, timeout: 10 * time.Second}
	switch d.root.Get("kind").Text() {
	case "Probe":
		b.probe(d.root)
	case "ScrapeConfig":
		spec.Touch()
		b.job(d.name, inPrometheusWords(spec), cmp.Or(spec.Get("jobName").Text(), name), usual)
	default:
		for _, key := range []string{"selector", "namespaceSelector", "jobLabel", "targetLabels", "podTargetLabels"} {
			spec.Get(key).Read()
		}
		for _, endpoint := range spec.First("endpoints", "podMetricsEndpoints").Items() {
			b.endpoint(d.name, inPrometheusWords(endpoint), name, usual)
		}
	}
}

// endpoint reads an endpoint of a ServiceMonitor. One that asks a probe names
// its target among the parameters.
func (b *blackbox) endpoint(file string, v *tree.Value, name string, usual schedule) {
	target := v.Find("params", "target")
	if target != nil && v.Get("static_configs") == nil && v.Get("relabel_configs") == nil {
		b.subject(v, "job "+name)
		b.jobs++
		for _, item := range target.Each() {
			b.ask(target1(v, item, usual))
		}
		for _, key := range []string{"port", "targetPort", "metrics_path", "scheme", "params"} {
			v.Get(key).Read()
		}
		return
	}
	if target != nil || v.Find("params", "module") != nil {
		b.leave(v, "job "+name, "its targets come from the cluster: Tocsin finds them itself, by a template in the catalogue's discovery (docs/catalogue.md)")
		b.jobs++
		return
	}
	b.job(file, v, name, usual)
}

// target1 is a target that an endpoint names among its parameters.
func target1(v, item *tree.Value, usual schedule) target {
	module := "http_2xx"
	if modules := v.Find("params", "module").Texts(); len(modules) > 0 {
		module = modules[0]
	}
	return target{
		address: item.Text(), module: module, at: item.At,
		interval: cmp.Or(promSpan(v.Get("scrape_interval")), usual.interval), timeout: promSpan(v.Get("scrape_timeout")),
	}
}

// inPrometheusWords is a job of the operator under the keys that Prometheus'
// own configuration has.
func inPrometheusWords(v *tree.Value) *tree.Value {
	words := map[string]string{
		"staticConfigs": "static_configs", "relabelings": "relabel_configs", "metricRelabelings": "metric_relabel_configs", "metricsPath": "metrics_path",
		"path": "metrics_path", "scrapeInterval": "scrape_interval", "interval": "scrape_interval", "scrapeTimeout": "scrape_timeout",
		"httpSDConfigs": "http_sd_configs", "kubernetesSDConfigs": "kubernetes_sd_configs", "dnsSDConfigs": "dns_sd_configs", "consulSDConfigs": "consul_sd_configs",
		"sourceLabels": "source_labels", "targetLabel": "target_label", "honorLabels": "honor_labels", "honorTimestamps": "honor_timestamps", "tlsConfig": "tls_config",
	}
	v.Reword(words)
	return v
}

// probe reads a Probe.
func (b *blackbox) probe(root *tree.Value) {
	b.jobs++
	spec := root.Get("spec")
	name := cmp.Or(spec.Get("jobName").Text(), root.Find("metadata", "name").Text())
	b.subject(root, "Probe "+name)
	root.Find("kind").Read()
	spec.Get("prober").Read()
	given := spec.Find("targets", "staticConfig")
	set := given.Get("labels")
	for _, item := range given.Get("static").Items() {
		t := target{
			address: item.Text(), module: cmp.Or(spec.Get("module").Text(), "http_2xx"), at: item.At,
			interval: cmp.Or(promSpan(spec.Get("interval")), 30*time.Second), timeout: promSpan(spec.Get("scrapeTimeout")),
			service: cmp.Or(set.Get("service").Text(), set.Get("app").Text()),
		}
		if team := set.Get("team").Text(); team != "" {
			t.team = b.labelled(team, item.At)
		}
		b.ask(t)
	}
	if ingress := spec.Find("targets", "ingress"); ingress != nil {
		b.leave(spec, "Probe "+name, "%s", fmt.Sprintf("the targets are the Ingresses of a selector (%s): Tocsin finds them itself, by a template in the catalogue's discovery", strings.Join(ingress.Keys(), ", ")))
	}
}
