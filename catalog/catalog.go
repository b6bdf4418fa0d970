package catalog

import "time"

// Catalog is a whole, validated catalogue. Only [Load] and [Parse] make one.
type Catalog struct {
	Spec

	positions *positions
	sources   sources
	files     []File
	made      map[candidateKey]*made // what Extend made of candidates
	hash      uint64
	modified  time.Time
}

// Spec is the shape of the catalogue's files, one field per top-level key.
// After loading, every optional value that has a default holds it.
type Spec struct {
	Links       Links                   `yaml:"links,omitempty"`
	Accounts    Accounts                `yaml:"accounts,omitempty"`
	Delivery    Delivery                `yaml:"delivery,omitempty"`
	Monitoring  Monitoring              `yaml:"monitoring"`
	Locations   map[string]*Location    `yaml:"locations,omitempty"` // one named default by default
	Defaults    Defaults                `yaml:"defaults,omitempty"`
	Hours       map[string]*Hours       `yaml:"hours,omitempty"`
	People      map[string]*Person      `yaml:"people,omitempty"`
	Teams       map[string]*Team        `yaml:"teams"`
	Rotas       map[string]*Rota        `yaml:"rotas,omitempty"`
	Escalations map[string]*Escalation  `yaml:"escalations,omitempty"`
	Services    map[string]*Service     `yaml:"services"`
	Steps       map[string]Journey      `yaml:"steps,omitempty"` // which journeys use
	Maintenance map[string]*Maintenance `yaml:"maintenance,omitempty"`
	Discovery   map[string]*Discovery   `yaml:"discovery,omitempty"`
	Inbound     map[string]*Inbound     `yaml:"inbound,omitempty"`
	Board       Board                   `yaml:"board,omitempty"`
}

// File is a file that the catalogue names at Place, a path of the catalogue:
// a secret, or else a certificate or a pid. Path is absolute.
type File struct {
	Place  string
	Path   string
	Secret bool
}

// Hash is the first 48 bits of the SHA-256 of the files' bytes, comments
// included. It fits a float64, so that it can be a metric.
func (c *Catalog) Hash() uint64 { return c.hash }

// Modified is the newest modification time of the files, and the zero time for
// a catalogue from memory.
func (c *Catalog) Modified() time.Time { return c.modified }

// Files lists every file that the catalogue names, in the catalogue's order.
// Loading does not open them.
func (c *Catalog) Files() []File { return c.files }
