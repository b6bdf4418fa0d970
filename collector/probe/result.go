package probe

import (
	"context"
	"time"
)

// Func makes one attempt. It ends soon after ctx does, opens its own
// connection, and may be called again and again by several goroutines.
type Func func(ctx context.Context) Result

// Outcome is what one attempt or one confirmed run came to. Blocked says that
// somebody in between refused to let us look, which tells nothing about the
// service.
type Outcome uint8

// The outcomes, in the order in which they are exported.
const (
	Success Outcome = iota
	Failure
	Blocked
	// Waiting says that there is nothing to judge yet. It is not exported.
	Waiting
)

// String is the outcome as a label value.
func (o Outcome) String() string {
	switch o {
	case Success:
		return "success"
	case Failure:
		return "failure"
	case Blocked:
		return "blocked"
	case Waiting:
		return "waiting"
	}
	return "unknown"
}

// Reason says what kind of thing went wrong. The zero value means nothing did.
type Reason uint8

// The reasons. Internal is our own fault: a panic, or a secret that cannot be
// read.
const (
	ReasonNone Reason = iota
	ReasonDNS
	ReasonConnect
	ReasonTLS
	ReasonTimeout
	ReasonProtocol
	ReasonStatus
	ReasonBody
	ReasonBlocked
	ReasonInternal
	ReasonFailed  // a job said so of itself
	ReasonLate    // a job did not call in time
	ReasonOverrun // a job runs too long
	ReasonUnseen  // a job has never succeeded
)

// String is the reason as a label value.
func (r Reason) String() string {
	return [...]string{"", "dns", "connect", "tls", "timeout", "protocol", "status", "body", "blocked", "internal", "failed", "late", "overrun", "unseen"}[r]
}

// Phase is a part of an attempt's time.
type Phase uint8

// The phases, in the order in which they happen.
const (
	Resolve Phase = iota
	Connect
	TLS
	FirstByte
	Transfer
	phaseCount
)

// String is the phase as a label value.
func (p Phase) String() string {
	return [...]string{"resolve", "connect", "tls", "first_byte", "transfer"}[p]
}

// Phases holds the time spent in each phase, zero where it did not happen. For
// several requests they are sums.
type Phases [phaseCount]time.Duration

// Result is what one attempt found.
type Result struct {
	Outcome Outcome
	Reason  Reason // ReasonNone on success
	// Text says what was expected and what was found: one printable line of at
	// most MaxText bytes, without secrets. Empty on success.
	Text string
	// Step is the name of the journey's step that failed.
	Step    string
	Phases  Phases
	Address string // what was connected to last, host:port; empty when nothing was
	Status  int    // HTTP status of the last answer, or 0
	// CertificateExpiry is the earliest end of validity in the presented chain;
	// zero where TLS was not spoken.
	CertificateExpiry time.Time
	// Measures are what the kind found besides the time, each at most once.
	Measures []Measured
	// Components are the parts of the service that its health document names.
	Components []Component
	// Performance is what a command reported as its performance data.
	Performance []Performance
	// Slow says that a step took longer than its own budget.
	Slow bool
	// Steps are the times of a journey's steps, in order, as far as it came.
	Steps []StepTime
	// Detail is for people who look; it is kept with the newest attempts only.
	Detail *Detail
	// Duration is the whole attempt, from resolving to the last byte. The
	// harness measures it, unless the kind did because it waits on purpose.
	Duration time.Duration
}

// fail turns r into a failure, or into a refusal to let us look.
func (r Result) fail(reason Reason, text string) Result {
	r.Outcome, r.Reason, r.Text = Failure, reason, text
	if reason == ReasonBlocked {
		r.Outcome = Blocked
	}
	return r
}
