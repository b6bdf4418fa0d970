package catalog

import (
	"reflect"

	"go.yaml.in/yaml/v3"
)

// Discovery is a source of services that nobody writes down one by one: exactly
// one of File, HTTP and Kubernetes is set. Each thing that the source lists
// becomes a service, made from the template Service, in which {{host}},
// {{label NAME}} and so on stand for what the source says about it. A service
// that is written under services wins over a discovered one of the same name.
type Discovery struct {
	Name       string               `yaml:"-"`
	File       *FileDiscovery       `yaml:"file,omitempty"`
	HTTP       *HTTPDiscovery       `yaml:"http,omitempty"`
	Kubernetes *KubernetesDiscovery `yaml:"kubernetes,omitempty"`
	Locations  []string             `yaml:"locations,omitempty"` // whose exporters ask the source; every location by default
	Max        int                  `yaml:"max,omitempty"`       // services at most; 1000 by default
	Hosts      []string             `yaml:"hosts,omitempty"`     // hosts that may be probed, * for any part; every host by default
	NamedAs    string               `yaml:"name,omitempty"`      // of a service; {{namespace}}-{{name}} in Kubernetes, else {{target}} by default
	Service    *Template            `yaml:"service,omitempty"`   // what every service of the source has
}

// Kind is the name of the one source that is set, as it stands in the catalogue.
func (d *Discovery) Kind() string {
	switch {
	case d.File != nil:
		return "file"
	case d.HTTP != nil:
		return "http"
	case d.Kubernetes != nil:
		return "kubernetes"
	}
	return ""
}

// FileDiscovery reads files in the form of Prometheus' file_sd_configs, JSON or
// YAML. They are followed, and read anew each Interval in any case.
type FileDiscovery struct {
	Paths    Patterns `yaml:"paths"`
	Interval Duration `yaml:"interval,omitempty"` // 5m by default
}

// HTTPDiscovery asks a URL that answers in the form of Prometheus'
// http_sd_configs, a JSON list of groups of targets.
type HTTPDiscovery struct {
	URL      string          `yaml:"url"`
	Interval Duration        `yaml:"interval,omitempty"` // 60s by default
	Headers  map[string]Text `yaml:"headers,omitempty"`
	CAFile   string          `yaml:"ca_file,omitempty"`
}

// KubernetesDiscovery watches objects of a cluster: those with an annotation
// that begins with tocsin.dev/, or all. Without API, the exporter's own cluster
// is meant, and its service account is used.
type KubernetesDiscovery struct {
	Objects    []string `yaml:"objects,omitempty"`    // of ingresses, httproutes and services; all three by default
	Namespaces []string `yaml:"namespaces,omitempty"` // every namespace by default
	Selector   string   `yaml:"selector,omitempty"`   // of labels, as kubectl takes it
	All        bool     `yaml:"all,omitempty"`        // also objects without any annotation of Tocsin's
	API        string   `yaml:"api,omitempty"`
	TokenFile  string   `yaml:"token_file,omitempty"`
	CAFile     string   `yaml:"ca_file,omitempty"`
}

// ObjectKinds are what KubernetesDiscovery.Objects may name.
func ObjectKinds() []string { return []string{"ingresses", "httproutes", "services"} }

// Patterns are paths of files, in which the last part may hold * as a shell
// reads it. They are absolute after loading.
type Patterns []string

// decode reads a list of paths.
func (p *Patterns) decode(d *decoder, node *yaml.Node, path string) {
	d.value(node, path, reflect.ValueOf((*[]string)(p)).Elem())
	for i, pattern := range *p {
		if pattern != "" {
			(*p)[i] = d.file.resolve(pattern)
		}
	}
}
