package callback

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

const viaSMS = "sms"

// errStranger is a text from a number that is nobody's: it gets no answer.
var errStranger = errors.New("the number is nobody's")

// texted is a text message that somebody sent to us.
type texted struct {
	from, id     string // the provider, and what it calls the message
	number, text string
	stops        string // what it means for the person to reply STOP to this provider
}

// command is what people write: a word and, where several incidents are open,
// a number, with any punctuation around them but a question mark.
var command = regexp.MustCompile(`^(?i)[^\pL\pN?]*(\pL+)[^\pL\pN?]*([0-9]{1,9})?[^\pL\pN?]*$`)

// The words of commands, in small letters. Carriers act on the last by
// themselves, where they stand alone.
var (
	takes  = []string{"ack", "acknowledge", "a"}
	closes = []string{"res", "resolve", "resolved", "r"}
	stops  = []string{"stop", "stopall", "unsubscribe", "end", "quit", "cancel", "optout", "revoke"}
)

const help = "Tocsin understands: ACK or ACK 3 (the incident's number) to take it on, RES 3 to close it."

// reply does what a text message asks for and gives the answer; empty for
// none. Several people may share a number: whoever was told means what was told.
func (h *handler) reply(ctx context.Context, t texted) (string, error) {
	people := h.Desk.People(func(c notify.Contacts) bool { return digits(c.Phone) != "" && digits(c.Phone) == digits(t.number) })
	if len(people) == 0 {
		level.Info(h.Logger).Log("msg", "A text message from an unknown number was ignored")
		return "", errStranger
	}
	word, number := "", ""
	if parts := command.FindStringSubmatch(t.text); parts != nil {
		word, number = strings.ToLower(parts[1]), parts[2]
	}
	if number == "" && slices.Contains(stops, word) {
		return "", h.stopped(ctx, t, people)
	}
	once := Once{From: t.from, ID: t.id}
	var answer string
	var err error
	switch {
	case slices.Contains(takes, word), slices.Contains(closes, word):
		answer, err = h.obey(ctx, once, people, slices.Contains(closes, word), number)
	default:
		answer, err = h.unlessBefore(ctx, once, help)
	}
	if err != nil || answer == "" || !h.replies.allow(people[0], h.Now()) {
		return "", err // two machines may be talking to each other
	}
	return answer, nil
}

// unlessBefore is an answer to what changes nothing, and "" to what came before:
// it does nothing later either.
func (h *handler) unlessBefore(ctx context.Context, once Once, answer string) (string, error) {
	if fresh, err := h.Desk.First(ctx, once); err != nil || !fresh {
		return "", err
	}
	return answer, nil
}

// asked is an incident that somebody was told of, and when last.
type asked struct {
	incident.Incident
	person string
	at     time.Time
}

func (a asked) own() bool     { return a.Owner != "" }
func (a asked) nobodys() bool { return a.Owner == "" }

// obey takes on, or closes, the incident that is meant, in the name of whoever
// was told of it.
func (h *handler) obey(ctx context.Context, once Once, people []string, closes bool, number string) (string, error) {
	if id, err := strconv.ParseInt(number, 10, 64); err == nil {
		return h.numbered(ctx, once, people, incident.ID(id), closes)
	}
	open, err := h.Desk.Current(ctx)
	if err != nil {
		return "", err
	}
	waiting := waitingFor(open, people)
	switch {
	case len(waiting) == 0:
		return h.unlessBefore(ctx, once, "No open incident waits for your answer.")
	case !closes:
		return h.takeOn(ctx, once, waiting)
	}
	if own := slices.DeleteFunc(slices.Clone(waiting), asked.nobodys); len(own) > 0 {
		waiting = own
	}
	if len(waiting) > 1 { // what is closed rings no more
		return h.unlessBefore(ctx, once, "Which one? Reply "+listed("RES", waiting)+".")
	}
	return h.resolve(ctx, once, waiting[0].ID, waiting[0].person)
}

// takeOn takes on the incident that was told last of those that nobody has, and
// names the others.
func (h *handler) takeOn(ctx context.Context, once Once, waiting []asked) (string, error) {
	nobodys := slices.DeleteFunc(slices.Clone(waiting), asked.own)
	if len(nobodys) == 0 {
		nobodys = waiting[:1] // it is taken on for longer
	}
	meant, others := nobodys[0], nobodys[1:]
	said, err := h.acknowledge(ctx, once, incident.Acknowledge{Incident: meant.ID, Person: meant.person, Via: viaSMS})
	if err == nil && said != "" && len(others) > 0 {
		said += " Also open: " + listed("ACK", others) + "."
	}
	return said, err
}

