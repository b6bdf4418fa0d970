package discovery

import (
	"maps"
	"slices"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// maxShown bounds the rejections that a status names.
const maxShown = 20

// Status is what is known of a source, for people.
type Status struct {
	Name, Kind string
	Known      bool      // it has been read, now or before a restart
	Err        string    // why it cannot be read, bounded; empty when it can
	Read       bool      // since the start
	Success    time.Time // when it was last read wholly; zero before
	Targets    int
	Services   int
	Rejected   int
	Rejections []catalog.Rejection // the first of them
}

// Statuses are those of the sources that are asked from here, by name.
func (d *Discovery) Statuses() []Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	services := make(map[string]int)
	for _, source := range d.result.services {
		services[source]++
	}
	list := make([]Status, 0, len(d.sources))
	for _, name := range slices.Sorted(maps.Keys(d.sources)) {
		s := d.sources[name]
		status := Status{
			Name: name, Kind: kindOf(s.spec), Known: s.known, Read: s.read, Success: s.success,
			Targets: len(s.list) + len(s.malformed), Services: services[name],
		}
		if s.err != nil {
			status.Err = short(s.err.Error())
		}
		for _, r := range d.result.rejected {
			if r.Source != name {
				continue
			}
			if status.Rejected++; status.Rejected <= maxShown {
				status.Rejections = append(status.Rejections, r)
			}
		}
		list = append(list, status)
	}
	return list
}

// kindOf is the name of a source's kind.
func kindOf(spec *catalog.Discovery) string {
	for _, k := range kinds() {
		if k.is(spec) {
			return k.name
		}
	}
	return ""
}
