package render

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// Alerts that decide about routes and inhibitions by name. rules/ gives them
// these names.
const (
	AlertWatchdog                  = "TocsinWatchdog"
	AlertReceiverDown              = "TocsinReceiverDown"
	AlertAlertmanagerNotDelivering = "TocsinAlertmanagerNotDelivering"
	AlertMessagesUnsent            = "TocsinMessagesUnsent"
	AlertServiceDown               = "ServiceDown"
	AlertDependencyDown            = "DependencyDown"
	AlertServiceSlow               = "ServiceSlow"
	AlertJourneyFailing            = "JourneyFailing"
	AlertPartialOutage             = "PartialOutage"
	AlertPartialSlowdown           = "PartialSlowdown"
	AlertComponentDown             = "ComponentDown"
)

// Options says where things lie. Folders are absolute; the zero value of
// Output means that the text goes to standard output and may be moved
// anywhere, so every file in it is named absolutely.
type Options struct {
	Source      string // the catalogue as the header names it, such as tocsin.yml
	Catalogue   string // folder of the catalogue
	Output      string // folder of the rendered file
	InstalledAt string // folder of the catalogue on Alertmanager's machine, where that is another
}

// Config is the whole of alertmanager.yml. The error is a positioned one of
// the catalogue where the catalogue asks for what Alertmanager cannot do.
func Config(c *catalog.Catalog, o Options) ([]byte, error) {
	r := newRenderer(c, o)
	mail, err := r.mail()
	if err != nil {
		return nil, err
	}
	whole := configuration{
		Global:    mail.global(),
		Templates: []string{r.place.templates()},
		Route: route{
			why:      "Nothing stops here: the last route takes what no other took.",
			Receiver: r.lastResort(),
			Routes:   slices.Concat(r.first(), r.teams()),
		},
		InhibitRules: inhibitions(),
	}
	if err := r.finish(&whole); err != nil {
		return nil, err
	}
	text, err := marshal(header(o, "tocsin render", configHeader), whole)
	if err != nil {
		return nil, err
	}
	return text, verify(text)
}

const configHeader = `
Alertmanager %s or newer. To change who is told, change the catalogue and run make render.
`

// renderer collects receivers and time intervals while routes are built, so
// that only those exist which something uses.
type renderer struct {
	c      *catalog.Catalog
	place  place
	inline *mailer // set where the relay must stand in every channel
	trial  bool    // messages say that they are a trial

	receivers map[string]receiver
	intervals map[string]timeInterval
	problems  []error
}

func newRenderer(c *catalog.Catalog, o Options) *renderer {
	return &renderer{
		c:         c,
		place:     place{catalogue: o.Catalogue, output: o.Output, installed: o.InstalledAt},
		receivers: map[string]receiver{},
		intervals: map[string]timeInterval{},
	}
}

// use registers a receiver and returns the name under which routes find it. A
// receiver that tells nobody is the common silent one.
func (r *renderer) use(to receiver) string {
	if to.silent() {
		to = receiver{Name: receiverNobody}
	}
	r.receivers[to.Name] = to
	return to.Name
}

// finish adds what the routes referred to.
func (r *renderer) finish(whole *configuration) error {
	if len(r.problems) > 0 {
		return r.problems[0]
	}
	for _, name := range slices.Sorted(maps.Keys(r.receivers)) {
		whole.Receivers = append(whole.Receivers, r.receivers[name])
	}
	for _, name := range slices.Sorted(maps.Keys(r.intervals)) {
		whole.TimeIntervals = append(whole.TimeIntervals, r.intervals[name])
	}
	return nil
}

func (r *renderer) problem(err error) {
	if err != nil {
		r.problems = append(r.problems, err)
	}
}

// header is the comment at the top: where the text came from, by which
// command, and what to know.
func header(o Options, command, more string) string {
	first := fmt.Sprintf("Rendered from %q by `%s`; do not edit.", o.Source, command)
	if strings.Contains(more, "%s") {
		more = fmt.Sprintf(more, oldestAlertmanager)
	}
	return first + "\n" + strings.TrimSpace(more)
}

func marshal(comment string, v any) ([]byte, error) {
	var out bytes.Buffer
	for line := range strings.Lines(comment) {
		out.WriteString(strings.TrimRight("# "+line, " \n") + "\n")
	}
	out.WriteByte('\n')
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(v); err != nil {
		return nil, fmt.Errorf("marshalling Alertmanager's configuration: %w", err)
	}
	return out.Bytes(), encoder.Close()
}
