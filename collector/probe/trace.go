package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http/httptrace"
	"net/netip"
	"sync"
	"time"
)

// trace measures the phases of the requests made under its context. The hooks
// of net and net/http may still fire from other goroutines after a request has
// failed, so everything is behind a lock.
type trace struct {
	mu      sync.Mutex
	started time.Time
	at      Phase // the phase under way, for the text of a timeout
	begun   time.Time
	phases  Phases
	address string
	expiry  time.Time

	addresses []netip.Addr        // what names resolved to
	chain     []*x509.Certificate // presented last, the leaf first
	shown     []Certificate       // the same, where somebody knows it already
}

func newTrace() *trace { return &trace{started: time.Now()} }

// context is ctx under which net and net/http report to t.
func (t *trace) context(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSStart: func(httptrace.DNSStartInfo) { t.enter(Resolve) },
		DNSDone: func(i httptrace.DNSDoneInfo) {
			t.leave(Resolve, i.Err == nil)
			t.resolvedTo(i.Addrs)
		},
		ConnectStart: func(_, address string) { t.connecting(address) },
		ConnectDone:  func(_, address string, err error) { t.connected(address, err) },
		TLSHandshakeStart: func() {
			t.enter(TLS)
		},
		TLSHandshakeDone:     func(state tls.ConnectionState, err error) { t.shook(state, err) },
		GotConn:              func(httptrace.GotConnInfo) { t.leave(Transfer, false) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { t.wrote() },
		GotFirstResponseByte: t.answered,
	})
}

// enter starts the clock of a phase and ends that of the one under way, such as
// the transfer of an answer that redirects.
func (t *trace) enter(p Phase) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(t.at, false)
	t.at, t.begun = p, time.Now()
}

// wrote starts the wait for the answer, unless a hasty server has already
// begun to answer.
func (t *trace) wrote() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.at == Transfer && !t.begun.IsZero() {
		return
	}
	t.add(t.at, false)
	t.at, t.begun = FirstByte, time.Now()
}

// answered is called at the first byte of an answer.
func (t *trace) answered() {
	t.leave(FirstByte, true)
	t.enter(Transfer)
}

// leave adds the time since enter. A phase that did not succeed stays the one
// under way: it is where the attempt got stuck.
func (t *trace) leave(p Phase, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(p, ok)
}

func (t *trace) add(p Phase, ok bool) {
	if t.at != p || t.begun.IsZero() {
		return
	}
	t.phases[p] += time.Since(t.begun)
	t.begun = time.Time{}
	if ok {
		t.at = p.next()
	}
}

// next is the phase that follows, unless a handshake says otherwise.
func (p Phase) next() Phase {
	switch p {
	case Resolve:
		return Connect
	case Connect, TLS:
		return FirstByte
	}
	return Transfer
}

// connecting starts the clock at the first of several addresses that are tried
// at the same time.
func (t *trace) connecting(address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.address = address
	if t.at != Connect || t.begun.IsZero() {
		t.add(t.at, false)
		t.at, t.begun = Connect, time.Now()
	}
}

func (t *trace) connected(address string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		t.address = address
		t.add(Connect, true)
	}
}

func (t *trace) shook(state tls.ConnectionState, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(TLS, err == nil)
	t.certificates(state.PeerCertificates)
}

// certificates remembers a chain and the earliest end of validity in all of
// them. The caller locks.
func (t *trace) certificates(chain []*x509.Certificate) {
	if len(chain) > 0 {
		t.chain, t.shown = chain, nil
	}
	for _, c := range chain {
		if t.expiry.IsZero() || c.NotAfter.Before(t.expiry) {
			t.expiry = c.NotAfter
		}
	}
}

// shows is the chain that was presented last, as it is shown.
func (t *trace) shows(chain []Certificate) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.shown = chain
}

// finish is what was measured so far, as the beginning of a result. The phase
// under way counts up to now.
func (t *trace) finish() Result {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(t.at, false)
	return Result{Phases: t.phases, Address: t.address, CertificateExpiry: t.expiry, Detail: t.detail()}
}

// under is the phase that is or was last under way, and the address.
func (t *trace) under() (Phase, string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.at, t.address
}

// rejected remembers a chain that did not verify.
func (t *trace) rejected(chain []*x509.Certificate) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.certificates(chain)
}
