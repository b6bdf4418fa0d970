package probe

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// resolverFile is where the machine's resolver stands.
const resolverFile = "/etc/resolv.conf"

// question is what stays the same from attempt to attempt.
type question struct {
	spec  *catalog.DNSProbe
	kind  uint16
	rcode int
	tls   *dialogue // holds the TLS settings
}

// newDNS builds the kind dns: one question to one server, over UDP, TCP or TLS
// (RFC 7858). A truncated answer is asked for again over TCP.
func newDNS(s site) (Func, error) {
	spec := s.probe.DNS
	kind, ok := dns.StringToType[spec.Type]
	if !ok {
		return nil, s.errorf("dns.type", "unknown record type %q", spec.Type)
	}
	q := &question{spec: spec, kind: kind, tls: newDialogue(s, "dns", spec.Server, spec.TLS)}
	if spec.Rcode != "" {
		q.rcode = dns.StringToRcode[spec.Rcode]
	}
	return q.run, nil
}

func (q *question) run(ctx context.Context) Result {
	t := newTrace()
	server, err := q.address()
	if err != nil {
		return t.fail(ctx, ourFault{err})
	}
	answer, err := q.ask(ctx, t, q.spec.Protocol, server, true)
	plain := err == nil && q.knowsNoEDNS(answer)
	if plain {
		answer, err = q.ask(ctx, t, q.spec.Protocol, server, false)
	}
	if err == nil && answer.Truncated && q.spec.Protocol == "udp" {
		answer, err = q.ask(ctx, t, "tcp", server, !plain)
	}
	if err == nil {
		err = q.check(answer)
	}
	if err != nil {
		return t.fail(ctx, err)
	}
	return t.finish()
}

// address is the server to ask, host:port.
func (q *question) address() (string, error) {
	if q.spec.Server != "" {
		return q.spec.Server, nil
	}
	config, err := dns.ClientConfigFromFile(resolverFile)
	if err != nil {
		return "", fmt.Errorf("reading %q: %w (or name a server in the probe)", resolverFile, err)
	}
	if len(config.Servers) == 0 {
		return "", fmt.Errorf("%q names no server (or name one in the probe)", resolverFile)
	}
	return net.JoinHostPort(config.Servers[0], config.Port), nil
}

// knowsNoEDNS says that a server may have refused the question only because of
// the extension that came with it (RFC 6891, section 7).
func (q *question) knowsNoEDNS(m *dns.Msg) bool {
	refused := m.Rcode == dns.RcodeFormatError || m.Rcode == dns.RcodeNotImplemented
	return refused && m.Rcode != q.rcode && m.IsEdns0() == nil
}

func (q *question) ask(ctx context.Context, t *trace, protocol, server string, extended bool) (*dns.Msg, error) {
	d := *q.tls
	d.address, d.network = server, protocol
	if protocol == "tls" {
		d.network = "tcp"
	}
	l, err := d.open(ctx, t)
	if err != nil {
		return nil, err
	}
	conn := l.conn
	if plain, ok := conn.(*bounded); ok && protocol == "udp" {
		conn = plain.Conn // by which the library knows datagrams
	}
	defer func() { _ = conn.Close() }()
	// The library follows a context's deadline, but not its end.
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	t.enter(FirstByte)
	client := &dns.Client{Net: protocol, UDPSize: 1232, Timeout: time.Hour} // which is ctx's
	answer, _, err := client.ExchangeWithConnContext(ctx, q.message(extended), &dns.Conn{Conn: conn, UDPSize: 1232})
	t.leave(FirstByte, err == nil)
	if err == nil {
		err = q.answered(answer)
	}
	return answer, err
}

// answered wants an answer to the question that was asked. A server that cannot
// read one repeats none.
func (q *question) answered(m *dns.Msg) error {
	if !m.Response {
		return misfitf(ReasonProtocol, "the server sends the question back, and no answer")
	}
	if len(m.Question) == 0 || strings.EqualFold(m.Question[0].Name, dns.Fqdn(q.spec.Name)) && m.Question[0].Qtype == q.kind {
		return nil
	}
	other := m.Question[0]
	return misfitf(ReasonProtocol, "the server answers another question: %s %s", quote(other.Name), dns.Type(other.Qtype))
}

// message is the question. With the bit AD in it a resolver says whether it
// validated the answer (RFC 6840, 5.7).
func (q *question) message(extended bool) *dns.Msg {
	m := new(dns.Msg)
	m.SetQuestion(dns.Fqdn(q.spec.Name), q.kind)
	if extended {
		m.SetEdns0(1232, false)
	}
	m.AuthenticatedData = q.spec.DNSSEC
	return m
}

// check compares an answer. The error is a *misfit, or nil.
func (q *question) check(m *dns.Msg) error {
	name, kind := q.spec.Name, dns.TypeToString[q.kind]
	switch {
	case m.Rcode != q.rcode:
		return misfitf(ReasonStatus, "%s %s: answer %s, want %s", name, kind, rcodeName(m.Rcode), rcodeName(q.rcode))
	case q.spec.DNSSEC && !m.AuthenticatedData:
		return misfitf(ReasonBody, "%s %s: the resolver does not say that it validated the answer (bit AD)", name, kind)
	case q.rcode != dns.RcodeSuccess:
		return nil
	}
	var found []string
	for _, record := range m.Answer {
		if record.Header().Rrtype == q.kind {
			found = append(found, value(record))
		}
	}
	if len(found) == 0 {
		return misfitf(ReasonBody, "%s has no %s record", name, kind)
	}
	for _, want := range q.spec.Answers {
		if !contains(found, want) {
			return misfitf(ReasonBody, "%s %s: %s is not among the answers, found %s", name, kind, quote(want), quote(strings.Join(found, ", ")))
		}
	}
	if anyOf := q.spec.AnyAnswer; len(anyOf) > 0 && !slices.ContainsFunc(anyOf, func(want string) bool { return contains(found, want) }) {
		return misfitf(ReasonBody, "%s %s: none of %s is among the answers, found %s", name, kind, quote(strings.Join(anyOf, ", ")), quote(strings.Join(found, ", ")))
	}
	for _, forbidden := range q.spec.Forbidden {
		if contains(found, forbidden) {
			return misfitf(ReasonBody, "%s %s: %s is among the answers", name, kind, quote(forbidden))
		}
	}
	return nil
}

func contains(found []string, record string) bool {
	return slices.ContainsFunc(found, func(have string) bool { return sameRecord(have, record) })
}

// rcodeName is a response code in words; a server may invent some.
func rcodeName(code int) string {
	if name, known := dns.RcodeToString[code]; known {
		return name
	}
	return fmt.Sprintf("RCODE%d", code)
}

// value is a record without its header, as zone files write it.
func value(record dns.RR) string {
	return strings.TrimSpace(strings.TrimPrefix(record.String(), record.Header().String()))
}

// sameRecord compares what zone files write in several ways: case, spaces, the
// last dot, quotation marks around texts.
func sameRecord(have, want string) bool {
	plain := func(s string) string {
		return strings.ToLower(strings.TrimSuffix(strings.ReplaceAll(strings.Join(strings.Fields(s), " "), `"`, ""), "."))
	}
	return plain(have) == plain(want)
}

func dnsHost(p *catalog.Probe) string { return p.DNS.Server }
