package inbound

import (
	"context"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// AlertName is the alertname of everything that comes from elsewhere: a name
// of the sender's choice could pass for one of ours, and so inhibit others.
const AlertName = "ExternalAlert"

// Event is one thing that a source says of one alert of its own. Its texts are
// the sender's; [Label] makes them fit.
type Event struct {
	Key      string    // the source's name of the alert, which pairs its end with its beginning
	Ended    bool      // it is over
	At       time.Time // of the beginning or the end, as the source says; zero when it does not
	Expire   time.Duration
	Title    string           // of the rule or the alarm
	Summary  string           // what is wrong, in a line; Title when it is empty
	Detail   string           // more of it
	Link     string           // a page of the source about it
	Severity catalog.Severity // "" when the source does not tell
	Audience catalog.Audience // likewise
	Service  string           // the service that the source names; "" when it names none
	Team     string           // likewise

	Resources          []string // ids, for AlertMatch.Resource
	Dimensions, Labels map[string]string
}

// Message is one post of a source.
type Message struct {
	Source string // its name in the catalogue
	ID     string // which a repeated post has again; "" when the source gives none
	Body   []byte // as it came, shortened
	Events []Event
}

// Sink stores messages. It returns nil only when one is durable; any error is
// answered with 503, and the source comes again.
type Sink interface {
	Arrived(ctx context.Context, m Message) error
}

// Results are the values that Options.Count is called with.
func Results() []string {
	return []string{"stored", "nothing", "unreadable", "unauthorized", "not_stored"}
}
