package probe

import (
	"crypto/tls"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"
)

// resolver serves a small zone, and returns its address. Answer, when given,
// answers instead.
func resolver(t testing.TB, network string, answer dns.HandlerFunc) string {
	t.Helper()
	if answer == nil {
		answer = zone(t)
	}
	started := make(chan struct{})
	server := &dns.Server{Handler: answer, NotifyStartedFunc: func() { close(started) }}
	var address string
	if network == "udp" {
		conn, err := net.ListenPacket("udp", "127.0.0.1:0")
		require.NoError(t, err)
		server.PacketConn, address = conn, conn.LocalAddr().String()
	} else {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		server.Listener, address = l, l.Addr().String()
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.ActivateAndServe()
	}()
	<-started
	t.Cleanup(func() {
		_ = server.Shutdown()
		<-ended
	})
	return address
}

func zone(t testing.TB) dns.HandlerFunc {
	t.Helper()
	records := map[string][]string{
		"shop.example.org. A":         {"shop.example.org. 60 IN A 192.0.2.1", "shop.example.org. 60 IN A 192.0.2.2"},
		"example.org. MX":             {"example.org. 60 IN MX 10 mail.example.org."},
		"example.org. TXT":            {`example.org. 60 IN TXT "v=spf1 -all"`},
		"www.example.org. A":          {"www.example.org. 60 IN CNAME shop.example.org.", "shop.example.org. 60 IN A 192.0.2.1"},
		"www.example.org. CNAME":      {"www.example.org. 60 IN CNAME shop.example.org."},
		"empty.example.org. A":        {},
		"example.org. HTTPS":          {`example.org. 60 IN HTTPS 1 . alpn="h3,h2" ipv4hint=192.0.2.1`},
		"example.org. CAA":            {`example.org. 60 IN CAA 0 issue "ca.example.net"`},
		"_443._tcp.example.org. TLSA": {`_443._tcp.example.org. 60 IN TLSA 3 1 1 0D6FCE13243AA7CDF5E0B9A8E8C0B8A5E4E8D6D5A6B7C8D9E0F1A2B3C4D5E6F7`},
		"example.org. NAPTR":          {`example.org. 60 IN NAPTR 10 100 "s" "SIP+D2U" "" _sip._udp.example.org.`},
		"secure.example.org. A":       {"secure.example.org. 60 IN A 192.0.2.9"},
	}
	return func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(q)
		m.AuthenticatedData = q.AuthenticatedData && strings.HasPrefix(q.Question[0].Name, "secure.")
		found, ok := records[q.Question[0].Name+" "+dns.TypeToString[q.Question[0].Qtype]]
		if !ok {
			m.Rcode = dns.RcodeNameError
		}
		for _, text := range found {
			record, err := dns.NewRR(text)
			if err == nil {
				m.Answer = append(m.Answer, record)
			}
		}
		_ = w.WriteMsg(m)
	}
}

