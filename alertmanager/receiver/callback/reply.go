package callback

import (
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

// command is what people write: a word and, where several incidents are open,
// a number.
var command = regexp.MustCompile(`^(?i)\s*(ack|acknowledge|a|res|resolve|resolved|r|stop|stopall|unsubscribe|end|quit|cancel)\s*#?(\d{1,9})?\s*[.!]?\s*$`)

// reply does what a text message asks for and gives the answer; empty for
// none.
func (h *handler) reply(ctx context.Context, number, text string) (string, error) {
	person := h.Desk.Person(func(c notify.Contacts) bool { return digits(c.Phone) != "" && digits(c.Phone) == digits(number) })
	if person == "" {
		level.Info(h.Logger).Log("msg", "A text message from an unknown number was ignored")
		return "", errStranger
	}
	parts := command.FindStringSubmatch(text)
	word := ""
	if parts != nil {
		word = strings.ToLower(parts[1])
	}
	if strings.HasPrefix(word, "stop") || slices.Contains([]string{"unsubscribe", "end", "quit", "cancel"}, word) {
		return "", h.stopped(ctx, person)
	}
	answer := "Tocsin understands: ACK or ACK 3 (the incident's number) to take it on, RES 3 to close it."
	if parts != nil {
		var err error
		if answer, err = h.obey(ctx, word, parts[2], person); err != nil {
			return "", err
		}
	}
	if !h.replies.allow(person, h.Now()) {
		return "", nil // two machines may be talking to each other
	}
	return answer, nil
}

func (h *handler) obey(ctx context.Context, word, number, person string) (string, error) {
	id, others, err := h.meant(ctx, person, number)
	if err != nil || id == 0 {
		return "No open incident waits for your answer.", err
	}
	if strings.HasPrefix(word, "r") {
		return h.resolve(ctx, id, person)
	}
	said, err := h.acknowledge(ctx, id, person, viaSMS)
	if err == nil && len(others) > 0 {
		said += " Also open: " + strings.Join(others, ", ") + "."
	}
	return said, err
}

func (h *handler) resolve(ctx context.Context, id incident.ID, person string) (string, error) {
	i, err := h.Desk.Incident(ctx, id)
	if err != nil || !i.Open() {
		return fmt.Sprintf("Incident %d is over.", id), nil
	}
	if err := h.Desk.Resolve(ctx, id, person, viaSMS); err != nil {
		return "", err
	}
	return fmt.Sprintf("Incident %d is closed.", id), nil
}

// meant is the incident with the number, or the one that the person was told
// of last and nobody has; others lists what else waits.
func (h *handler) meant(ctx context.Context, person, number string) (meant incident.ID, others []string, err error) {
	if number != "" {
		id, err := strconv.ParseInt(number, 10, 64)
		return incident.ID(id), nil, err
	}
	open, err := h.Desk.Current(ctx)
	var last time.Time
	for _, i := range open {
		told := lastTold(i, person)
		if told.IsZero() || i.Owner != "" && i.Owner != person {
			continue
		}
		others = append(others, fmt.Sprintf("ACK %d (%s)", i.ID, i.Service))
		if !told.Before(last) {
			meant, last = i.ID, told
		}
	}
	own := fmt.Sprintf("ACK %d (", meant)
	others = slices.DeleteFunc(others, func(other string) bool { return strings.HasPrefix(other, own) })
	return meant, others, err
}

// lastTold is when a person last heard of the incident by text message.
func lastTold(i incident.Incident, person string) time.Time {
	var last time.Time
	for _, m := range i.Messages {
		for _, d := range m.Deliveries {
			if d.Recipient == person && d.Way == incident.WaySMS && m.At.After(last) {
				last = m.At
			}
		}
	}
	return last
}

// stopped notes on every open incident that texts no longer reach the person,
// so that another way is used.
func (h *handler) stopped(ctx context.Context, person string) error {
	level.Warn(h.Logger).Log("msg", "Somebody replied STOP: text messages do not reach this person until START is sent from the phone", "person", person)
	open, err := h.Desk.Current(ctx)
	for _, i := range open {
		for _, m := range i.Messages {
			for _, d := range m.Deliveries {
				if err == nil && d.Recipient == person && d.Way == incident.WaySMS && d.State == incident.DeliverySent {
					err = h.Desk.Receipt(ctx, incident.Receipted{
						Incident: i.ID, Message: m.Number, Recipient: person, Way: d.Way,
						State: incident.DeliveryUndelivered, Problem: "the person replied STOP: text messages are blocked until START is sent from the phone",
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
