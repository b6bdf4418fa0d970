package collector

import "github.com/tocsin-monitoring/tocsin/collector/probe"

// State is what is known of a probe after confirmation.
type State uint8

// The states. Unknown lasts until the first confirmed result.
const (
	Unknown State = iota
	Up
	Down
)

// String is the state in words.
func (s State) String() string {
	return [...]string{"unknown", "up", "down"}[s]
}

// confirmation follows the attempts of one run. An attempt that agrees with
// what is known settles the run; one that disagrees is repeated at once until
// as many in a row agree with each other as the catalogue demands. A success
// needs no confirmation where nothing was known. A refusal to let us look
// settles the run and changes nothing: asking a rate limit again is rude. Our
// own fault (a panic, an unreadable secret, no port left) is no verdict on a
// service that was seen before; a probe that never worked is down by it, so that
// somebody hears.
type confirmation struct {
	standing State
	need     int // attempts in a row that change the state
	inARow   int // attempts so far that disagree with it
}

// settle takes an attempt's result and says whether the run is over, and in
// which state.
func (c *confirmation) settle(r probe.Result) (State, bool) {
	if blind(c.standing, r) {
		return c.standing, true
	}
	var found State
	switch r.Outcome {
	case probe.Blocked, probe.Waiting:
		return c.standing, true
	case probe.Success:
		found = Up
	case probe.Failure:
		found = Down
	}
	if found == c.standing || (found == Up && c.standing == Unknown) {
		return found, true
	}
	if c.inARow++; c.inARow >= c.need {
		return found, true
	}
	return c.standing, false
}

// blind says that a result is no verdict: our own fault, on a service that was
// seen before.
func blind(standing State, r probe.Result) bool {
	return r.Reason == probe.ReasonInternal && standing != Unknown
}