func TestDNS(t *testing.T) {
	udp, tcp := resolver(t, "udp", nil), resolver(t, "tcp", nil)
	for _, test := range []struct {
		name, spec, text string
		reason           Reason
	}{
		{name: "an address", spec: `{name: shop.example.org}`},
		{name: "over TCP", spec: `{name: shop.example.org, protocol: tcp}`},
		{name: "the answers", spec: `{name: shop.example.org, answers: [192.0.2.2, 192.0.2.1]}`},
		{name: "a mail exchanger", spec: `{name: example.org, type: MX, answers: [10 mail.example.org]}`},
		{name: "a text", spec: `{name: example.org, type: TXT, answers: ["v=spf1 -all"]}`},
		{name: "behind an alias", spec: `{name: www.example.org, answers: [192.0.2.1]}`},
		{name: "the alias", spec: `{name: www.example.org, type: CNAME, answers: [SHOP.example.org]}`},
		{name: "a missing answer", spec: `{name: shop.example.org, answers: [192.0.2.3]}`, reason: ReasonBody, text: `shop.example.org A: "192.0.2.3" is not among the answers, found "192.0.2.1, 192.0.2.2"`},
		{name: "no record", spec: `{name: empty.example.org}`, reason: ReasonBody, text: "empty.example.org has no A record"},
		{name: "a forbidden answer", spec: `{name: shop.example.org, answers_not: [192.0.2.3, 192.0.2.2]}`, reason: ReasonBody, text: `shop.example.org A: "192.0.2.2" is among the answers`},
		{name: "one of several", spec: `{name: shop.example.org, answers_any: [192.0.2.3, 192.0.2.2]}`},
		{name: "none of several", spec: `{name: shop.example.org, answers_any: [192.0.2.3, 192.0.2.4]}`, reason: ReasonBody, text: `shop.example.org A: none of "192.0.2.3, 192.0.2.4" is among the answers, found "192.0.2.1, 192.0.2.2"`},
		{name: "no forbidden answer", spec: `{name: shop.example.org, answers_not: [192.0.2.3]}`},
		{name: "a name that must not exist", spec: `{name: nowhere.example.org, rcode: NXDOMAIN}`},
		{name: "a name that exists", spec: `{name: shop.example.org, rcode: NXDOMAIN}`, reason: ReasonStatus, text: "shop.example.org A: answer NOERROR, want NXDOMAIN"},
		{name: "HTTPS", spec: `{name: example.org, type: HTTPS, answers: ['1 . alpn=h3,h2 ipv4hint=192.0.2.1']}`},
		{name: "CAA", spec: `{name: example.org, type: CAA, answers: ['0 issue ca.example.net']}`},
		{name: "TLSA", spec: `{name: _443._tcp.example.org, type: TLSA, answers: ['3 1 1 0d6fce13243aa7cdf5e0b9a8e8c0b8a5e4e8d6d5a6b7c8d9e0f1a2b3c4d5e6f7']}`},
		{name: "NAPTR", spec: `{name: example.org, type: NAPTR, answers: ['10 100 "s" "SIP+D2U" "" _sip._udp.example.org']}`},
		{name: "validated", spec: `{name: secure.example.org, dnssec: true}`},
		{name: "not validated", spec: `{name: shop.example.org, dnssec: true}`, reason: ReasonBody, text: "shop.example.org A: the resolver does not say that it validated the answer (bit AD)"},
		{name: "no such name", spec: `{name: nowhere.example.org}`, reason: ReasonStatus, text: "nowhere.example.org A: answer NXDOMAIN, want NOERROR"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := udp
			if test.name == "over TCP" {
				server = tcp
			}
			r := try(t, `{dns: {server: "`+server+`", `+test.spec[1:]+"}")
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Equal(t, test.text, r.Text)
			require.Positive(t, r.Phases[FirstByte])
			require.Equal(t, server, r.Address)
		})
	}
}

func TestDNSServersThatFail(t *testing.T) {
	silent := resolver(t, "udp", func(dns.ResponseWriter, *dns.Msg) {})
	r := try(t, `{dns: {server: "`+silent+`", name: shop.example.org}}`, 200*time.Millisecond)
	require.Equal(t, ReasonTimeout, r.Reason)
	require.Regexp(t, `^timeout after \d+ms while waiting for the answer of `+silent+`$`, r.Text)

	broken := raw(t, func(c net.Conn) { _, _ = c.Write([]byte{0, 3, 1, 2, 3}) })
	r = try(t, `{dns: {server: "`+broken+`", protocol: tcp, name: shop.example.org}}`)
	require.Equal(t, ReasonProtocol, r.Reason, r.Text)

	closed := refusing(t)
	r = try(t, `{dns: {server: "`+closed+`", protocol: tcp, name: shop.example.org}}`)
	require.Equal(t, ReasonConnect, r.Reason, r.Text)
}