func listed(word string, all []asked) string {
	var texts []string
	for _, a := range all {
		texts = append(texts, fmt.Sprintf("%s %d (%s)", word, a.ID, a.Service))
	}
	return strings.Join(texts, ", ")
}

// numbered is for an incident by its number. One that a person was never told
// of is not acted on: it may be a slip of the finger.
func (h *handler) numbered(ctx context.Context, once Once, people []string, id incident.ID, closes bool) (string, error) {
	i, err := h.Desk.Incident(ctx, id)
	if err != nil && !errors.Is(err, ErrUnknown) {
		return "", err
	}
	person, at := toldLast(i, people, func(string) bool { return true })
	switch {
	case at.IsZero():
		return h.unlessBefore(ctx, once, fmt.Sprintf("You were not told of incident %d. On the board you can take it on all the same.", id))
	case closes:
		return h.resolve(ctx, once, id, person)
	}
	return h.acknowledge(ctx, once, incident.Acknowledge{Incident: id, Person: person, Via: viaSMS})
}

func (h *handler) resolve(ctx context.Context, once Once, id incident.ID, person string) (said string, err error) {
	err = h.Desk.Elsewhere(ctx, id, once, func(i incident.Incident) incident.Input {
		if !i.Open() {
			said = isOver(id)
			return nil
		}
		said = fmt.Sprintf("Incident %d is closed.", id)
		return incident.Resolve{Incident: id, Person: person, Via: viaSMS}
	})
	return said, err
}

// waitingFor lists what people were told of by text message and nobody else
// has, the last first.
func waitingFor(open []incident.Incident, people []string) []asked {
	var waiting []asked
	for _, i := range open {
		person, at := toldLast(i, people, func(way string) bool { return way == incident.WaySMS })
		if !at.IsZero() && (i.Owner == "" || slices.Contains(people, i.Owner)) {
			waiting = append(waiting, asked{i, cmp.Or(i.Owner, person), at})
		}
	}
	slices.SortFunc(waiting, func(a, b asked) int { return cmp.Or(b.at.Compare(a.at), cmp.Compare(b.ID, a.ID)) })
	return waiting
}

// toldLast is who of some people heard of an incident last by certain ways, and
// when; zero for nobody.
func toldLast(i incident.Incident, people []string, by func(way string) bool) (person string, last time.Time) {
	for _, m := range i.Messages {
		for _, d := range m.Deliveries {
			if slices.Contains(people, d.Recipient) && by(d.Way) && m.At.After(last) {
				person, last = d.Recipient, m.At
			}
		}
	}
	return person, last
}

// stopped notes on every open incident that texts through the provider no longer
// reach the people, so that another way is used.
func (h *handler) stopped(ctx context.Context, t texted, people []string) error {
	if fresh, err := h.Desk.First(ctx, Once{From: t.from, ID: t.id}); err != nil || !fresh {
		return err
	}
	level.Warn(h.Logger).Log("msg", "Somebody replied STOP: text messages through this provider do not reach the person", "person", people[0], "provider", t.from)
	open, err := h.Desk.Current(ctx)
	for _, i := range open {
		for _, m := range i.Messages {
			for _, d := range m.Deliveries {
				ours := d.Way == incident.WaySMS && strings.HasPrefix(d.Thread, t.from+":")
				if err == nil && ours && slices.Contains(people, d.Recipient) && d.State == incident.DeliverySent {
					err = h.Desk.Receipt(ctx, incident.Receipted{
						Incident: i.ID, Message: m.Number, Recipient: d.Recipient, Way: d.Way,
						State: incident.DeliveryUndelivered, Problem: t.stops,
					})
				}
			}
		}
	}
	return err
}

func digits(number string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, number)
}

// limiter lets a person have so many answers in a while.
type limiter struct {
	mu   sync.Mutex
	said map[string][]time.Time
}

const (
	mostReplies  = 10
	repliesAfter = 15 * time.Minute
)

func newLimiter() *limiter { return &limiter{said: map[string][]time.Time{}} }

func (l *limiter) allow(person string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	recent := slices.DeleteFunc(l.said[person], func(at time.Time) bool { return now.Sub(at) > repliesAfter })
	allowed := len(recent) < mostReplies
	if allowed {
		recent = append(recent, now)
	}
	l.said[person] = recent
	return allowed
}
