package discovery

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// group is a group of targets as Prometheus' file and HTTP discovery have it:
// https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config
type group struct {
	Targets []string          `json:"targets" yaml:"targets"`
	Labels  map[string]string `json:"labels" yaml:"labels"`
}

// listing collects the targets of a source.
type listing struct {
	source     string
	candidates []catalog.Candidate
	rejected   []catalog.Rejection
}

// readJSON reads a list of groups; a group that is malformed is rejected alone.
func (l *listing) readJSON(origin string, text []byte) error {
	var items []json.RawMessage
	if err := json.Unmarshal(text, &items); err != nil {
		return fmt.Errorf("%s is not a JSON list of groups of targets: %w", origin, err)
	}
	if items == nil {
		return fmt.Errorf("%s holds null (want a JSON list; [] for no targets)", origin)
	}
	for i, item := range items {
		var g group
		err := json.Unmarshal(item, &g)
		if !utf8.Valid(item) {
			err = errors.New("it is not UTF-8")
		}
		l.add(origin, i, g, err)
	}
	return nil
}

// readYAML is readJSON for YAML.
func (l *listing) readYAML(origin string, text []byte) error {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return fmt.Errorf("%s is not a YAML list of groups of targets: %w", origin, err)
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.SequenceNode {
		return fmt.Errorf("%s is not a YAML list of groups of targets (write [] for no targets)", origin)
	}
	for i, item := range document.Content[0].Content {
		var g group
		l.add(origin, i, g, item.Decode(&g))
	}
	return nil
}

// add makes candidates of a group's targets.
func (l *listing) add(origin string, index int, g group, err error) {
	place := groupName(index, origin)
	switch {
	case err != nil:
	case len(g.Labels) > maxLabels:
		err = fmt.Errorf("it has %d labels (want at most %d)", len(g.Labels), maxLabels)
	case slices.ContainsFunc(slices.Collect(maps.Keys(g.Labels)), func(name string) bool { return len(name) > maxLabelName }):
		err = fmt.Errorf("the name of a label is too long (want at most %d bytes)", maxLabelName)
	}
	if err != nil {
		l.reject(place, catalog.RejectMalformed, err.Error())
		return
	}
	for _, target := range g.Targets {
		switch {
		case len(l.candidates) >= maxTargets:
			l.reject(place, catalog.RejectLimit, fmt.Sprintf("the source lists more than %d targets; the others are left out", maxTargets))
			return
		case target == "" || len(target) > catalog.MaxValue || !utf8.ValidString(target):
			l.reject(place, catalog.RejectMalformed, fmt.Sprintf("a target is malformed (got %d bytes, want an address of 1 to %d bytes)", len(target), catalog.MaxValue))
		default:
			l.candidates = append(l.candidates, l.candidate(target, g.Labels))
		}
	}
}

// reject notes what is not in the source's form, up to a bound.
func (l *listing) reject(target string, reason catalog.RejectionReason, problem string) {
	if len(l.rejected) < maxTargets {
		l.rejected = append(l.rejected, rejection(l.source, target, reason, problem))
	}
}

// rejection is one with texts of a bearable length, on one line.
func rejection(source, target string, reason catalog.RejectionReason, problem string) catalog.Rejection {
	return catalog.Rejection{Source: source, Target: short(target), Reason: reason, Problem: short(problem)}
}

// short is a text on one line and of a bearable length.
func short(text string) string {
	const longest = 300
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}

// candidate is a target and what is said about it.
func (l *listing) candidate(target string, labels map[string]string) catalog.Candidate {
	c := catalog.Candidate{Source: l.source, Target: target, Values: map[string]string{"target": target}}
	for name, value := range labels {
		c.Values["label "+name] = value[:min(len(value), catalog.MaxValue+1)] // what is longer is refused where it is used
	}
	if scheme, _, found := strings.Cut(target, "://"); found {
		if u, err := url.Parse(target); err == nil && u.Host != "" {
			c.Probe = "http"
			c.Values["url"], c.Values["host"], c.Values["port"] = target, u.Hostname(), u.Port()
			if u.Port() == "" {
				c.Values["port"] = map[string]string{"http": "80", "https": "443"}[scheme]
			}
		}
		return c
	}
	c.Values["host"] = target
	if host, port, err := net.SplitHostPort(target); err == nil && host != "" {
		c.Probe = "tcp"
		c.Values["address"], c.Values["host"], c.Values["port"] = target, host, port
	}
	return c
}
