package probe

import (
	"crypto/tls"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// sessionAge bounds how long handshakes may be abbreviated: a certificate
	// that was replaced, or taken back, shows at the next full one. Each time it
	// is up to a fifth shorter, so that a thousand probes do not renew at once.
	sessionAge = 10 * time.Minute
	// maxSessions bounds the names whose sessions a probe remembers; more are
	// only met through redirects.
	maxSessions = 4
)

// sessions remembers the TLS sessions of one probe, so that most of its
// handshakes are abbreviated, which costs both sides a fraction. It implements
// tls.ClientSessionCache.
type sessions struct {
	mu    sync.Mutex
	kept  map[string]session
	usual bool // offer all key exchanges even when resuming
}

// session is what is known of one server. Without a state the handshake is
// full.
type session struct {
	state *tls.ClientSessionState
	until time.Time
}

// Get implements tls.ClientSessionCache.
func (s *sessions) Get(name string) (*tls.ClientSessionState, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, ok := s.kept[name]
	if known.usable() {
		return known.state, true
	}
	if !ok && len(s.kept) == maxSessions || s.kept == nil {
		s.kept = make(map[string]session, 1)
	}
	s.kept[name] = session{until: time.Now().Add(sessionAge - rand.N(sessionAge/5))}
	return nil, false
}

// configure makes c, a configuration for name, resume what is remembered, and
// then offer the cheap key exchanges only. The keys of a resumed session come
// from the first handshake too, which was safe from a later quantum computer
// where the server can do that; to be so once more would double the cost of the
// handshake. Whom the few do not suit is offered all of them; see refused.
func (s *sessions) configure(c *tls.Config, cheap []tls.CurveID) (few bool) {
	c.ClientSessionCache = s
	s.mu.Lock()
	defer s.mu.Unlock()
	few = s.kept[c.ServerName].usable() && !s.usual
	if few {
		c.CurvePreferences = cheap
	}
	return few
}

// refused makes all handshakes from now on offer all key exchanges: one that
// offered few was refused.
func (s *sessions) refused() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.usual = true
}

func (s session) usable() bool { return s.state != nil && time.Now().Before(s.until) }

// Put implements tls.ClientSessionCache. A state that arrives late, after its
// handshake was forgotten, is not kept.
func (s *sessions) Put(name string, state *tls.ClientSessionState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.kept[name]; ok {
		known.state = state
		s.kept[name] = known
	}
}

// forget makes the next handshake with everybody a full one.
func (s *sessions) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.kept)
}
