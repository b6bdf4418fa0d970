package maintenance

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// Scope says for which services a window is. Tocsin's own alerts, and those of
// services outside of the catalogue, are in no scope.
type Scope struct {
	Services []string `json:"services,omitempty"`
	Teams    []string `json:"teams,omitempty"`
	All      bool     `json:"all,omitempty"`
}

// Covers says whether a service of the catalogue is in the scope; a nil one is
// not.
func (s Scope) Covers(service *catalog.Service) bool {
	return service != nil && (s.All || slices.Contains(s.Services, service.Name) || slices.Contains(s.Teams, service.Team))
}

// String names the services in a few words.
func (s Scope) String() string {
	if s.All {
		return "every service"
	}
	parts := slices.Clone(s.Services)
	for _, team := range s.Teams {
		parts = append(parts, "team "+team)
	}
	return strings.Join(parts, ", ")
}

// Window is one window, from From until before Until.
type Window struct {
	Name   string // of the catalogue's window; empty for one that was opened once
	ID     int64  // of one that was opened once; 0 for the catalogue's
	Scope  Scope
	Reason string
	By     string // who opened it; empty for the catalogue's
	From   time.Time
	Until  time.Time
}

// Open says whether t is in the window.
func (w Window) Open(t time.Time) bool { return !t.Before(w.From) && t.Before(w.Until) }

// Last picks the open window of a service that ends last. With several
// windows over a service, it is in maintenance until the last one ends. False
// when none is open.
func Last(windows []Window, service *catalog.Service, t time.Time) (Window, bool) {
	var last Window
	found := false
	for _, w := range windows {
		if w.Open(t) && w.Scope.Covers(service) && (!found || w.Until.After(last.Until)) {
			last, found = w, true
		}
	}
	return last, found
}

// Covered lists the services of a catalogue that a scope covers, by name.
func Covered(c *catalog.Catalog, s Scope) []string {
	var covered []string
	for _, name := range names(c.Services) {
		if s.Covers(c.Services[name]) {
			covered = append(covered, name)
		}
	}
	return covered
}

// Sort puts windows in the order of their beginnings.
func Sort(windows []Window) {
	slices.SortStableFunc(windows, func(a, b Window) int {
		return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
}

// names are the sorted keys of a section.
func names[V any](section map[string]V) []string { return slices.Sorted(maps.Keys(section)) }
