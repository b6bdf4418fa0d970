// Package notify hands messages to the outside: one file per channel, one row
// per channel in the table below.
//
// The receiver's dispatcher claims a message from the outbox, finds out whom
// it is for, and calls [Channel.Send]; it alone retries, falls back to another
// way and records what came of it. A channel only formats and posts.
//
// Texts are written once, in text.go, and everything in them that came from an
// alert is somebody else's: each channel escapes for its own format. An error
// never holds an address, a token or a URL, because it goes on the timeline.
package notify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/go-kit/log"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/internal/github"
)

// Channel is one way of telling somebody. Send returns nil only when the
// provider has taken the message. It returns an [*Error] that says whether
// trying again makes sense; any other error counts as temporary. It returns
// soon after ctx ends. A repeated Send with the same Message.ID is the same
// message again, after a crash in between.
type Channel interface {
	Send(ctx context.Context, m Message) (Receipt, error)
}

// Receipt is what a provider says of a message it took. Thread comes back as
// Message.Thread with the next message of the incident to the same recipient.
// Follows says that the provider tells later whether the message arrived: by a
// callback, or when a [Follower] is asked.
type Receipt struct {
	Thread  string
	Follows bool
}

// Follower is a channel whose provider can be asked what became of a message.
// Thread is that of its receipt; over says that nobody need answer it any
// more, so that a provider which repeats it until somebody does can stop.
type Follower interface {
	Follow(ctx context.Context, thread string, over bool) (Fate, error)
}

// Fate is what became of a message. State is empty while the provider says
// nothing that counts, and [incident.DeliverySent] while it is on its way;
// Acknowledged says that its recipient has answered it.
type Fate struct {
	State        incident.DeliveryState
	Problem      string
	Progress     incident.Progress // of what is on its way
	Acknowledged bool
}

// Ended says that nothing more will be heard of the message.
func (f Fate) Ended() bool {
	return f.State != "" && (f.State != incident.DeliverySent || f.Progress.Last)
}

// Of is the receipt that says so of a message.
func (f Fate) Of(in incident.Receipted) incident.Receipted {
	in.State, in.Problem, in.Progress = f.State, f.Problem, f.Progress
	return in
}

// onItsWay is the fate of a message that is somewhere on its way: where is a
// state's place among those that a provider tells of, in their order.
func onItsWay(where int, words string) Fate {
	return Fate{State: incident.DeliverySent, Progress: incident.Progress{Words: words, Rank: where + 1}}
}

// Message is one message to one recipient.
type Message struct {
	ID     string // the same for every attempt; see [MessageID]
	Number int    // within the incident
	Kind   incident.MessageKind
	Urgent bool      // may ring in the night
	News   string    // what is new; empty when nothing is
	At     time.Time // when it was decided
	To     Recipient
	Thread string

	Incident incident.Incident // as it is now
	About    incident.Alert    // the one alert it is about; zero when it is about the incident

	Said           *Text               // what a message of no incident says; nil for what [Compose] writes
	Also           []incident.Incident // what comes from it, or what else is told with it
	Works          []string            // dependencies that are in maintenance now, a sentence each
	Owner          string              // name of the person who acknowledged; empty for nobody
	Zone           *time.Location      // in which the reader's clock goes
	Board          string              // the incident's page
	Callback       string              // the public address below which callbacks are taken; empty when there is none
	Attempt        int                 // from 1
	AcknowledgeURL string              // signed for this recipient: GET shows a page with a button, POST acknowledges; empty when there is nothing to acknowledge
}

// Recipient is a person, or the place that a channel writes to.
type Recipient struct {
	ID      string // a person's id, or the name of a place: "pipeline/NAME", "WAY/TEAM"
	Name    string
	Address string // in the channel's own terms; empty for a place

	Contacts Contacts // of a person
}

