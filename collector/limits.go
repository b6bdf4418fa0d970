package collector

import (
	"context"
	"sync"
)

const (
	// maxAttempts bounds the attempts under way at the same time. A hanging
	// target holds one for its timeout, so there are many.
	maxAttempts = 1000
	// maxPerHost bounds those against one host and port, to be no burden.
	maxPerHost = 50
)

// limits bounds attempts under way, overall and per host. Who waits for a host
// holds no overall slot, so that one hanging host delays nobody else.
type limits struct {
	all     chan struct{}
	perHost int

	mu    sync.Mutex
	hosts map[string]*hostSlots
}

// hostSlots are the slots of one host, kept while somebody uses them.
type hostSlots struct {
	slots chan struct{}
	users int
}

func newLimits(all, perHost int) *limits {
	return &limits{all: make(chan struct{}, all), perHost: perHost, hosts: make(map[string]*hostSlots)}
}

// acquire waits for a slot and returns what gives it back. The error is ctx's.
func (l *limits) acquire(ctx context.Context, host string) (release func(), err error) {
	leave := func() {}
	if host != "" {
		if leave, err = l.enter(ctx, host); err != nil {
			return nil, err
		}
	}
	select {
	case l.all <- struct{}{}:
		return func() { <-l.all; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}

func (l *limits) enter(ctx context.Context, host string) (leave func(), err error) {
	l.mu.Lock()
	h := l.hosts[host]
	if h == nil {
		h = &hostSlots{slots: make(chan struct{}, l.perHost)}
		l.hosts[host] = h
	}
	h.users++
	l.mu.Unlock()
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots; l.forget(host) }, nil
	case <-ctx.Done():
		l.forget(host)
		return nil, ctx.Err()
	}
}

// forget drops a host that nobody uses any more.
func (l *limits) forget(host string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.hosts[host]
	if h.users--; h.users == 0 {
		delete(l.hosts, host)
	}
}
