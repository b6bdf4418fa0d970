package reload

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// storedName is the file of the last good catalogue in the storage folder.
const storedName = "last-good-catalogue.json"

// errNoStorage says that nothing is kept.
var errNoStorage = errors.New("no storage folder is configured")

// store keeps the catalogue in use for a start that finds a bad one. A crash
// leaves the old file or the new one. The caller locks.
func (r *Reloader) store() error {
	if r.options.Storage == "" {
		return nil
	}
	kept, err := r.status.Catalog.Keep()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(r.options.Storage, 0o750); err != nil {
		return fmt.Errorf("making the storage folder: %w", err)
	}
	name := filepath.Join(r.options.Storage, storedName)
	if err := os.WriteFile(name+".new", kept, 0o600); err != nil {
		return fmt.Errorf("keeping the catalogue: %w", err)
	}
	return os.Rename(name+".new", name)
}

// loadStored is the last good catalogue.
func (r *Reloader) loadStored() (*catalog.Catalog, error) {
	if r.options.Storage == "" {
		return nil, errNoStorage
	}
	kept, err := os.ReadFile(filepath.Join(r.options.Storage, storedName))
	if err != nil {
		return nil, fmt.Errorf("reading the last good catalogue: %w", err)
	}
	return catalog.Restore(kept)
}

// digest tells whether a catalogue's files changed. Files that cannot be read
// count as empty: reading them properly gives the error.
func digest(path string) [sha256.Size]byte {
	h := sha256.New()
	names := []string{path}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		names, _ = filepath.Glob(filepath.Join(path, "*.y*ml"))
	}
	for _, name := range names {
		_, _ = io.WriteString(h, name+"\x00")
		if text, err := os.ReadFile(name); err == nil {
			_, _ = h.Write(text)
		}
	}
	return [sha256.Size]byte(h.Sum(nil))
}
