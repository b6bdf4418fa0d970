package render

import (
	"slices"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// fragment is what goes into somebody else's alertmanager.yml. All its names
// begin with tocsin/, so nothing there can have them already.
type fragment struct {
	Templates     []string       `yaml:"templates"`
	Route         guest          `yaml:"route"`
	InhibitRules  []inhibition   `yaml:"inhibit_rules"`
	TimeIntervals []timeInterval `yaml:"time_intervals,omitempty"`
	Receivers     []receiver     `yaml:"receivers"`
}

type guest struct {
	Routes []route `yaml:"routes"`
}

// Fragment is the part of alertmanager.yml that Tocsin needs, to be merged
// into an existing one by hand or by a tool: one route, receivers, inhibit
// rules, time intervals and texts. The one route takes only alerts that carry
// the label audience, which every rule of Tocsin sets, so that nobody else's
// alerts change their way.
func Fragment(c *catalog.Catalog, o Options) ([]byte, error) {
	r := newRenderer(c, o)
	mail, err := r.mail()
	if err != nil {
		return nil, err
	}
	r.inline = mail
	whole := configuration{Route: route{
		Matchers: []string{`audience=~".+"`},
		Receiver: r.lastResort(),
		Routes:   slices.Concat(r.first(), r.teams()),
	}}
	if err := r.finish(&whole); err != nil {
		return nil, err
	}
	part := fragment{
		Templates:     []string{r.place.templates()},
		Route:         guest{Routes: []route{whole.Route}},
		InhibitRules:  inhibitions(),
		TimeIntervals: whole.TimeIntervals,
		Receivers:     whole.Receivers,
	}
	text, err := marshal(header(o, "tocsin render --fragment", fragmentHeader), part)
	if err != nil {
		return nil, err
	}
	return text, verifyFragment(text)
}

const fragmentHeader = `
To merge into your alertmanager.yml (Alertmanager %s or newer):

1. templates: add the line; the texts lie in the folder templates of Tocsin's alertmanager/.
2. route: put the one entry first under your own route.routes. It takes only alerts with the
   label audience, which Tocsin's rules set; with "continue: true" your own routes see them too.
3. inhibit_rules, time_intervals, receivers: append. Every name begins with tocsin/.

Then run amtool check-config, and after each change of the catalogue merge again.
`