func TestDNSOverTLS(t *testing.T) {
	cert, ca := certificate(t, time.Now().Add(time.Hour))
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
	require.NoError(t, err)
	server := &dns.Server{Listener: l, Handler: zone(t)}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = l.Close(); <-ended })
	address := l.Addr().String()
	r := try(t, `{dns: {server: "`+address+`", protocol: tls, tls: {ca_file: `+ca+`}, name: shop.example.org}}`)
	require.Equal(t, Success, r.Outcome, r.Text)
	require.Positive(t, r.Phases[TLS])
	require.False(t, r.CertificateExpiry.IsZero())
	r = try(t, `{dns: {server: "`+address+`", protocol: tls, name: shop.example.org}}`)
	require.Equal(t, ReasonTLS, r.Reason, r.Text)
}

// What comes back must be an answer to what was asked, however old the server
// that gives it.
func TestDNSOddServers(t *testing.T) {
	right := func(q *dns.Msg) *dns.Msg {
		m := new(dns.Msg)
		m.SetReply(q)
		record, err := dns.NewRR("shop.example.org. 60 IN A 192.0.2.1")
		if err == nil {
			m.Answer = []dns.RR{record}
		}
		return m
	}
	for _, test := range []struct {
		name   string
		answer func(q *dns.Msg) *dns.Msg
		spec   string
		reason Reason
		text   string
	}{
		{name: "the question itself", answer: func(q *dns.Msg) *dns.Msg { return q }, reason: ReasonProtocol, text: "the server sends the question back, and no answer"},
		{name: "an answer to another name", answer: func(q *dns.Msg) *dns.Msg {
			m := right(q)
			m.Question[0].Name = "other.example.org."
			return m
		}, reason: ReasonProtocol, text: `the server answers another question: "other.example.org." A`},
		{name: "an answer to another type", answer: func(q *dns.Msg) *dns.Msg {
			m := right(q)
			m.Question[0].Qtype = dns.TypeAAAA
			return m
		}, reason: ReasonProtocol, text: `the server answers another question: "shop.example.org." AAAA`},
		{name: "other letters", answer: func(q *dns.Msg) *dns.Msg {
			m := right(q)
			m.Question[0].Name = "sHoP.example.ORG."
			return m
		}},
		{name: "a server that does not know EDNS", answer: func(q *dns.Msg) *dns.Msg {
			m := right(q)
			if q.IsEdns0() != nil {
				m.Rcode, m.Answer, m.Question = dns.RcodeFormatError, nil, nil
			}
			return m
		}},
		{name: "a server that understands nothing", answer: func(q *dns.Msg) *dns.Msg {
			m := right(q)
			m.Rcode, m.Answer = dns.RcodeNotImplemented, nil
			return m
		}, reason: ReasonStatus, text: "answer NOTIMP, want NOERROR"},
		{name: "a circle of aliases", answer: func(q *dns.Msg) *dns.Msg {
			m := right(q)
			m.Answer = nil
			for _, text := range []string{"shop.example.org. 60 IN CNAME a.example.org.", "a.example.org. 60 IN CNAME shop.example.org."} {
				record, _ := dns.NewRR(text)
				m.Answer = append(m.Answer, record)
			}
			return m
		}, reason: ReasonBody, text: "shop.example.org has no A record"},
		{name: "another id", answer: func(q *dns.Msg) *dns.Msg {
			m := right(q)
			m.Id++
			return m
		}, reason: ReasonTimeout, text: "while waiting for the answer of"},
		{name: "refused", answer: func(q *dns.Msg) *dns.Msg {
			m := right(q)
			m.Rcode, m.Answer = dns.RcodeRefused, nil
			return m
		}, reason: ReasonStatus, text: "answer REFUSED, want NOERROR"},
		{name: "the end of a failure is wanted", answer: func(q *dns.Msg) *dns.Msg {
			m := right(q)
			m.Rcode, m.Answer = dns.RcodeServerFailure, nil
			return m
		}, spec: ", rcode: SERVFAIL"},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := resolver(t, "udp", func(w dns.ResponseWriter, q *dns.Msg) { _ = w.WriteMsg(test.answer(q)) })
			r := try(t, `{dns: {name: shop.example.org, server: "`+address+`"`+test.spec+`}}`, time.Second)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Contains(t, r.Text, test.text)
		})
	}
}
