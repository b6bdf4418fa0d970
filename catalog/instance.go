package catalog

import (
	"net"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// make puts what a source says about a candidate into the source's template.
func (e *extension) make(c Candidate, source *Discovery) (*made, *Rejection) {
	reject := func(reason RejectionReason, problem string) (*made, *Rejection) {
		return nil, &Rejection{Reason: reason, Problem: oneLine(problem)}
	}
	if c.Fault != "" {
		return reject(RejectValue, c.Fault)
	}
	r := &renderer{value: c.value}
	name, _, _ := r.text(&yaml.Node{Kind: yaml.ScalarNode, Value: source.NamedAs})
	if c.Name != "" {
		name = c.Name
	}
	if err := usable(name); err != nil && r.problem == "" {
		r.problem = "name: " + err.Error()
	}
	if r.problem != "" {
		return reject(RejectValue, r.problem)
	}
	m := &made{of: c, name: fitName(name), group: c.Group, file: e.file(source)}
	if m.name == "" {
		return reject(RejectValue, "nothing is left of its name (got "+clipped(name)+", want letters or digits in it)")
	}
	m.node = c.document(source, r)
	if r.problem == "" && !c.apply(m.node, r) {
		r.problem = "the template and the annotations do not fit together"
	}
	if r.problem != "" {
		return reject(RejectValue, r.problem)
	}
	if host := strange(m.node, source.Hosts); host != "" {
		return reject(RejectHost, "the host "+clipped(host)+" is not among the hosts that may be probed")
	}
	return m, nil
}

// file is where a source's template stands.
func (e *extension) file(source *Discovery) *source {
	if source.Service.file != nil {
		return source.Service.file
	}
	return e.written.sources[0]
}

// value is what the source says about the candidate.
func (c *Candidate) value(name string) (string, error) {
	value, known := c.Values[name]
	if !known || value == "" {
		return "", errMissing
	}
	return value, usable(value)
}

// document is a copy of the template, with a probe in any case.
func (c *Candidate) document(source *Discovery, r *renderer) *yaml.Node {
	document := &yaml.Node{Kind: yaml.MappingNode, Line: 1, Column: 1}
	if template := source.Service.node; template != nil {
		if copied := r.node(template); copied != nil {
			document = copied
		}
	}
	if document.Kind != yaml.MappingNode || r.problem != "" {
		return document
	}
	if pairAt(document.Content, "probes") >= 0 && !c.Replace {
		return document
	}
	if probes := defaultProbe(c.Probe); probes != nil {
		put(document, []string{"probes"}, r.node(probes))
	} else if c.Probe == "" && !c.Replace {
		r.fail(document, "%s is neither an address with http:// or https:// nor host:port (give the template probes)", clipped(c.Target))
	}
	return document
}

// defaultProbe is what is asked of a candidate when nobody says it.
func defaultProbe(kind string) *yaml.Node {
	key, variable := "address", "{{address}}"
	switch kind {
	case "http":
		key, variable = "url", "{{url}}"
	case "tcp", "tls":
	default:
		return nil
	}
	text := func(value string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value} }
	mapping := func(key string, value *yaml.Node) *yaml.Node {
		return &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{text(key), value}}
	}
	return mapping("{{host}}", mapping(kind, mapping(key, text(variable))))
}

// apply puts the candidate's settings over the document. It is false when a
// setting's place is taken by something else.
func (c *Candidate) apply(document *yaml.Node, r *renderer) bool {
	for _, setting := range c.Settings {
		for _, text := range append([]string{setting.Text}, setting.List...) {
			if err := usable(text); err != nil {
				r.fail(document, "%s: %v", setting.Path, err)
				return true
			}
		}
		value := &yaml.Node{Kind: yaml.ScalarNode, Tag: tagDiscovered, Value: setting.Text}
		if setting.List != nil {
			value = &yaml.Node{Kind: yaml.SequenceNode}
			for _, item := range setting.List {
				value.Content = append(value.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: tagDiscovered, Value: item})
			}
		}
		if setting.Default && pairAt(document.Content, setting.Path) >= 0 {
			continue
		}
		if !put(document, strings.Split(setting.Path, "."), value) {
			return false
		}
	}
	return true
}

// put sets the value at a path, making the mappings on the way.
func put(document *yaml.Node, path []string, value *yaml.Node) bool {
	if document == nil || document.Kind != yaml.MappingNode {
		return false
	}
	if path[0] == "*" {
		for i := 1; i < len(document.Content); i += 2 {
			if !put(document.Content[i], path[1:], value) {
				return false
			}
		}
		return true
	}
	i := pairAt(document.Content, path[0])
	if i < 0 {
		if len(path) > 1 && path[1] == "*" {
			return true
		}
		key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: path[0]}
		document.Content = append(document.Content, key, &yaml.Node{Kind: yaml.MappingNode})
		i = len(document.Content) - 2
	}
	if len(path) > 1 {
		return put(document.Content[i+1], path[1:], value)
	}
	document.Content[i+1] = value
	return true
}

// strange is a host that a source put into an address which would be asked, and
// that is not among the hosts.
func strange(document *yaml.Node, hosts []string) string {
	if len(hosts) == 0 {
		return ""
	}
	for _, section := range []string{"probes", "resources"} {
		if i := pairAt(document.Content, section); i >= 0 {
			if host := strangeIn(document.Content[i+1], hosts); host != "" {
				return host
			}
		}
	}
	return ""
}

func strangeIn(n *yaml.Node, hosts []string) string {
	if n.Kind == yaml.ScalarNode && n.Tag == tagDiscovered {
		if host := hostIn(n.Value); host != "" && !slices.ContainsFunc(hosts, func(pattern string) bool { return matches(pattern, host) }) {
			return host
		}
	}
	for _, child := range n.Content {
		if host := strangeIn(child, hosts); host != "" {
			return host
		}
	}
	return ""
}

func matches(pattern, host string) bool {
	fits, err := path.Match(strings.ToLower(pattern), strings.ToLower(strings.TrimSuffix(host, ".")))
	return err == nil && fits
}

// hostIn is the host of an address, or nothing for another text.
func hostIn(text string) string {
	if u, err := url.Parse(text); err == nil && u.Host != "" {
		return u.Hostname()
	}
	host, port, err := net.SplitHostPort(text)
	if _, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || strings.ContainsAny(host, " /") {
		return ""
	}
	return host
}
