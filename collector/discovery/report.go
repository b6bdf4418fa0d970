package discovery

import (
	"fmt"
	"maps"
	"slices"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// maxTold bounds how many rejections one change writes to the log.
const maxTold = 20

// conclude remembers what became of the lists and says what is new.
func (d *Discovery) conclude(extended *catalog.Catalog, rejected []catalog.Rejection) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(d.sources)) {
		rejected = append(rejected, d.sources[name].malformed...)
		d.sources[name].handed = d.sources[name].known
	}
	old := d.result
	d.result = result{services: extended.Discovered(), rejected: rejected}
	d.tellServices(old.services)
	d.tellRejected(old.rejected)
}

// tellServices says which source brought and took services. A source that takes
// away most of them at once has likely been broken: it is believed, because it
// was read, but not in silence.
func (d *Discovery) tellServices(before map[string]string) {
	added, removed, had := map[string]int{}, map[string]int{}, map[string]int{}
	for service, source := range before {
		had[source]++
		if d.result.services[service] != source {
			removed[source]++
		}
	}
	for service, source := range d.result.services {
		if before[service] != source {
			added[source]++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.sources)) {
		if added[name]+removed[name] == 0 {
			continue
		}
		d.sources[name].removed += removed[name]
		line := []any{"msg", "Discovered services have changed", "source", name, "added", added[name], "removed", removed[name], "services", had[name] + added[name] - removed[name]}
		if removed[name] > 2 && 2*removed[name] > had[name] {
			line[1] = "A source of discovery has taken away most of its services at once"
			level.Warn(d.logger).Log(line...)
			continue
		}
		level.Info(d.logger).Log(line...)
	}
}

// tellRejected says each rejection once, as long as it stays the same.
func (d *Discovery) tellRejected(before []catalog.Rejection) {
	told := make(map[catalog.Rejection]bool, len(before))
	for _, r := range before {
		told[r] = true
	}
	fresh := 0
	for _, r := range d.result.rejected {
		if told[r] {
			continue
		}
		told[r] = true
		if fresh++; fresh > maxTold {
			continue
		}
		line := []any{"msg", "A discovered target is not watched as its source says", "source", r.Source, "target", r.Target, "service", r.Service, "reason", r.Reason, "kept", r.Kept, "err", r.Problem}
		level.Warn(d.logger).Log(line...)
	}
	if fresh > maxTold {
		level.Warn(d.logger).Log("msg", fmt.Sprintf("%d more discovered targets are not watched; tocsin_discovery_rejected_targets counts them", fresh-maxTold))
	}
}

// tell says that a source cannot be read any more, or can be again. The caller
// locks.
func (d *Discovery) tell(source string, before, now error) {
	switch {
	case now == nil && before != nil:
		level.Info(d.logger).Log("msg", "A source of discovery can be read again", "source", source)
	case now != nil && (before == nil || before.Error() != now.Error()):
		level.Warn(d.logger).Log("msg", "A source of discovery cannot be read; its services stay as they are", "source", source, "err", short(now.Error()))
	}
}

// complain says that what was found cannot be handed on.
func (d *Discovery) complain(err error) {
	level.Error(d.logger).Log("msg", "Discovered services are not taken over; everything goes on as it was", "err", err)
}
