package probe

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

const (
	// patience is how long a packet is waited for when others came back
	// already, or were refused: this, or patienceFactor times the slowest of them.
	patience       = 500 * time.Millisecond
	patienceFactor = 3
	// lastMoment is kept of the timeout to say what came back.
	lastMoment = 50 * time.Millisecond
	// volleys is the time between the moments at which pings start. The kernel
	// stamps their answers, so that they do not lengthen each other's round trip.
	volleys = 100 * time.Millisecond
)

// ping is what stays the same from attempt to attempt.
type ping struct {
	spec    *catalog.ICMPProbe
	pingers *pingers
}

// newICMP builds the kind icmp: several echo requests to one address.
func newICMP(s site) (Func, error) {
	p := &ping{spec: s.probe.ICMP, pingers: &s.shared.pings}
	return p.run, nil
}

func (p *ping) run(ctx context.Context) Result {
	t := newTrace()
	addresses, err := lookup(ctx, t, p.spec.Host, p.spec.Family)
	if err != nil {
		return t.fail(ctx, err)
	}
	to := addresses[0]
	pinger := p.pingers.to(to)
	if err := pinger.enter(); err != nil {
		return t.fail(ctx, ourFault{err})
	}
	defer pinger.leave()
	v := &volley{pinger: pinger, to: to, size: p.spec.Size, answers: make(chan reply, p.spec.Packets), took: make([]time.Duration, p.spec.Packets)}
	defer v.forget()
	t.enter(FirstByte)
	v.fire(ctx, p.spec.Gap.Std())
	t.leave(FirstByte, v.came > 0)
	return p.judge(ctx, t, v)
}

// judge is the result of all packets.
func (p *ping) judge(ctx context.Context, t *trace, v *volley) Result {
	if v.sent == 0 && ctx.Err() != nil {
		return t.fail(ctx, ctx.Err())
	}
	r := t.finish()
	r.Address = v.to.String()
	loss := 1 - float64(v.came)/float64(v.sent)
	r.Measures = []Measured{{PacketLoss, loss}}
	if mean, jitter, ok := v.times(); ok {
		r.Phases[FirstByte] = mean
		r.Duration = r.Phases[Resolve] + mean
		if v.came > 1 {
			r.Measures = append(r.Measures, Measured{PacketJitter, jitter.Seconds()})
		}
	}
	switch {
	case v.came == 0 && v.refused != nil:
		return r.fail(ReasonConnect, fmt.Sprintf("sending to %s: %s", v.to, plainly(bareOp(v.refused))))
	case v.came == 0 && v.refusal != "":
		return r.fail(ReasonConnect, fmt.Sprintf("none of %d packets to %s was answered; %s", v.sent, v.to, v.refusal))
	case v.came == 0:
		return r.fail(ReasonTimeout, fmt.Sprintf("none of %d packets to %s was answered", v.sent, v.to))
	case p.spec.MaxLoss > 0 && loss > float64(p.spec.MaxLoss):
		r.Detail = &Detail{Expected: "at most " + p.spec.MaxLoss.String() + " of the packets lost", Found: v.String()}
		return r.fail(ReasonTimeout, fmt.Sprintf("%d of %d packets to %s were not answered (%s, want at most %s)", v.sent-v.came, v.sent, v.to, catalog.Ratio(loss), p.spec.MaxLoss))
	}
	return r
}

// lookup resolves a host to addresses of a family, the preferred one first.
func lookup(ctx context.Context, t *trace, host string, family catalog.Family) ([]netip.Addr, error) {
	if address, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{address.Unmap()}, nil
	}
	network := map[catalog.Family]string{"": "ip", catalog.IPv4: "ip4", catalog.IPv6: "ip6"}[family]
	found, err := net.DefaultResolver.LookupNetIP(t.context(ctx), network, host)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, &net.DNSError{Err: "no address", Name: host}
	}
	for i := range found {
		found[i] = found[i].Unmap()
	}
	return found, nil
}

// volley is the packets of one attempt.
type volley struct {
	pinger  *pinger
	to      netip.Addr
	size    int
	answers chan reply
	echoes  []*echo
	took    []time.Duration // by packet; nothing for those that did not come back
	sent    int
	came    int
	slowest time.Duration
	refused error // by our own machine

	refusals int    // packets that cannot arrive, as the network says
	refusal  string // the last one
}

// fire sends all packets and waits for their answers, less long for the last
// once others have come.
func (v *volley) fire(ctx context.Context, gap time.Duration) {
	if deadline, ok := ctx.Deadline(); ok {
		margin := min(lastMoment, time.Until(deadline)/10)
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-margin))
		defer cancel()
	}
	for ctx.Err() == nil && v.sent < len(v.took) {
		v.send()
		if v.sent < len(v.took) {
			v.gather(ctx, gap, false)
		}
	}
	for ctx.Err() == nil && v.came+v.refusals < v.sent {
		wait := time.Duration(1<<63 - 1)
		if v.came+v.refusals > 0 { // routers do not refuse each packet in words
			wait = max(patience, patienceFactor*v.slowest)
		}
		if !v.gather(ctx, wait, true) {
			return
		}
	}
}

func (v *volley) send() {
	e := &echo{number: v.sent, to: v.to, answer: v.answers}
	if err := v.pinger.send(e, v.size); err != nil {
		v.refused = err
	}
	v.echoes = append(v.echoes, e)
	v.sent++
}

// gather takes answers for a while, or until one has come. It is false when
// the time is over.
func (v *volley) gather(ctx context.Context, wait time.Duration, one bool) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case a := <-v.answers:
			v.take(a)
			if one {
				return true
			}
		case <-timer.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

func (v *volley) take(a reply) {
	if a.refusal != "" {
		v.refusals, v.refusal = v.refusals+1, a.refusal
		return
	}
	v.took[a.number] = max(a.took, 1)
	v.came++
	v.slowest = max(v.slowest, a.took)
}

// forget stops waiting for what did not come.
func (v *volley) forget() {
	for i, e := range v.echoes {
		if v.took[i] == 0 {
			v.pinger.forget(e)
		}
	}
}

// times are the mean round trip, and the mean difference between one packet
// and the next that came back.
func (v *volley) times() (mean, jitter time.Duration, ok bool) {
	var last time.Duration
	for _, took := range v.took {
		if took == 0 {
			continue
		}
		mean += took
		if last > 0 {
			jitter += (took - last).Abs()
		}
		last = took
	}
	if v.came == 0 {
		return 0, 0, false
	}
	return mean / time.Duration(v.came), jitter / time.Duration(max(1, v.came-1)), true
}

// String lists the round trips.
func (v *volley) String() string {
	list := make([]string, v.sent)
	for i := range list {
		list[i] = "lost"
		if v.took[i] > 0 {
			list[i] = v.took[i].Round(time.Microsecond).String()
		}
	}
	return strings.Join(list, ", ")
}

func icmpHost(p *catalog.Probe) string { return p.ICMP.Host }