// Error is why a message was not taken. Its text is shown to people.
type Error struct {
	Err        error
	Permanent  bool          // the same message will not be taken later
	RetryAfter time.Duration // at least; zero when the provider did not say
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

func permanent(format string, args ...any) *Error {
	return &Error{Err: fmt.Errorf(format, args...), Permanent: true}
}

func temporary(format string, args ...any) *Error {
	return &Error{Err: fmt.Errorf(format, args...)}
}

// Settings is what channels are made from.
type Settings struct {
	Catalog *catalog.Catalog
	HTTP    *http.Client // without redirects; see [NewHTTPClient]
	Logger  log.Logger   // nil for none

	client func() (*github.Client, error) // made once for all; nil for one of its own
}

// Kind is one row of the table of channels.
type Kind struct {
	Way     string                          // as escalation steps name it
	Name    string                          // of the provider
	Address func(Contacts) string           // of a person; nil for a channel that reaches places
	New     func(Settings) (Channel, error) // nil, nil when the catalogue does not configure it

	// A tool of teams says of a team's channels whether it is among them. Its
	// recipients are places, "WAY/TEAM"; see [Tools]. Nil for every other channel.
	// One that phones people by a rota of its own, see [incident.Rings], is told
	// what pages, and then what becomes of that; others hear of every change.
	Tool func(catalog.Channels) bool
	// Notes says of a team's channels whether the tool takes what people write
	// here. Nil for always.
	Notes func(catalog.Channels) bool
	// Shows says that what is done in the tool shows there only when it is told
	// of it; others know what came from them.
	Shows bool
}

// Kinds is the table of channels. To add one, write its file and its row. A
// way that has several providers uses them in the order in which they stand
// here; see [Channels].
func Kinds() []Kind {
	email := func(c Contacts) string { return c.Email }
	phone := func(c Contacts) string { return c.Phone }
	return []Kind{
		{Way: incident.WayEmail, Name: "smtp", Address: email, New: newSMTP},
		{Way: incident.WayEmail, Name: "govuk_notify", Address: email, New: newGovukEmail},
		{Way: incident.WayPush, Name: "ntfy", Address: func(c Contacts) string { return c.Ntfy }, New: newNtfy},
		{Way: incident.WayPush, Name: "pushover", Address: func(c Contacts) string { return c.Pushover }, New: newPushover},
		{Way: incident.WaySMS, Name: "govuk_notify", Address: phone, New: newGovukSMS},
		{Way: incident.WaySMS, Name: "twilio", Address: phone, New: newTwilioSMS},
		{Way: incident.WayVoice, Name: "twilio", Address: phone, New: newTwilioVoice},
		{Way: incident.WayGitHub, Name: "github", New: newGitHub},
		{Way: incident.WayPagerDuty, Name: "pagerduty", New: newPagerDuty, Tool: func(c catalog.Channels) bool { return c.PagerDuty != nil }, Notes: func(c catalog.Channels) bool { return c.PagerDuty.APITokenFile != "" }},
		{Way: incident.WayVictorOps, Name: "victorops", New: newVictorOps, Tool: func(c catalog.Channels) bool { return c.VictorOps != nil }},
		{Way: incident.WaySlack, Name: "slack", New: newSlack, Shows: true, Tool: func(c catalog.Channels) bool { return c.Slack.Bot() }},
		{Way: incident.WayIssue, Name: "github", New: newGitHubIssues, Tool: func(c catalog.Channels) bool { return c.GitHub != nil && c.GitHub.Issues }},
		{Way: incident.WayWebhook, Name: "webhook", New: newWebhook, Tool: func(c catalog.Channels) bool { return c.Webhook != nil }},
	}
}

// Ways are those by which people can be reached, in the table's order.
func Ways() []string {
	var ways []string
	for _, kind := range Kinds() {
		if kind.Address != nil && !slices.Contains(ways, kind.Way) {
			ways = append(ways, kind.Way)
		}
	}
	return ways
}

// Channels are the ways that a catalogue configures. A way of reaching people
// goes through every provider that is configured for it; see [Channels.Reach].
type Channels map[string]Channel

// Open makes every channel that the catalogue configures. On an error it
// makes none; the errors of all are joined.
func Open(s Settings) (Channels, error) {
	if s.Logger == nil {
		s.Logger = log.NewNopLogger()
	}
	if s.HTTP == nil {
		s.HTTP = NewHTTPClient()
	}
	if s.client == nil {
		s.client = sync.OnceValues(s.gitHub)
	}
	channels := Channels{}
	var problems []error
	for _, kind := range Kinds() {
		c, err := kind.New(s)
		if err != nil {
			problems = append(problems, fmt.Errorf("setting up %s: %w", kind.Name, err))
			continue
		}
		if c != nil {
			channels.add(kind, c)
		}
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return channels, nil
}

// IsPermanent says whether the same message will not be taken later either.
func IsPermanent(err error) bool {
	var refusal *Error
	return errors.As(err, &refusal) && refusal.Permanent
}
