package probe

import (
	"crypto/tls"
	"encoding/base64"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSMTP(t *testing.T) {
	login := "user: probe, password: {file: " + secretFile(t, "hunter-two") + "}"
	plain := base64.StdEncoding.EncodeToString([]byte("\x00probe\x00hunter-two"))
	code := base64.StdEncoding.EncodeToString
	hello := []string{">220-mail\r\n220 ready\r\n", "<EHLO tocsin.invalid\r\n", ">250-mail\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS\r\n"}
	old := []string{">220 ready\r\n", "<EHLO tocsin.invalid\r\n", ">250-mail\r\n250 AUTH LOGIN\r\n"}
	bye := []string{"<QUIT\r\n", ">221 bye\r\n"}
	for _, test := range []struct {
		name, spec, text string
		script           []string
		reason           Reason
	}{
		{name: "alive", script: append(hello[:3:3], bye...)},
		{name: "busy", script: []string{">554 busy\r\n"}, reason: ReasonStatus, text: `greeting: the server says "554 busy", want 220`},
		{name: "on a list", script: []string{">554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.example.org\r\n"}, reason: ReasonBlocked, text: `greeting: the server refuses us: "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.example.org"; the service itself was not seen`},
		{name: "too often", script: []string{">421 4.7.0 mail Error: too many connections from 192.0.2.1\r\n"}, reason: ReasonBlocked, text: `greeting: the server refuses us: "421 4.7.0`},
		{name: "shut down", script: []string{">421 4.3.2 System not accepting network messages\r\n"}, reason: ReasonStatus, text: `greeting: the server says "421 4.3.2`},
		{name: "greylisted", spec: "sender: probe@example.org, recipient: post@example.org", script: append(hello[:3:3], "<MAIL FROM:<probe@example.org>\r\n", ">250 ok\r\n", "<RCPT TO:<post@example.org>\r\n", ">450 4.2.0 Recipient address rejected: Greylisted\r\n"), reason: ReasonBlocked, text: "the recipient: the server refuses us"},
		{name: "another language", script: []string{">SSH-2.0-x\r\n"}, reason: ReasonProtocol, text: `the server does not speak the protocol: it says "SSH-2.0-x"`},
		{name: "a login", spec: login, script: append(hello[:3:3], append([]string{"<AUTH PLAIN " + plain + "\r\n", ">235 in\r\n"}, bye...)...)},
		{name: "an old login", spec: login, script: append(old[:3:3], append([]string{"<AUTH LOGIN\r\n", ">334 VXNlcm5hbWU6\r\n", "<" + code([]byte("probe")) + "\r\n", ">334 UGFzc3dvcmQ6\r\n", "<" + code([]byte("hunter-two")) + "\r\n", ">235 in\r\n"}, bye...)...)},
		{name: "a refused login", spec: login, script: append(hello[:3:3], "<AUTH PLAIN "+plain+"\r\n", ">535 no "+plain+"\r\n"), reason: ReasonStatus, text: `logging in: the server says "535 no ***", want 235`},
		{name: "a recipient", spec: "sender: probe@example.org, recipient: post@example.org", script: append(hello[:3:3], append([]string{"<MAIL FROM:<probe@example.org>\r\n", ">250 ok\r\n", "<RCPT TO:<post@example.org>\r\n", ">250 ok\r\n"}, bye...)...)},
		{name: "a refused recipient", spec: "sender: probe@example.org, recipient: post@example.org", script: append(hello[:3:3], "<MAIL FROM:<probe@example.org>\r\n", ">250 ok\r\n", "<RCPT TO:<post@example.org>\r\n", ">550 nobody\r\n"), reason: ReasonStatus, text: `the recipient: the server says "550 nobody", want 250`},
		{name: "an endless line", script: []string{">" + strings.Repeat("x", 5000)}, reason: ReasonProtocol, text: "the server sends a line of more than 4096 bytes"},
		{name: "an endless reply", script: []string{">" + strings.Repeat("220-x\r\n", 200)}, reason: ReasonProtocol, text: "the server's reply has more than 100 lines"},
		{name: "silence", script: nil, reason: ReasonTimeout, text: "while waiting for the answer of"},
	} {
		t.Run(test.name, func(t *testing.T) {
			address, ca := encrypted(t, time.Now().Add(time.Hour), scripted(test.script...))
			r := try(t, `{smtp: {address: "`+address+`", tls: {ca_file: `+ca+`}, `+test.spec+`}}`, time.Second)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Equal(t, test.reason == ReasonBlocked, r.Outcome == Blocked)
			require.Contains(t, r.Text, test.text)
			require.NotContains(t, r.Text, "hunter-two")
			require.NotContains(t, r.Text, plain)
		})
	}
}

func TestSMTPChangesOverToTLS(t *testing.T) {
	cert, ca := certificate(t, time.Now().Add(time.Hour))
	address := raw(t, func(c net.Conn) {
		if !play(c, []string{">220 mail\r\n", "<EHLO tocsin.invalid\r\n", ">250 STARTTLS\r\n", "<STARTTLS\r\n", ">220 go\r\n"}) {
			return
		}
		secure := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}})
		if secure.HandshakeContext(t.Context()) == nil && play(secure, []string{"<EHLO tocsin.invalid\r\n", ">250 mail\r\n", "<QUIT\r\n", ">221 bye\r\n"}) {
			mute(secure)
		}
	})
	r := try(t, `{smtp: {address: "`+address+`", starttls: true, tls: {ca_file: `+ca+`}}}`)
	require.Equal(t, Success, r.Outcome, r.Text)
	require.Positive(t, r.Phases[TLS])
	r = try(t, `{smtp: {address: "`+address+`", starttls: true}}`)
	require.Equal(t, ReasonTLS, r.Reason, r.Text)
	injected := raw(t, scripted(">220 mail\r\n", "<EHLO tocsin.invalid\r\n", ">250 STARTTLS\r\n", "<STARTTLS\r\n", ">220 go\r\n250 injected\r\n"))
	r = try(t, `{smtp: {address: "`+injected+`", starttls: true}}`)
	require.Equal(t, "the server sent 14 bytes in the clear after it agreed on TLS", r.Text)
}
