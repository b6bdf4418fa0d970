package discovery

import (
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// objectKind is a kind of object in the cluster.
type objectKind struct {
	plural, word string
	api          string // the path of its group and version
	optional     bool   // the cluster may not have it
	endpoints    func(spec json.RawMessage, meta metadata) ([]endpoint, error)
}

// objectKinds are all there are, by the names of catalog.ObjectKinds. The forms
// are those of https://kubernetes.io/docs/reference/kubernetes-api and
// https://gateway-api.sigs.k8s.io/reference/spec.
func objectKinds() []objectKind {
	return []objectKind{
		{"ingresses", "ingress", "/apis/networking.k8s.io/v1", false, ingressEndpoints},
		{"httproutes", "httproute", "/apis/gateway.networking.k8s.io/v1", true, routeEndpoints},
		{"services", "service", "/api/v1", false, serviceEndpoints},
	}
}

// metadata is what is read of an object's.
type metadata struct {
	Name            string            `json:"name"`
	Namespace       string            `json:"namespace"`
	ResourceVersion string            `json:"resourceVersion"`
	Labels          map[string]string `json:"labels"`
	Annotations     map[string]string `json:"annotations"`
}

// object is one, with its specification unread.
type object struct {
	Metadata metadata        `json:"metadata"`
	Spec     json.RawMessage `json:"spec"`
}

// endpoint is one thing that can be asked of an object.
type endpoint struct{ scheme, host, port, path, probe string }

// maxEndpoints bounds what one object may bring.
const maxEndpoints = 50

// item is what is remembered of an object.
type item struct {
	candidates []catalog.Candidate
	rejected   *catalog.Rejection
}

// readObject makes candidates of an object as it came. Where not even its name
// can be read it is nobody's: key is empty.
func (k *kubernetes) readObject(kind objectKind, text json.RawMessage) (key, version string, i item) {
	var o object
	err := json.Unmarshal(text, &o)
	if err == nil && !utf8.Valid(text) {
		err = fmt.Errorf("it is not UTF-8")
	}
	var named struct {
		Metadata struct{ Name, Namespace, ResourceVersion string }
	}
	if err != nil {
		_ = json.Unmarshal(text, &named) // what can be read of it
		o.Metadata = metadata{Name: named.Metadata.Name, Namespace: named.Metadata.Namespace, ResourceVersion: named.Metadata.ResourceVersion}
	}
	if o.Metadata.Name == "" {
		return "", "", item{}
	}
	key = o.Metadata.Namespace + "/" + o.Metadata.Name
	if err == nil {
		i.candidates, err = k.candidates(kind, &o)
	}
	if err != nil {
		r := rejection(k.name, kind.word+" "+key, catalog.RejectMalformed, err.Error())
		i.rejected = &r
	}
	return key, o.Metadata.ResourceVersion, i
}

// candidates are one for each host of an object; none when it is not for us.
func (k *kubernetes) candidates(kind objectKind, o *object) ([]catalog.Candidate, error) {
	m := o.Metadata
	if m.Annotations[prefix+"ignore"] == "true" || !k.spec.All && !ours(m.Annotations) {
		return nil, nil
	}
	endpoints, err := kind.endpoints(o.Spec, m)
	if err != nil {
		return nil, fmt.Errorf("its spec cannot be read: %w", err)
	}
	endpoints, fault := overrule(endpoints, m.Annotations)
	var list []catalog.Candidate
	for _, e := range endpoints[:min(len(endpoints), maxEndpoints)] {
		c := catalog.Candidate{
			Source: k.name, Group: m.Namespace, Target: fmt.Sprintf("%s %s/%s at %s", kind.word, m.Namespace, m.Name, e.host),
			Probe: e.probe, Fault: fault, Values: k.values(kind, m, e),
		}
		apply(m.Annotations, &c)
		if c.Values["url"] != "" && kind.plural != "services" {
			c.Settings = append(c.Settings, catalog.Setting{Path: "url", Text: c.Values["url"], Default: true})
		}
		if fault == "" && strings.Contains(e.host, "*") {
			c.Fault = fmt.Sprintf("the host %s stands for many (name one with the annotation %shost)", short(e.host), prefix)
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		list = append(list, catalog.Candidate{
			Source: k.name, Group: m.Namespace, Target: fmt.Sprintf("%s %s/%s", kind.word, m.Namespace, m.Name),
			Fault: fmt.Sprintf("it names no host (name one with the annotation %shost or %surl)", prefix, prefix),
		})
	}
	return list, nil
}

// values are the variables of a template.
func (k *kubernetes) values(kind objectKind, m metadata, e endpoint) map[string]string {
	v := map[string]string{"kind": kind.word, "namespace": m.Namespace, "name": m.Name, "host": e.host, "port": e.port, "path": e.path}
	v["address"] = net.JoinHostPort(e.host, e.port)
	u := url.URL{Scheme: e.scheme, Host: e.host, Path: e.path}
	if path, query, found := strings.Cut(e.path, "?"); found {
		u.Path, u.RawQuery = path, query
	}
	if e.port != map[string]string{"http": "80", "https": "443"}[e.scheme] {
		u.Host = v["address"]
	}
	v["url"] = u.String()
	if written := m.Annotations[prefix+"url"]; written != "" {
		v["url"] = written
	}
	for word, of := range map[string]map[string]string{"label ": m.Labels, "annotation ": m.Annotations} {
		names := make([]string, 0, len(of))
		for name, value := range of {
			if len(name) <= maxLabelName && len(value) <= catalog.MaxValue {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		for _, name := range names[:min(len(names), maxLabels)] {
			v[word+name] = of[name]
		}
	}
	return v
}

// overrule is what the annotations say about the endpoints; fault says why it
// cannot be.
func overrule(list []endpoint, of map[string]string) (result []endpoint, fault string) {
	if written := of[prefix+"url"]; written != "" {
		u, err := url.Parse(written)
		if err != nil || u.Hostname() == "" {
			return []endpoint{{host: "nowhere"}}, fmt.Sprintf("annotation %surl: got %q, want an address such as https://www.example.org/", prefix, short(written))
		}
		return []endpoint{{scheme: u.Scheme, host: u.Hostname(), port: portOf(u), path: u.Path, probe: "http"}}, ""
	}
	if host := of[prefix+"host"]; host != "" {
		one := endpoint{scheme: "https", port: "443", path: "/", probe: "http"}
		if len(list) > 0 {
			one = list[0]
		}
		one.host = host
		list = []endpoint{one}
	}
	for i := range list {
		e := &list[i]
		switch scheme := of[prefix+"scheme"]; scheme {
		case "":
		case "http", "https":
			if e.port == "80" || e.port == "443" {
				e.port = map[string]string{"http": "80", "https": "443"}[scheme]
			}
			e.scheme, e.probe = scheme, "http"
		default:
			fault = fmt.Sprintf("annotation %sscheme: got %q, want http or https", prefix, short(scheme))
		}
		if path := of[prefix+"path"]; path != "" {
			e.path = "/" + strings.TrimPrefix(path, "/")
			e.probe = "http"
		}
		if port, err := strconv.ParseUint(of[prefix+"port"], 10, 16); err == nil && port > 0 {
			e.port = of[prefix+"port"]
		}
	}
	return list, fault
}

func portOf(u *url.URL) string {
	if u.Port() != "" {
		return u.Port()
	}
	return map[string]string{"http": "80", "https": "443"}[u.Scheme]
}

// plainPath is a path as it can be asked: "/" where it may be an expression.
func plainPath(path string) string {
	if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, `*()[]{}^$|\?+`) {
		return "/"
	}
	return path
}

// ingressEndpoints are the hosts of an Ingress, each with its first path; over
// HTTPS where the Ingress has a certificate for it.
func ingressEndpoints(spec json.RawMessage, _ metadata) ([]endpoint, error) {
	var s struct {
		TLS   []struct{ Hosts []string }
		Rules []struct {
			Host string
			HTTP struct{ Paths []struct{ Path string } }
		}
	}
	if err := json.Unmarshal(spec, &s); err != nil {
		return nil, err
	}
	secure := make(map[string]bool)
	for _, t := range s.TLS {
		for _, host := range t.Hosts {
			secure[host] = true
		}
	}
	var list []endpoint
	for _, rule := range s.Rules {
		e := endpoint{scheme: "http", host: rule.Host, port: "80", path: "/", probe: "http"}
		if len(rule.HTTP.Paths) > 0 {
			e.path = plainPath(rule.HTTP.Paths[0].Path)
		}
		_, parent, _ := strings.Cut(rule.Host, ".")
		if secure[rule.Host] || secure["*."+parent] {
			e.scheme, e.port = "https", "443"
		}
		list = appendHost(list, e)
	}
	return list, nil
}

// routeEndpoints are the hosts of an HTTPRoute. Whether its gateway speaks TLS
// stands elsewhere: HTTPS, unless the route is bound to port 80.
func routeEndpoints(spec json.RawMessage, _ metadata) ([]endpoint, error) {
	var s struct {
		Hostnames  []string
		ParentRefs []struct{ Port int }
		Rules      []struct {
			Matches []struct{ Path struct{ Type, Value string } }
		}
	}
	if err := json.Unmarshal(spec, &s); err != nil {
		return nil, err
	}
	path := "/"
	if len(s.Rules) > 0 && len(s.Rules[0].Matches) > 0 {
		path = plainPath(s.Rules[0].Matches[0].Path.Value)
	}
	var list []endpoint
	for _, host := range s.Hostnames {
		e := endpoint{scheme: "https", host: host, port: "443", path: path, probe: "http"}
		if len(s.ParentRefs) > 0 && s.ParentRefs[0].Port == 80 {
			e.scheme, e.port = "http", "80"
		}
		list = appendHost(list, e)
	}
	return list, nil
}

// serviceEndpoints is the one port of a Service that is named by annotation, or
// its first, under its name in the cluster.
func serviceEndpoints(spec json.RawMessage, m metadata) ([]endpoint, error) {
	var s struct {
		Type, ExternalName string
		Ports              []struct {
			Name, AppProtocol, Protocol string
			Port                        int
		}
	}
	if err := json.Unmarshal(spec, &s); err != nil {
		return nil, err
	}
	e := endpoint{scheme: "http", host: m.Name + "." + m.Namespace + ".svc", path: "/", probe: "tcp", port: "80"}
	if s.Type == "ExternalName" {
		e.host = s.ExternalName
	}
	wanted := m.Annotations[prefix+"port"]
	_, err := strconv.ParseUint(wanted, 10, 16)
	found := wanted == "" || err == nil
	for i, p := range s.Ports {
		number := strconv.Itoa(p.Port)
		if i > 0 && wanted == "" || wanted != "" && wanted != p.Name && wanted != number {
			continue
		}
		e.port, found = number, true
		said := strings.ToLower(p.AppProtocol + " " + p.Name)
		switch {
		case strings.Contains(said, "https") || p.Port == 443:
			e.scheme, e.probe = "https", "http"
		case strings.Contains(said, "http") || p.Port == 80:
			e.probe = "http"
		}
	}
	if !found {
		return nil, fmt.Errorf("annotation %sport: there is no port %q", prefix, short(wanted))
	}
	return []endpoint{e}, nil
}

// appendHost adds an endpoint unless the host is there already, or empty.
func appendHost(list []endpoint, e endpoint) []endpoint {
	if e.host == "" || slices.ContainsFunc(list, func(other endpoint) bool { return other.host == e.host }) {
		return list
	}
	return append(list, e)
}
