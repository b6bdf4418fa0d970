package probe

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/test/servers"
)

// sipField is a field of a question as it was written.
func sipField(question, name string) string {
	_, rest, _ := strings.Cut(question, "\r\n"+name+": ")
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}

// sipAnswering answers a question with a status and further lines.
func sipAnswering(question, status string, more ...string) string {
	lines := []string{"SIP/2.0 " + status, "Via: " + sipField(question, "Via") + ";received=127.0.0.1", "To: " + sipField(question, "To") + ";tag=x"}
	for _, name := range []string{"From", "Call-ID", "CSeq"} {
		lines = append(lines, name+": "+sipField(question, name))
	}
	return strings.Join(append(append(lines, more...), "", ""), "\r\n")
}

// sipOverUDP answers each datagram; the first is question 1.
func sipOverUDP(t testing.TB, answer func(n int, question string) []string) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		buffer := make([]byte, 4096)
		for asked := 1; ; asked++ {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			for _, text := range answer(asked, string(buffer[:n])) {
				_, _ = conn.WriteTo([]byte(text), from)
			}
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-ended })
	return conn.LocalAddr().String()
}

func TestSIP(t *testing.T) {
	ok := func(question string) string { return sipAnswering(question, "200 OK", "Content-Length: 0") }
	for _, test := range []struct {
		name, spec string
		answer     func(question string) []string
		reason     Reason
		text       string
	}{
		{name: "alive", answer: func(q string) []string { return []string{ok(q)} }},
		{name: "with a body", answer: func(q string) []string { return []string{sipAnswering(q, "200 OK", "Content-Length: 4") + "v=0\n"} }},
		{name: "short names and folded lines", answer: func(q string) []string {
			text := strings.NewReplacer("Via:", "v:", "Call-ID:", "i :", "From:", "f:\r\n\t", "CSeq: ", "CSEQ:  ").Replace(ok(q))
			return []string{text}
		}},
		{name: "first a word, then the answer", answer: func(q string) []string { return []string{sipAnswering(q, "100 Trying", "l: 2") + "\r\n", ok(q)} }},
		{name: "an answer to somebody else", answer: func(q string) []string {
			return []string{strings.Replace(sipAnswering(q, "500 Other", "Content-Length: 0"), "z9hG4bK", "z9hG4bKx", 1), ok(q)}
		}},
		{name: "an answer to another number", answer: func(q string) []string {
			return []string{strings.Replace(sipAnswering(q, "500 Other", "Content-Length: 0"), "CSeq: ", "CSeq: 9", 1), ok(q)}
		}},
		{name: "another call", answer: func(q string) []string {
			return []string{strings.Replace(sipAnswering(q, "500 Other", "Content-Length: 0"), "Call-ID: ", "Call-ID: x", 1), ok(q)}
		}},
		{name: "a question in between", answer: func(q string) []string {
			return []string{"OPTIONS sip:probe SIP/2.0\r\nVia: SIP/2.0/TCP x;branch=z9hG4bKx\r\nContent-Length: 0\r\n\r\n", ok(q)}
		}},
		{name: "nobody there", answer: func(q string) []string { return []string{sipAnswering(q, "404 Not Found", "Content-Length: 0")} }, reason: ReasonStatus, text: `the server answers "404 Not Found", want 200`},
		{name: "nobody there as wanted", spec: `, status: "200, 404"`, answer: func(q string) []string { return []string{sipAnswering(q, "404 Not Found", "Content-Length: 0")} }},
		{name: "something else", answer: func(string) []string { return []string{"HTTP/1.1 400 Bad Request\r\n\r\n"} }, reason: ReasonProtocol, text: `the server does not speak SIP: it begins with "HTTP/1.1 400 Bad Request"`},
		{name: "no status", answer: func(q string) []string { return []string{sipAnswering(q, "OK")} }, reason: ReasonProtocol, text: `the server does not speak SIP: its status is "OK"`},
		{name: "only a word", answer: func(q string) []string { return []string{sipAnswering(q, "100 Trying", "Content-Length: 0")} }, reason: ReasonTimeout, text: "while waiting for the answer of"},
	} {
		for protocol, address := range map[string]string{
			"udp": sipOverUDP(t, func(_ int, question string) []string { return test.answer(question) }),
			"tcp": raw(t, func(c net.Conn) { sipTalking(c, test.answer) }),
		} {
			t.Run(test.name+" over "+protocol, func(t *testing.T) {
				r := try(t, `{sip: {address: "`+address+`", protocol: `+protocol+test.spec+`}}`, 2*time.Second)
				require.Equal(t, test.reason, r.Reason, r.Text)
				require.Contains(t, r.Text, test.text)
				require.Equal(t, address, r.Address)
			})
		}
	}
}

// sipTalking answers one question over a connection.
func sipTalking(c net.Conn, answer func(question string) []string) {
	question := make([]byte, 4096)
	n, err := c.Read(question)
	if err != nil {
		return
	}
	for _, text := range answer(string(question[:n])) {
		_, _ = io.WriteString(c, "\r\n\r\n"+text)
	}
	mute(c)
}

