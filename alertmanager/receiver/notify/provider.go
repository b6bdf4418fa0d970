package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// provider is one service behind a way, and how it calls a person.
type provider struct {
	name    string
	address func(Contacts) string
	channel Channel
}

// providers is a way of reaching people: the services that a person has an
// address for are used in order.
type providers []provider

// patience is how many attempts a provider gets that does not answer well
// before the next one is tried too.
const patience = 2

// mostRest is for how long a provider is waited for that asks to be left alone,
// where there is another.
const mostRest = 10 * time.Second

// wantsRest says whether whoever answered asks to be left alone for longer than
// a page should wait.
func wantsRest(err error) bool {
	refusal, ok := errors.AsType[*Error](err)
	return ok && refusal.RetryAfter > mostRest
}

func (c Channels) add(kind Kind, channel Channel) {
	if kind.Address == nil {
		c[kind.Way] = channel
		return
	}
	way, _ := c[kind.Way].(providers)
	c[kind.Way] = append(way, provider{kind.Name, kind.Address, channel})
}

// Reach says whether a person can be reached by a way: some provider is
// configured for it and the person has an address there.
func (c Channels) Reach(way string, contacts Contacts) bool {
	services, _ := c[way].(providers)
	return len(services.of(contacts)) > 0
}

// Answer sends a text message to a number in reply to one that came from there,
// through the same provider. The error holds no number.
func (c Channels) Answer(ctx context.Context, name, number, text string, now time.Time) error {
	services, _ := c[incident.WaySMS].(providers)
	for _, p := range services {
		if p.name == name {
			_, err := p.channel.Send(ctx, Message{
				ID: fmt.Sprintf("answer.%d.%s", now.UnixNano(), incident.WaySMS), Kind: incident.MessageTest, At: now, Attempt: 1,
				To: Recipient{Address: number}, Said: &Text{Subject: text},
			})
			return err
		}
	}
	return permanent("no text messages go out through %s", name)
}

// Follower gives the provider that a thread belongs to, and the thread as the
// provider calls it; false when it cannot be asked.
func (c Channels) Follower(way, thread string) (Follower, string, bool) {
	services, _ := c[way].(providers)
	for _, p := range services {
		if own, ok := strings.CutPrefix(thread, p.name+":"); ok {
			follower, can := p.channel.(Follower)
			return follower, own, can
		}
	}
	return nil, "", false
}

func (p providers) of(contacts Contacts) providers {
	var usable providers
	for _, one := range p {
		if one.address(contacts) != "" {
			usable = append(usable, one)
		}
	}
	return usable
}

// Send hands the message to the first provider that takes it. The next one is
// tried when a provider will never take it, has not after several attempts, or
// asks for more time than a page has.
func (p providers) Send(ctx context.Context, m Message) (Receipt, error) {
	thread := m.Thread
	var problem error = permanent("the person has no address for this")
	for _, one := range p.of(m.To.Contacts) {
		m.To.Address, m.Thread = one.address(m.To.Contacts), ""
		if own, ok := strings.CutPrefix(thread, one.name+":"); ok {
			m.Thread = own
		}
		receipt, err := one.channel.Send(ctx, m)
		if err == nil {
			receipt.Thread = one.name + ":" + receipt.Thread
			return receipt, nil
		}
		problem = err
		if !IsPermanent(err) && !wantsRest(err) && m.Attempt < patience || ctx.Err() != nil {
			break
		}
	}
	return Receipt{}, problem
}
