package catalog

import (
	"encoding/json"
	"fmt"
	"time"
)

// kept is a catalogue as it is stored.
type kept struct {
	Modified time.Time  `json:"modified"`
	Files    []keptFile `json:"files"`
}

type keptFile struct {
	Name   string `json:"name"`
	Folder string `json:"folder"`
	Text   []byte `json:"text"`
}

// Keep is the catalogue in a form that [Restore] reads, for a start that finds
// the files broken. It holds the files as they were, so it holds no secret.
func (c *Catalog) Keep() ([]byte, error) {
	k := kept{Modified: c.modified}
	for _, file := range c.sources {
		k.Files = append(k.Files, keptFile{Name: file.name, Folder: file.folder, Text: file.text})
	}
	text, err := json.Marshal(k)
	if err != nil {
		return nil, fmt.Errorf("keeping the catalogue: %w", err)
	}
	return text, nil
}

// Restore reads what [Catalog.Keep] wrote. The catalogue has the same hash,
// positions and paths, whatever became of the files.
func Restore(text []byte) (*Catalog, error) {
	var k kept
	if err := json.Unmarshal(text, &k); err != nil {
		return nil, fmt.Errorf("restoring the kept catalogue: %w", err)
	}
	if len(k.Files) == 0 {
		return nil, fmt.Errorf("restoring the kept catalogue: it is empty")
	}
	var files sources
	for _, file := range k.Files {
		files = append(files, sourceIn(file.Name, file.Folder, file.Text))
	}
	return parse(files, k.Modified)
}
