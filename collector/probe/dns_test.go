package probe

import (
	"net"
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
		"shop.example.org. A":    {"shop.example.org. 60 IN A 192.0.2.1", "shop.example.org. 60 IN A 192.0.2.2"},
		"example.org. MX":        {"example.org. 60 IN MX 10 mail.example.org."},
		"example.org. TXT":       {`example.org. 60 IN TXT "v=spf1 -all"`},
		"www.example.org. A":     {"www.example.org. 60 IN CNAME shop.example.org.", "shop.example.org. 60 IN A 192.0.2.1"},
		"www.example.org. CNAME": {"www.example.org. 60 IN CNAME shop.example.org."},
		"empty.example.org. A":   {},
	}
	return func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(q)
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
