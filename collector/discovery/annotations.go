package discovery

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// prefix begins every annotation of ours.
const prefix = "tocsin.dev/"

// annotation is one that people put on an object of Kubernetes: a row of
// docs/discovery.md. Path is where its value goes in the service; it is empty
// for what decides whether and how the object is asked.
type annotation struct {
	name, path, help string
}

// annotations are all there are.
func annotations() []annotation {
	return []annotation{
		{"ignore", "", "`true`: the object is not watched"},
		{"service", "", "the service's name; the source's `name` by default"},
		{"team", "team", "who answers for it"},
		{"probe", "", "`http`, `tcp` or `tls`: what is asked, in place of the template's probes"},
		{"url", "", "what is asked over HTTP, in place of host and path"},
		{"host", "", "a host in place of the object's"},
		{"scheme", "", "`http` or `https`"},
		{"port", "", "a port of a Service, by name or number; of an Ingress or an HTTPRoute, a number"},
		{"path", "", "what is asked of the host; the object's first path by default"},
		{"status", "probes.*.http.status", "what counts as an answer, such as `2xx,401`"},
		{"body", "probes.*.http.body", "text that the answer contains"},
		{"means", "probes.*.means", "`down`, `degraded` or `info`"},
		{"interval", "probes.*.interval", "between runs"},
		{"timeout", "probes.*.timeout", "of an attempt"},
		{"confirm", "probes.*.confirm", "failing attempts in a row"},
		{"slow", "probes.*.slow", "the latency budget"},
		{"memory", "thresholds.memory", "threshold, such as `90%`"},
		{"cpu", "thresholds.cpu", "threshold"},
		{"disk", "thresholds.disk", "threshold"},
		{"latency", "thresholds.latency", "threshold, such as `2s`"},
		{"certificate", "thresholds.certificate", "threshold, such as `14d`"},
		{"availability", "objective.availability", "objective, such as `99.5%`"},
		{"depends-on", "depends_on", "services, separated by commas"},
		{"runbook", "runbook", "an address"},
		{"external", "external", "`true`: somebody else's"},
	}
}

// ours says whether an object has an annotation of ours.
func ours(of map[string]string) bool {
	for name := range of {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// apply puts an object's annotations into a candidate.
func apply(of map[string]string, c *catalog.Candidate) {
	known := make(map[string]annotation)
	for _, a := range annotations() {
		known[prefix+a.name] = a
	}
	c.Name = of[prefix+"service"]
	if probe := of[prefix+"probe"]; probe != "" {
		c.Probe, c.Replace = probe, true
		if !slices.Contains([]string{"http", "tcp", "tls"}, probe) {
			c.Fault = fmt.Sprintf("annotation %sprobe: got %q, want http, tcp or tls (other kinds stand in the template)", prefix, short(probe))
		}
	}
	for _, a := range annotations() {
		value := of[prefix+a.name]
		switch {
		case a.path == "" || value == "":
		case a.name == "depends-on":
			c.Settings = append(c.Settings, catalog.Setting{Path: a.path, List: listed(value)})
		default:
			c.Settings = append(c.Settings, catalog.Setting{Path: a.path, Text: value})
		}
	}
	for name := range of {
		if _, is := known[name]; !is && strings.HasPrefix(name, prefix) {
			c.Fault = fmt.Sprintf("unknown annotation %s (docs/discovery.md has them all)", short(name))
		}
	}
}

// listed are the items of a text with commas.
func listed(text string) []string {
	var items []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}
