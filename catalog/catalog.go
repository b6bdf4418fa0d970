package catalog

// Catalog is a whole, validated catalogue. Only [Load] makes one.
type Catalog struct {
	Spec

	positions positions
	hash      string
	modified  int64
}

// Spec is the shape of the catalogue's files, one field per top-level key.
// After loading, every optional value that has a default holds it.
type Spec struct {
	Links       Links                  `yaml:"links,omitempty"`
	Accounts    Accounts               `yaml:"accounts,omitempty"`
	Delivery    Delivery               `yaml:"delivery,omitempty"`
	Monitoring  Monitoring             `yaml:"monitoring"`
	Locations   map[string]*Location   `yaml:"locations,omitempty"`
	Defaults    Defaults               `yaml:"defaults,omitempty"`
	Hours       map[string]*Hours      `yaml:"hours,omitempty"`
	People      map[string]*Person     `yaml:"people,omitempty"`
	Teams       map[string]*Team       `yaml:"teams"`
	Rotas       map[string]*Rota       `yaml:"rotas,omitempty"`
	Escalations map[string]*Escalation `yaml:"escalations,omitempty"`
	Services    map[string]*Service    `yaml:"services"`
}
