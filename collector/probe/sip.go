package probe

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// The timers of a question that is no invitation, over UDP (RFC 3261, 17.1.2):
// it is sent again after the first, then after twice as long each time, up to
// the second.
const (
	sipT1 = 500 * time.Millisecond
	sipT2 = 4 * time.Second
)

// sipServer is what stays the same from attempt to attempt.
type sipServer struct {
	*dialogue
	spec *catalog.SIPProbe
}

// newSIP builds the kind sip: the question OPTIONS of RFC 3261, 11.
func newSIP(s site) (Func, error) {
	spec := s.probe.SIP
	p := &sipServer{dialogue: newDialogue(s, "sip", spec.Address, spec.TLS), spec: spec}
	if spec.Protocol == "udp" {
		p.network = "udp"
	}
	return func(ctx context.Context) Result { return p.run(ctx, p.talk) }, nil
}

// sipQuestion is one question, by what its answers repeat.
type sipQuestion struct {
	branch, call, tag string
	number            uint32
}

func (p *sipServer) talk(_ context.Context, l *line) error {
	q := sipQuestion{branch: "z9hG4bK" + rand.Text(), call: rand.Text() + "@" + helloName, tag: rand.Text(), number: 1 + mathrand.Uint32N(1<<31-1)}
	text := p.options(q, l.conn.LocalAddr())
	if _, err := l.conn.Write(text); err != nil {
		return p.refused(err)
	}
	next := l.readSIP
	if p.network == "udp" {
		next = l.resending(text)
	}
	for {
		answer, err := next()
		if err != nil {
			return p.refused(err)
		}
		switch ours, final := answer.answers(q), answer.status >= 200; {
		case !ours || !final:
		case !p.spec.Status.Has(answer.status):
			return misfitf(ReasonStatus, "the server answers %s, want %s", quote(p.secrets.redact(answer.reason)), p.spec.Status)
		default:
			return nil
		}
	}
}

// options is the question. By rport (RFC 3581) the answer comes back to where
// it was sent from, whatever stands in between.
func (p *sipServer) options(q sipQuestion, local net.Addr) []byte {
	host, _, _ := net.SplitHostPort(p.address)
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	to := "sip:" + host
	if p.spec.To != "" {
		to = "sip:" + p.spec.To
	}
	transport := strings.ToUpper(p.spec.Protocol)
	lines := []string{
		"OPTIONS " + to + " SIP/2.0",
		"Via: SIP/2.0/" + transport + " " + local.String() + ";rport;branch=" + q.branch,
		"Max-Forwards: 70",
		"To: <" + to + ">",
		"From: <sip:" + p.spec.From + ">;tag=" + q.tag,
		"Call-ID: " + q.call,
		fmt.Sprintf("CSeq: %d OPTIONS", q.number),
		"Contact: <sip:" + ourName + "@" + local.String() + ";transport=" + p.spec.Protocol + ">",
		"Accept: application/sdp",
		"User-Agent: " + ourName,
		"Content-Length: 0",
		"", "",
	}
	return []byte(strings.Join(lines, "\r\n"))
}

// refused is what a datagram met that nobody wants.
func (p *sipServer) refused(err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return misfitf(ReasonConnect, "connecting to %s: connection refused", p.address)
	}
	return err
}

// resending reads datagrams, and sends the question again and again until one
// comes. What comes meanwhile without being a final answer slows it down.
func (l *line) resending(text []byte) func() (sipAnswer, error) {
	wait := sipT1
	again := time.Now().Add(wait)
	datagram := make([]byte, maxDatagram)
	return func() (sipAnswer, error) {
		for {
			if err := l.conn.SetReadDeadline(again); err != nil {
				return sipAnswer{}, err
			}
			n, err := l.conn.Read(datagram)
			if err == nil {
				return parseSIP(string(datagram[:n]))
			}
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				return sipAnswer{}, err
			}
			if _, err := l.conn.Write(text); err != nil {
				return sipAnswer{}, err
			}
			wait = min(2*wait, sipT2)
			again = again.Add(wait)
		}
	}
}

func sipHost(p *catalog.Probe) string { return p.SIP.Address }
