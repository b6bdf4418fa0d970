package catalog

// Maintenance is a window that comes again: from At on each of Days, on the
// wall clock of Timezone, for Duration. While it is open, pages about its
// services are withheld; probes and alerts go on. Exactly one of Services,
// Teams and All says which services: those named, those of the teams, or all
// of the catalogue.
type Maintenance struct {
	Name     string   `yaml:"-"`
	Services []string `yaml:"services,omitempty"`
	Teams    []string `yaml:"teams,omitempty"`
	All      bool     `yaml:"all,omitempty"`
	Days     Days     `yaml:"days"`
	At       Clock    `yaml:"at"`
	Duration Duration `yaml:"duration"`
	Timezone string   `yaml:"timezone"`
	Reason   string   `yaml:"reason"` // for those who meet it: on the board and in the timeline
}
