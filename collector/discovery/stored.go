package discovery

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
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
}

// store keeps what is known. A crash leaves the old file or the new one.
func (d *Discovery) store() {
	if d.options.Storage == "" {
		return
	}
	d.mu.Lock()
	all := make(map[string]stored)
	for name, s := range d.sources {
		if s.known {
			all[name] = stored{Success: s.success, Candidates: s.list}
		}
	}
	d.mu.Unlock()
	if err := d.write(all); err != nil {
		level.Warn(d.logger).Log("msg", "What was discovered is not kept for the next start", "err", err)
	}
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
