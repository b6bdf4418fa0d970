package catalog

import (
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"
)

const (
	// maxDiscovered bounds how many services one source may be allowed.
	maxDiscovered     = 10_000
	defaultDiscovered = 1000
	defaultRereading  = Duration(5 * time.Minute)
	defaultAsking     = Duration(time.Minute)
	// defaultObject and defaultTarget are how a discovered service is called.
	defaultObject = "{{namespace}}-{{name}}"
	defaultTarget = "{{target}}"
)

// completeDiscovery fills in what a source does not say. The sample of its
// template is completed as a service is.
func (c *Catalog) completeDiscovery(s *Discovery) {
	s.Max = or(s.Max, defaultDiscovered)
	if s.Service == nil {
		s.Service = new(Template)
	}
	if s.Service.sample != nil {
		c.completeService(s.Service.sample)
	}
	if len(s.Locations) == 0 {
		s.Locations = names(c.Locations)
	}
	switch {
	case s.File != nil:
		s.File.Interval = or(s.File.Interval, defaultRereading)
		s.NamedAs = or(s.NamedAs, defaultTarget)
	case s.HTTP != nil:
		s.HTTP.Interval = or(s.HTTP.Interval, defaultAsking)
		s.NamedAs = or(s.NamedAs, defaultTarget)
	case s.Kubernetes != nil:
		if len(s.Kubernetes.Objects) == 0 {
			s.Kubernetes.Objects = ObjectKinds()
		}
		s.NamedAs = or(s.NamedAs, defaultObject)
	}
}

func (c *checker) checkDiscovery() {
	for _, name := range names(c.Discovery) {
		c.checkSource(below("discovery", name), c.Discovery[name])
	}
}

func (c *checker) checkSource(place string, s *Discovery) {
	c.exactlyOne(place, "the source", "file", "http", "kubernetes")
	allKnown(c, below(place, "locations"), "location", s.Locations, c.Locations)
	if s.Max > maxDiscovered {
		c.add(below(place, "max"), "got %d, want at most %d", s.Max, maxDiscovered)
	}
	for i, pattern := range s.Hosts {
		if _, err := path.Match(pattern, ""); err != nil || strings.ContainsAny(pattern, "/: ") {
			c.add(at(below(place, "hosts"), i), "malformed host (got %s, want one such as www.example.org or *.example.org)", clipped(pattern))
		}
	}
	switch {
	case s.File != nil:
		c.checkFiles(below(place, "file"), s.File)
	case s.HTTP != nil:
		c.checkURL(below(place, "http.url"), s.HTTP.URL)
		c.checkHeaders(below(place, "http.headers"), s.HTTP.Headers)
		c.checkPoll(below(place, "http.interval"), s.HTTP.Interval)
	case s.Kubernetes != nil:
		c.checkKubernetes(below(place, "kubernetes"), s.Kubernetes)
	}
	c.checkTemplateText(c.positions.nearest(below(place, "name")), below(place, "name"), s, s.NamedAs)
	c.checkTemplate(below(place, "service"), s)
}

func (c *checker) checkPoll(place string, interval Duration) {
	if interval < shortest {
		c.add(place, "got %s, want at least %s", interval, shortest)
	}
}

func (c *checker) checkFiles(place string, f *FileDiscovery) {
	c.checkPoll(below(place, "interval"), f.Interval)
	if len(f.Paths) == 0 && !c.meant[below(place, "paths")] && c.given(below(place, "paths")) {
		c.add(below(place, "paths"), "the list is empty (give it a path such as targets/*.json)")
	}
	for i, pattern := range f.Paths {
		_, err := filepath.Match(pattern, "")
		extension := filepath.Ext(pattern)
		if pattern != "" && (err != nil || strings.Contains(filepath.Dir(pattern), "*") || !slices.Contains([]string{".json", ".yml", ".yaml"}, extension)) {
			c.add(at(below(place, "paths"), i), "malformed path (got %s, want one that ends in .json, .yml or .yaml, with * only in its last part, such as targets/*.json)", clipped(filepath.Base(pattern)))
		}
	}
}

func (c *checker) checkKubernetes(place string, k *KubernetesDiscovery) {
	for i, kind := range k.Objects {
		if _, err := choice(kind, ObjectKinds()...); err != nil && kind != "" {
			c.add(at(below(place, "objects"), i), "%v", err)
		}
	}
	c.distinct(below(place, "objects"), k.Objects)
	for i, namespace := range k.Namespaces {
		c.checkName(at(below(place, "namespaces"), i), namespace)
	}
	c.distinct(below(place, "namespaces"), k.Namespaces)
	if len(k.Selector) > MaxValue || strings.ContainsFunc(k.Selector, unicode.IsControl) {
		c.add(below(place, "selector"), "malformed selector (want one such as team=shop,tier!=test)")
	}
	c.checkBase(below(place, "api"), k.API)
}

// checkTemplateText wants every variable of a text to be one that the source has.
func (c *checker) checkTemplateText(where Position, place string, s *Discovery, text string) {
	known, words := targetVariables(), []string{"label"}
	if s.Kubernetes != nil {
		known, words = objectVariables(), []string{"label", "annotation"}
	}
	for _, name := range variables(text) {
		word, of, _ := strings.Cut(name, " ")
		if of != "" && slices.Contains(words, word) || slices.Contains(known, name) {
			continue
		}
		all := slices.Clone(known)
		for _, word := range words {
			all = append(all, word+" NAME")
		}
		c.addAt(where, place, "unknown variable %s%s", clipped("{{"+name+"}}"), hintAll(name, all))
	}
}

// hintAll is hint with all names there are, because they are few.
func hintAll(got string, all []string) string {
	if best := closest(got, all); best != "" {
		return suggested(best)
	}
	return " (want " + oneOf(all) + ")"
}

// checkTemplate checks as much of a template as its sample shows.
func (c *checker) checkTemplate(place string, s *Discovery) {
	sample := s.Service.sample
	if sample == nil { // none, or one that could not be read
		if s.Kubernetes == nil && s.Kind() != "" && !c.said(place, "team") {
			c.add(place, "the services have no team (want service: {team: NAME}, or a variable in place of the name)")
		}
		return
	}
	for _, key := range []string{"page", "page_on", "page_after", "pipelines"} {
		if c.given(below(place, key)) {
			c.add(below(place, key), "a discovered service cannot have it: the receiver does not know discovered services, and pages as their team says (tune alerts instead, or write the service under services)")
		}
	}
	if s.Service.secret && len(s.Hosts) == 0 {
		c.add(place, "a template with a secret says to which hosts it may be sent (want hosts: [\"*.example.org\"] beside it)")
	}
	if s.Kubernetes != nil && !c.given(below(place, "team")) {
		c.meant[below(place, "team")] = true // an annotation may name it
	}
	c.missingIn(place, reflect.ValueOf(sample))
	eachScalar(s.Service.node, func(at *yaml.Node) {
		c.checkTemplateText(Position{s.Service.file.name, at.Line, max(1, at.Column)}, place, s, at.Value)
	})
	c.checkNamesOf(place, sample)
	c.checkService(place, sample)
}
