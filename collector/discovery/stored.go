package discovery

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// storedName is the file of what was found last in the storage folder.
const storedName = "discovered.json"

// stored is what is kept of a source, for a start at which it cannot be read.
type stored struct {
	Success    time.Time           `json:"success"`
	Candidates []catalog.Candidate `json:"candidates"`
	Good       []catalog.Candidate `json:"good,omitempty"` // what has become bad, as it was before
}

// store keeps what is known. A crash leaves the old file or the new one.
func (d *Discovery) store() {
	if d.options.Storage == "" {
		return
	}
	good := make(map[string][]catalog.Candidate)
	for _, candidate := range d.extended.Candidates() {
		good[candidate.Source] = append(good[candidate.Source], candidate)
	}
	d.mu.Lock()
	all := make(map[string]stored)
	for name, s := range d.sources {
		if s.known {
			all[name] = stored{Success: s.success, Candidates: s.list, Good: others(good[name], s.list)}
		}
	}
	d.mu.Unlock()
	if err := d.write(all); err != nil {
		level.Warn(d.logger).Log("msg", "What was discovered is not kept for the next start", "err", err)
	}
}

// others are the candidates of a list that are not in another one as they are.
func others(list, known []catalog.Candidate) []catalog.Candidate {
	byTarget := make(map[string]catalog.Candidate, len(known))
	for _, candidate := range known {
		byTarget[candidate.Target] = candidate
	}
	return slices.DeleteFunc(slices.Clone(list), func(c catalog.Candidate) bool {
		return reflect.DeepEqual(c, byTarget[c.Target])
	})
}

// remembered is what was made of the stored lists before the start, as far as
// the catalogue still makes it of them: a target that has been bad since goes on
// as it was then, and who had a name keeps it.
func (d *Discovery) remembered(c *catalog.Catalog) *catalog.Catalog {
	d.mu.Lock()
	var all []catalog.Candidate
	for name := range d.sources {
		kept := d.stored[name]
		all = append(all, kept.Good...)
		all = append(all, without(kept.Candidates, kept.Good)...)
	}
	d.mu.Unlock()
	if len(all) == 0 {
		return nil
	}
	before, _ := c.Extend(all, nil)
	return before
}

// without is a list without the targets of another one.
func without(list, targets []catalog.Candidate) []catalog.Candidate {
	out := make(map[string]bool, len(targets))
	for _, candidate := range targets {
		out[candidate.Target] = true
	}
	return slices.DeleteFunc(slices.Clone(list), func(c catalog.Candidate) bool { return out[c.Target] })
}

func (d *Discovery) write(all map[string]stored) error {
	text, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("keeping what was discovered: %w", err)
	}
	if err := os.MkdirAll(d.options.Storage, 0o750); err != nil {
		return fmt.Errorf("making the storage folder: %w", err)
	}
	name := filepath.Join(d.options.Storage, storedName)
	if err := os.WriteFile(name+".new", text, 0o600); err != nil {
		return fmt.Errorf("keeping what was discovered: %w", err)
	}
	return os.Rename(name+".new", name)
}

// restore reads what was kept; nothing when there is nothing to be read.
func (d *Discovery) restore() map[string]stored {
	if d.options.Storage == "" {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(d.options.Storage, storedName))
	if err != nil {
		return nil
	}
	all := make(map[string]stored)
	if err := json.Unmarshal(text, &all); err != nil {
		level.Warn(d.logger).Log("msg", "What was discovered before the start cannot be read", "err", err)
		return nil
	}
	return all
}
