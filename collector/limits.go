package collector

import (
	"context"
	"sync"
	"time"
)

const (
	// maxAttempts bounds the attempts that have begun within the last second.
	// They are what uses processors; the targets that hang merely wait.
	maxAttempts = 1000
	// maxOpen bounds all attempts under way, because each holds a connection.
	maxOpen = 10_000
	// maxPerHost bounds those against one host and port, to be no burden.
	maxPerHost = 50
	// probation is how long an attempt holds its slot at most. One that takes
	// longer waits for its target, and waiting costs little: when a tenth of ten
	// thousand targets hang, the others have their slots.
	probation = time.Second
)

// limits bounds attempts: those under way, those that have just begun, and
// those per host. Who waits for a host holds nothing else, so that one hanging
// host delays nobody else.
type limits struct {
	open    chan struct{}
	begun   chan struct{}
	perHost int

	mu    sync.Mutex
	hosts map[string]*hostSlots
}

// hostSlots are the slots of one host, kept while somebody uses them.
type hostSlots struct {
	slots chan struct{}
	users int
}

// newLimits bounds the attempts that have just begun, those per host, and those
// under way, to which the files are bound that the process may open.
func newLimits(begun, perHost, open int) *limits {
	open = max(1, open)
	return &limits{
		open: make(chan struct{}, open), begun: make(chan struct{}, min(begun, open)),
		perHost: perHost, hosts: make(map[string]*hostSlots),
	}
}

// acquire waits for a slot and returns what gives it back. The error is ctx's.
func (l *limits) acquire(ctx context.Context, host string) (release func(), err error) {
	if err := l.enter(ctx, host); err != nil {
		return nil, err
	}
	if err := take(ctx, l.open); err != nil {
		l.leave(host)
		return nil, err
	}
	if err := take(ctx, l.begun); err != nil {
		<-l.open
		l.leave(host)
		return nil, err
	}
	ended := time.AfterFunc(probation, func() { <-l.begun })
	return func() {
		if ended.Stop() {
			<-l.begun
		}
		<-l.open
		l.leave(host)
	}, nil
}

func take(ctx context.Context, slots chan<- struct{}) error {
	select {
	case slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// enter waits for a slot of the host. No host is no limit.
func (l *limits) enter(ctx context.Context, host string) error {
	if host == "" {
		return nil
	}
	l.mu.Lock()
	h := l.hosts[host]
	if h == nil {
		h = &hostSlots{slots: make(chan struct{}, l.perHost)}
		l.hosts[host] = h
	}
	h.users++
	l.mu.Unlock()
	err := take(ctx, h.slots)
	if err != nil {
		l.forget(host)
	}
	return err
}

// leave gives the host's slot back.
func (l *limits) leave(host string) {
	if host != "" {
		<-l.forget(host).slots
	}
}

// forget drops a host that nobody uses any more.
func (l *limits) forget(host string) *hostSlots {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.hosts[host]
	if h.users--; h.users == 0 {
		delete(l.hosts, host)
	}
	return h
}
