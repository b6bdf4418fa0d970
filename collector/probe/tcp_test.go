package probe

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// scripted is a server that plays a script and then listens only.
func scripted(script ...string) func(net.Conn) {
	return func(c net.Conn) {
		if play(c, script) {
			mute(c)
		}
	}
}

// play says each line of a script when it has heard the one before; < stands
// before what it hears and > before what it says. It is false when something
// else was heard.
func play(c net.Conn, script []string) bool {
	for _, line := range script {
		if says, is := strings.CutPrefix(line, ">"); is {
			_, _ = io.WriteString(c, says)
			continue
		}
		heard := make([]byte, len(line)-1)
		if _, err := io.ReadFull(c, heard); err != nil || string(heard) != line[1:] {
			_, _ = fmt.Fprintf(c, "heard %q, want %q\r\n", heard, line[1:])
			return false
		}
	}
	return true
}

func TestTCPDialogue(t *testing.T) {
	secret := secretFile(t, "hunter-two")
	for _, test := range []struct {
		name, steps, text string
		server            func(net.Conn)
		reason            Reason
	}{
		{name: "a banner", steps: `{expect: "SSH-2.0"}`, server: scripted(">SSH-2.0-OpenSSH_9.6\r\n")},
		{name: "in pieces", steps: `{expect_regexp: "^220.*ready"}`, server: func(c net.Conn) {
			for _, piece := range []string{"2", "20 mail ", "is re", "ady\r\n"} {
				_, _ = io.WriteString(c, piece)
			}
			mute(c)
		}},
		{name: "several steps", steps: `{expect: "220 "}, {send: "NOOP\r\n", expect_regexp: "(?m)^250"}, {send: {file: ` + secret + `}, expect: OK}`, server: scripted(">220 hello\r\n", "<NOOP\r\n", ">250 done\r\n", "<hunter-two", ">OK")},
		{name: "bytes", steps: `{send_hex: "ff 00", expect_hex: 00 ff}`, server: scripted("<\xff\x00", ">x\x00\xffy")},
		{name: "what was met is not looked at again", steps: `{expect: a}, {expect: a}`, server: scripted(">a"), reason: ReasonTimeout, text: "while waiting for the answer of"},
		{name: "two in one piece", steps: `{expect: a}, {expect: b}`, server: scripted(">ab")},
		{name: "another banner", steps: `{expect: "220 "}`, server: scripted(">554 go away\r\n"), reason: ReasonBody, text: `got "554 go away" and nothing more, want "220 "`},
		{name: "ends", steps: `{expect: "220 "}, {send: a, expect: "250 "}`, server: func(c net.Conn) {
			_, _ = io.WriteString(c, "220 hi\r\n")
			_, _ = c.Read(make([]byte, 10))
			_, _ = io.WriteString(c, "hunter?")
		}, reason: ReasonBody, text: `step 2: got "hi hunter?" and nothing more, want "250 "`},
		{name: "a secret comes back", steps: `{send: {file: ` + secret + `}, expect: OK}`, server: scripted("<hunter-two", ">no hunter-two\r\n"), reason: ReasonBody, text: `got "no ***" and nothing more, want "OK"`},
		{name: "endless", steps: `{expect: "220 "}`, server: func(c net.Conn) {
			for {
				if _, err := io.WriteString(c, strings.Repeat("x", 1000)); err != nil {
					return
				}
			}
		}, reason: ReasonBody, text: "bytes, which begin with"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := try(t, `{tcp: {address: "`+raw(t, test.server)+`", dialogue: [`+test.steps+`]}}`, 500*time.Millisecond)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Contains(t, r.Text, test.text)
			require.NotContains(t, r.Text, "hunter-two")
		})
	}
}

func TestTCPDialogueOnHostileServers(t *testing.T) {
	spec := `{tcp: {address: "ADDRESS", dialogue: [{send: hello, expect: hello}]}}`
	address := raw(t, mute)
	r := try(t, strings.ReplaceAll(spec, "ADDRESS", address), 200*time.Millisecond)
	require.Equal(t, ReasonTimeout, r.Reason)
	require.Contains(t, r.Text, "while waiting for the answer of "+address)
	r = try(t, strings.ReplaceAll(spec, "ADDRESS", raw(t, func(net.Conn) {})))
	require.Equal(t, ReasonProtocol, r.Reason, r.Text)
	r = try(t, strings.ReplaceAll(spec, "ADDRESS", refusing(t)))
	require.Equal(t, ReasonConnect, r.Reason, r.Text)
}

func TestUDP(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		buffer := make([]byte, 100)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			if string(buffer[:n]) == "ping" {
				_, _ = conn.WriteTo([]byte("pong"), from)
			}
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-ended })
	address := conn.LocalAddr().String()
	r := try(t, `{udp: {address: "`+address+`", dialogue: [{send: ping, expect: pong}, {send_hex: 70 69 6e 67, expect: pong}]}}`)
	require.Equal(t, Success, r.Outcome, r.Text)
	r = try(t, `{udp: {address: "`+address+`", dialogue: [{send: pong, expect: pong}]}}`, 200*time.Millisecond)
	require.Equal(t, ReasonTimeout, r.Reason, r.Text)
	r = try(t, `{udp: {address: "`+address+`", dialogue: [{send: ping, expect: pang}]}}`, 200*time.Millisecond)
	require.Equal(t, `got "pong" and nothing more, want "pang"`, r.Text)
	closed := refusing(t)
	r = try(t, `{udp: {address: "`+closed+`", dialogue: [{send: ping, expect: pong}]}}`)
	require.Equal(t, ReasonConnect, r.Reason)
	require.Equal(t, "connecting to "+closed+": connection refused", r.Text)
}

