package reload

import "github.com/tocsin-monitoring/tocsin/catalog"

// Together makes one part of several: each takes a catalogue over, or none
// does.
type Together struct {
	parts   []Part
	current *catalog.Catalog
}

// NewTogether has no catalogue yet.
func NewTogether(parts ...Part) *Together { return &Together{parts: parts} }

// Update gives a catalogue to every part. When one refuses it, those before it
// get the last one back.
func (t *Together) Update(c *catalog.Catalog) error {
	for i, part := range t.parts {
		err := part.Update(c)
		if err == nil {
			continue
		}
		if t.current != nil {
			for _, changed := range t.parts[:i] {
				_ = changed.Update(t.current) // it was good before
			}
		}
		return err
	}
	t.current = c
	return nil
}