func TestSIPAsks(t *testing.T) {
	var question string
	address := sipOverUDP(t, func(_ int, asked string) []string {
		question = asked
		return []string{sipAnswering(asked, "200 OK")}
	})
	r := try(t, `{sip: {address: "`+address+`", to: alice@example.org, from: bob@example.net}}`)
	require.Equal(t, Success, r.Outcome, r.Text)
	first, _, _ := strings.Cut(question, "\r\n")
	require.Equal(t, "OPTIONS sip:alice@example.org SIP/2.0", first)
	require.Equal(t, "<sip:alice@example.org>", sipField(question, "To"))
	require.Regexp(t, `^<sip:bob@example\.net>;tag=\w+$`, sipField(question, "From"))
	require.Regexp(t, `^SIP/2\.0/UDP 127\.0\.0\.1:\d+;rport;branch=z9hG4bK\w+$`, sipField(question, "Via"))
	require.Regexp(t, `^\d+ OPTIONS$`, sipField(question, "CSeq"))
	require.True(t, strings.HasSuffix(question, "\r\nContent-Length: 0\r\n\r\n"))
}

// A lost datagram is no outage: the same question is sent again.
func TestSIPAsksAgain(t *testing.T) {
	var asked []string
	address := sipOverUDP(t, func(n int, question string) []string {
		asked = append(asked, question)
		if n < 3 {
			return nil
		}
		return []string{sipAnswering(question, "200 OK")}
	})
	r := try(t, `{sip: {address: "`+address+`"}}`, 20*time.Second)
	require.Equal(t, Success, r.Outcome, r.Text)
	require.Len(t, asked, 3)
	require.Equal(t, asked[0], asked[2])
	closed := refusing(t)
	r = try(t, `{sip: {address: "`+closed+`"}}`)
	require.Equal(t, "connecting to "+closed+": connection refused", r.Text)
}

func TestSIPHostility(t *testing.T) {
	hostility(t, `{sip: {address: "ADDRESS", protocol: tcp}}`, "")
	for _, test := range []struct{ name, says, text string }{
		{name: "an endless line", says: strings.Repeat("x", 1<<20), text: "the server sends a line of over 65536 bytes"},
		{name: "an endless head", says: "SIP/2.0 200 OK\r\n" + strings.Repeat("a: b\r\n", 1<<15), text: "the server sends a head of over 65536 bytes"},
		{name: "endless questions", says: strings.Repeat("OPTIONS sip:x SIP/2.0\r\nl: 60000\r\n\r\n"+strings.Repeat("x", 60000), 80), text: "the server sent more than 4194304 bytes"},
		{name: "a giant body", says: "SIP/2.0 200 OK\r\nContent-Length: 4294967296\r\n\r\n", text: "the server announces a message of 4294967296 bytes, want at most 65536"},
		{name: "a body of no length", says: "SIP/2.0 200 OK\r\nContent-Length: -\r\n\r\n", text: "the server announces a message of -1 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := try(t, `{sip: {protocol: tcp, address: "`+raw(t, saying(test.says))+`"}}`)
			require.Equal(t, ReasonProtocol, r.Reason, r.Text)
			require.Contains(t, r.Text, test.text)
		})
	}
}

func TestSIPOverTLS(t *testing.T) {
	address, ca := encrypted(t, time.Now().Add(time.Hour), func(c net.Conn) {
		sipTalking(c, func(q string) []string { return []string{sipAnswering(q, "200 OK", "Content-Length: 0")} })
	})
	r := try(t, `{sip: {address: "`+address+`", protocol: tls, tls: {ca_file: `+ca+`}}}`)
	require.Equal(t, Success, r.Outcome, r.Text)
	require.False(t, r.CertificateExpiry.IsZero())
	require.Positive(t, r.Phases[TLS])
	require.Equal(t, ReasonTLS, try(t, `{sip: {address: "`+address+`", protocol: tls}}`).Reason)
}

func TestRealKamailio(t *testing.T) {
	address := servers.Kamailio(t, `
request_route {
	if (is_method("OPTIONS") && $rU == "alice") { sl_send_reply("200", "Here"); exit; }
	if (is_method("OPTIONS") && $rU == $null) { sl_send_reply("200", "OK"); exit; }
	sl_send_reply("404", "Nobody");
}
`)
	for _, protocol := range []string{"udp", "tcp"} {
		ask := func(more string) Result {
			return try(t, `{sip: {address: "`+address+`", protocol: `+protocol+more+`}}`)
		}
		require.Equal(t, Success, ask("").Outcome, ask("").Text)
		require.Equal(t, Success, ask(", to: alice@example.org").Outcome)
		require.Equal(t, `the server answers "404 Nobody", want 200`, ask(", to: carol@example.org").Text)
		require.Equal(t, Success, ask(", to: carol@example.org, status: 404").Outcome)
	}
}
