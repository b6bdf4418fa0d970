package migrate

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// window is a recurring window of maintenance: of everything, or of the
// services that ask the checks.
type window struct {
	name     string
	at       tree.Position
	checks   []*Check // none for everything
	settings *Settings
}

// maintenance reads gatus' windows: of the whole configuration, or of one
// endpoint, whose check is given.
func (g *gatus) maintenance(v *tree.Value, name string, check *Check) {
	if enabled, given := v.Get("enabled").Bool(); v.Empty() || given && !enabled {
		v.Read()
		return
	}
	start, duration := v.Get("start").Text(), goSpan(v.Get("duration"))
	if _, err := time.Parse("15:04", start); err != nil || duration == 0 {
		g.lose(v, name, "maintenance", "the window has no start (want 23:00) or no duration")
		return
	}
	days := "monday-sunday"
	if every := v.Get("every").Texts(); len(every) > 0 {
		days = strings.ToLower(strings.Join(every, ", "))
	}
	s := settings("days", days, "at", start, "duration", duration, "timezone", cmp.Or(v.Get("timezone").Text(), "UTC"), "reason", "as in gatus: "+cmp.Or(name, "everything"))
	taken := names{}
	for _, other := range g.estate.windows {
		taken[other.name] = true
	}
	one := window{name: taken.take(named(name), "everything"), at: v.At, settings: s}
	if check != nil {
		one.checks = []*Check{check}
	}
	g.estate.windows = append(g.estate.windows, one)
}

// maintenance is the section of the windows, or nil.
func (w *writer) maintenance() *yaml.Node {
	all := mapping()
	for _, one := range w.estate.windows {
		s := settings()
		var services []string
		for _, service := range w.services {
			if slices.ContainsFunc(service.probes, func(p *probe) bool { return slices.Contains(one.checks, p.Check) }) {
				services = append(services, service.name)
			}
		}
		switch {
		case len(one.checks) == 0:
			s.set("all", true)
		case len(services) == 0:
			continue // its check was left out, which is reported
		default:
			s.set("services", services)
		}
		for _, key := range one.settings.keys {
			s.set(key, one.settings.values[key])
		}
		put(all, one.name, w.settings(s))
	}
	if len(all.Content) == 0 {
		return nil
	}
	return all
}
