package migrate

import (
	"time"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// Check is one question as a source asks it, in the catalogue's terms.
type Check struct {
	Source  string // the source's name
	Service string // as people call it; empty for the host's
	Group   string // tells services of the same name apart
	Probe   string // the probe's name; after its kind by default
	Team    string // a key of the estate's teams; empty for the default team

	Kind     string
	Settings *Settings

	Means     string
	Interval  time.Duration // zero for the default, as for the next three
	Timeout   time.Duration
	Slow      time.Duration
	Confirm   int
	PageAfter time.Duration
	// Certificate is the remaining validity that somebody wants to hear of.
	Certificate time.Duration
	Domain      time.Duration // likewise of a domain's registration
	// CertificateOnly says that a probe which already asks the same host over
	// TLS serves as well.
	CertificateOnly bool

	URL       string // for people
	External  bool
	DependsOn []string // services, as people call them
	At        tree.Position
}

// App is something with memory and CPU, and what is normal for it.
type App struct {
	Source, Service, Group, Team string

	Thresholds *Settings
	Resource   string // the name of its resource
	Settings   *Settings
	At         tree.Position
}

// Team is who is told. Its channels are those of the catalogue.
type Team struct {
	Key, Name string
	Channels  *Settings
	At        tree.Position
}

// estate is everything that the sources found.
type estate struct {
	checks []*Check
	apps   []*App
	teams  map[string]*Team
	order  []string // keys of the teams as they were found
	smtp   *Settings

	windows []window
}

// team adds a team, or is the one with the key.
func (e *estate) team(key, name string, at tree.Position) *Team {
	if known, is := e.teams[key]; is {
		return known
	}
	team := &Team{Key: key, Name: name, Channels: settings(), At: at}
	e.teams[key] = team
	e.order = append(e.order, key)
	return team
}
