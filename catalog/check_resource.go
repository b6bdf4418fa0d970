package catalog

import "regexp"

// labelName is what Prometheus takes for the name of a label in a query of every
// version.
var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

func (c *checker) checkResource(path string, r *Resource) {
	c.exactlyOne(path, "the source", ResourceSources()...)
	if r.Process != nil {
		c.exactlyOne(below(path, "process"), "how to find the process", "pid_file", "command")
	}
	if r.Prometheus != nil {
		c.checkURL(below(path, "prometheus.url"), r.Prometheus.URL)
	}
	if r.NodeExporter != nil {
		c.checkNodeExporter(below(path, "node_exporter"), r.NodeExporter)
	}
	if r.Volumes != nil {
		c.checkLabelNames(below(path, "volumes.labels"), r.Volumes.Labels)
		c.needsPrometheus(below(path, "volumes"))
	}
	if !r.MeasuresDisks() {
		return
	}
	for _, key := range []string{"memory_limit", "cpu_limit"} {
		if c.given(below(path, key)) {
			c.add(below(path, key), "disks have none: their size is their limit (leave the key out)")
		}
	}
}

func (c *checker) checkNodeExporter(path string, r *NodeExporterResource) {
	c.exactlyOne(path, "how to find the machine", "url", "instance")
	c.checkURL(below(path, "url"), r.URL)
	c.checkLabelNames(below(path, "labels"), r.Labels)
	if r.Instance != "" {
		c.needsPrometheus(path)
	}
	if r.URL != "" && len(r.Labels) > 0 {
		c.add(below(path, "labels"), "labels choose among the series of links.prometheus, and the page at url has one machine only (leave them out, or use instance)")
	}
}

func (c *checker) checkLabelNames(path string, labels map[string]string) {
	for name := range labels {
		if !labelName.MatchString(name) {
			c.add(below(path, name), "no name of a label (want letters, digits and underscores)")
		}
	}
}

// needsPrometheus notes that there is no Prometheus to ask.
func (c *checker) needsPrometheus(path string) {
	if c.Links.Prometheus == "" && !c.meant["links"] && !c.meant["links.prometheus"] {
		c.add(path, "there is no Prometheus to ask (define links.prometheus)")
	}
}