// Each protocol changes over to TLS, or says why it does not.
func TestStartTLS(t *testing.T) {
	end := time.Now().Add(24 * time.Hour).Truncate(time.Second)
	cert, ca := certificate(t, end)
	const stream = "<?xml version='1.0'?><stream:stream to='127.0.0.1' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
	ldap := "0\x1d\x02\x01\x01w\x18\x80\x161.3.6.1.4.1.1466.20037"
	for _, test := range []struct {
		protocol string
		good     []string
		bad      []string
		text     string
	}{
		{"smtp", []string{">220-mail\r\n220 mail\r\n", "<EHLO tocsin.invalid\r\n", ">250-mail\r\n250 STARTTLS\r\n", "<STARTTLS\r\n", ">220 go\r\n"}, []string{">220 mail\r\n", "<EHLO tocsin.invalid\r\n", ">250 mail\r\n", "<STARTTLS\r\n", ">502 what\r\n"}, `changing over to TLS: the server says "502 what", want 220`},
		{"imap", []string{">* OK ready\r\n", "<t1 STARTTLS\r\n", ">* CAPABILITY IMAP4rev1\r\nt1 OK go\r\n"}, []string{">* OK ready\r\n", "<t1 STARTTLS\r\n", ">t1 BAD what\r\n"}, `changing over to TLS: the server says "t1 BAD what"`},
		{"pop3", []string{">+OK ready\r\n", "<STLS\r\n", ">+OK go\r\n"}, []string{">+OK ready\r\n", "<STLS\r\n", ">-ERR what\r\n"}, `changing over to TLS: the server says "-ERR what"`},
		{"ftp", []string{">220-hello\r\n there\r\n220 ready\r\n", "<AUTH TLS\r\n", ">234 go\r\n"}, []string{">220 ready\r\n", "<AUTH TLS\r\n", ">530 what\r\n"}, `changing over to TLS: the server says "530 what", want 234`},
		{"ldap", []string{"<" + ldap, ">0\x84\x00\x00\x00\x0c\x02\x01\x01x\x07\x0a\x01\x00\x04\x00\x04\x00"}, []string{"<" + ldap, ">0\x0c\x02\x01\x01x\x07\x0a\x01\x34\x04\x00\x04\x00"}, "changing over to TLS: the server refuses it with result code 52"},
		{"postgres", []string{"<\x00\x00\x00\x08\x04\xd2\x16\x2f", ">S"}, []string{"<\x00\x00\x00\x08\x04\xd2\x16\x2f", ">N"}, "changing over to TLS: the server has no TLS"},
		{"xmpp", []string{"<" + stream, "><stream:stream><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>", "<<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "><proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"}, []string{"<" + stream, "><stream:stream><stream:features></stream:features>"}, "changing over to TLS: the server does not offer it"},
	} {
		t.Run(test.protocol, func(t *testing.T) {
			good := raw(t, func(c net.Conn) {
				if !play(c, test.good) {
					return
				}
				secure := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}})
				if secure.HandshakeContext(t.Context()) == nil {
					_, _ = io.WriteString(secure, "inside")
					mute(secure)
				}
			})
			bad := raw(t, scripted(test.bad...))
			for kind, spec := range map[string]string{
				"tcp": `{tcp: {address: "ADDRESS", starttls: ` + test.protocol + `, tls: {ca_file: ` + ca + `}, dialogue: [{expect: inside}]}}`,
				"tls": `{tls: {address: "ADDRESS", starttls: ` + test.protocol + `, ca_file: ` + ca + `}}`,
			} {
				r := try(t, strings.ReplaceAll(spec, "ADDRESS", good))
				require.Equal(t, Success, r.Outcome, "%s: %s", kind, r.Text)
				require.True(t, end.Equal(r.CertificateExpiry))
				r = try(t, strings.ReplaceAll(spec, "ADDRESS", bad))
				require.Equal(t, ReasonTLS, r.Reason, r.Text)
				require.Equal(t, test.text, r.Text)
			}
			spec := `{tls: {address: "ADDRESS", starttls: ` + test.protocol + `}}`
			for _, garbage := range []string{"HTTP/1.1 400 Bad Request\r\n\r\n", strings.Repeat("\xff", 5000), "\x30\x84\xff\xff\xff\xff"} {
				r := try(t, strings.ReplaceAll(spec, "ADDRESS", raw(t, func(c net.Conn) { _, _ = io.WriteString(c, garbage) })))
				require.NotEqual(t, Success, r.Outcome)
			}
			r := try(t, strings.ReplaceAll(spec, "ADDRESS", raw(t, mute)), 200*time.Millisecond)
			require.Equal(t, ReasonTimeout, r.Reason, r.Text)
		})
	}
}

func TestTheServerSpeaksAtLeastAVersion(t *testing.T) {
	cert, ca := certificate(t, time.Now().Add(time.Hour))
	address := raw(t, func(c net.Conn) {
		secure := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}, MaxVersion: tls.VersionTLS12})
		_ = secure.HandshakeContext(t.Context())
	})
	r := try(t, `{tls: {address: "`+address+`", ca_file: `+ca+`}}`)
	require.Equal(t, Success, r.Outcome, r.Text)
	r = try(t, `{tls: {address: "`+address+`", ca_file: `+ca+`, min_version: 1.3}}`)
	require.Equal(t, ReasonTLS, r.Reason, r.Text)
	require.Contains(t, r.Text, "protocol version")
}
