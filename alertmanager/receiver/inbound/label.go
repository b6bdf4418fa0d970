package inbound

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// Label makes the labels and the annotations of an alert of Alertmanager from
// an event: whose it is says the source when it names a service or a team of
// the catalogue, else the service that claims it, else the source's own keys.
// Nothing is nobody's: what no service claims has the fallback team.
func Label(c *catalog.Catalog, in *catalog.Inbound, e Event) (labels, annotations map[string]string) {
	service, claim := owner(c, in, e)
	labels = map[string]string{
		"alertname": AlertName, "origin": in.Name, "rule": cmp.Or(line(e.Title), "unnamed"), "key": ID(e.Key), "service": service,
		"team":     team(c, in, service, e),
		"severity": string(cmp.Or(claim.Severity, e.Severity, in.Severity)),
		"audience": string(cmp.Or(claim.Audience, e.Audience, in.Audience, catalog.AudienceDevelopers)),
	}
	annotations = map[string]string{
		"summary": cmp.Or(line(e.Summary), line(e.Title), "an alert without a name"), "description": paragraph(e.Detail),
		"impact":      "Told by " + in.Name + "; Tocsin has not measured it.",
		"runbook_url": runbook(c, service), "dashboard_url": link(e.Link),
	}
	for _, texts := range []map[string]string{labels, annotations} {
		maps.DeleteFunc(texts, func(_, text string) bool { return text == "" })
	}
	return labels, annotations
}

// ID stands for a key of any length in a label.
func ID(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:8])
}

// owner is the service that an event is about, "" for none, and what claims it.
// Of several claims the one that says most wins.
func owner(c *catalog.Catalog, in *catalog.Inbound, e Event) (string, catalog.AlertMatch) {
	named := c.Services[e.Service] != nil
	best, found := "", catalog.AlertMatch{}
	for _, name := range slices.Sorted(maps.Keys(c.Services)) {
		if named && name != e.Service {
			continue
		}
		for _, m := range c.Services[name].AlertsFrom {
			if fits(m, in.Name, e) && (best == "" || weight(m) > weight(found)) {
				best, found = name, m
			}
		}
	}
	if named {
		return e.Service, found
	}
	return cmp.Or(best, in.Service), found
}

func team(c *catalog.Catalog, in *catalog.Inbound, service string, e Event) string {
	if s := c.Services[service]; s != nil && s.Team != "" {
		return s.Team
	}
	if c.Teams[e.Team] != nil {
		return e.Team
	}
	return cmp.Or(in.Team, c.Monitoring.FallbackTeam)
}

func runbook(c *catalog.Catalog, service string) string {
	if s := c.Services[service]; s != nil && s.Runbook != "" {
		return s.Runbook
	}
	if c.Links.Runbooks == "" {
		return ""
	}
	return strings.TrimRight(c.Links.Runbooks, "/") + "/" + AlertName + ".md"
}

// fits says whether an event of a source is what a service claims.
func fits(m catalog.AlertMatch, source string, e Event) bool {
	return (m.From == "" || m.From == source) &&
		(m.Title == "" || like(m.Title, e.Title)) &&
		(m.Resource == "" || slices.ContainsFunc(e.Resources, func(id string) bool { return like(m.Resource, id) })) &&
		allLike(m.Dimensions, e.Dimensions) && allLike(m.Labels, e.Labels)
}

func allLike(want, have map[string]string) bool {
	for name, pattern := range want {
		value, is := find(have, name)
		if !is || !like(pattern, value) {
			return false
		}
	}
	return true
}

// find looks a name up, whatever its case: clouds are not of one mind.
func find(texts map[string]string, name string) (string, bool) {
	for _, key := range slices.Sorted(maps.Keys(texts)) {
		if strings.EqualFold(key, name) {
			return texts[key], true
		}
	}
	return "", false
}

func weight(m catalog.AlertMatch) int {
	n := 2 * (len(m.Dimensions) + len(m.Labels))
	for _, text := range []string{m.Title, m.Resource} {
		if text != "" {
			n += 2
		}
	}
	if m.From != "" {
		n++
	}
	return n
}

// like says whether text fits a pattern in which * stands for any part.
func like(pattern, text string) bool {
	parts := strings.Split(strings.ToLower(pattern), "*")
	text = strings.ToLower(text)
	if len(parts) == 1 {
		return text == parts[0]
	}
	last := len(parts) - 1
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	for _, part := range parts[1:last] {
		_, after, found := strings.Cut(text, part)
		if !found {
			return false
		}
		text = after
	}
	return strings.HasSuffix(text, parts[last])
}
