package notify_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// relay is a mail server that means no good: what it says to each command, and
// what it does in place of an answer.
type relay struct {
	greeting string
	answers  map[string]string // by command; "." is the end of the mail
	hangUp   string            // the command at which it does
	secure   *tls.Config
}

func (m relay) serve(conn net.Conn) {
	if _, err := io.WriteString(conn, m.greeting); err != nil {
		return
	}
	lines, inMail := bufio.NewScanner(conn), false
	for lines.Scan() {
		command, _, _ := strings.Cut(strings.ToUpper(lines.Text()), " ")
		command, _, _ = strings.Cut(command, ":")
		if inMail && command != "." {
			continue
		}
		if command == m.hangUp {
			return
		}
		answer, known := m.answers[command]
		if !known {
			answer = map[string]string{"EHLO": "250-mail.example.org\r\n250 SIZE\r\n", "DATA": "354 go on\r\n"}[command]
		}
		if answer == "" {
			answer = "250 fine\r\n"
		}
		inMail = command == "DATA" && strings.HasPrefix(answer, "3")
		if _, err := io.WriteString(conn, answer); err != nil {
			return
		}
		if command == "STARTTLS" && m.secure != nil {
			_ = tls.Server(conn, m.secure).Handshake()
			return
		}
	}
}

func TestMailServersThatMeanNoGood(t *testing.T) {
	starttls := map[string]string{"EHLO": "250-mail\r\n250 STARTTLS\r\n", "STARTTLS": "220 go\r\n"}
	stranger := newAuthority(t).server("mail.example.org", time.Now().Add(time.Hour))
	login := map[string]string{"EHLO": "250-mail\r\n250 AUTH PLAIN\r\n"}
	with := func(key, value string) map[string]string { return map[string]string{key: value} }
	said := echo + "\r\n"
	for name, c := range map[string]struct {
		relay
		settings  string
		permanent bool
		words     string
	}{
		"no banner but noise":         {relay{greeting: said}, "", false, "does not speak SMTP"},
		"too busy to greet":           {relay{greeting: "421 " + said}, "", false, "answered 421"},
		"greets nobody":               {relay{greeting: "554 " + said}, "", true, "answered 554"},
		"a line without an end":       {relay{greeting: "220 " + strings.Repeat("x", 4<<20)}, "", false, "does not speak SMTP"},
		"answers without an end":      {relay{answers: with("EHLO", strings.Repeat("250-x\r\n", 1<<20))}, "", false, "does not speak SMTP"},
		"hangs up at the start":       {relay{hangUp: "EHLO"}, "", false, "the connection broke"},
		"refuses the sender":          {relay{answers: with("MAIL", "550 "+said)}, "", true, "answered 550"},
		"greylists":                   {relay{answers: with("RCPT", "450 4.7.1 "+said)}, "", false, "answered 450"},
		"has no room now":             {relay{answers: with("RCPT", "452 "+said)}, "", false, "answered 452"},
		"knows nobody":                {relay{answers: with("RCPT", "550 5.1.1 "+said)}, "", true, "answered 550"},
		"takes no mail":               {relay{answers: with("DATA", "554 "+said)}, "", true, "answered 554"},
		"takes no mail now":           {relay{answers: with(".", "451 "+said)}, "", false, "answered 451"},
		"calls it spam":               {relay{answers: with(".", "554 "+said)}, "", true, "answered 554"},
		"hangs up at the data":        {relay{hangUp: "DATA"}, "", false, "the connection broke"},
		"hangs up after the mail":     {relay{hangUp: "."}, "", false, "the connection broke; the message may have arrived"},
		"noise after the mail":        {relay{answers: with(".", said)}, "", false, "; the message may have arrived"},
		"no STARTTLS":                 {relay{}, ", tls: starttls", false, "does not offer STARTTLS"},
		"takes STARTTLS back":         {relay{answers: map[string]string{"EHLO": starttls["EHLO"], "STARTTLS": "454 " + said}}, ", tls: starttls", false, "answered 454"},
		"STARTTLS in the clear":       {relay{answers: starttls}, ", tls: starttls", false, "does not speak TLS"},
		"a stranger's certificate":    {relay{answers: starttls, secure: stranger}, ", tls: starttls", false, "certificate"},
		"TLS from the start in clear": {relay{}, ", tls: tls", false, "does not speak TLS"},
		"refuses the login":           {relay{answers: map[string]string{"EHLO": login["EHLO"], "AUTH": "535 " + said}}, ", username: tocsin, password_file: secret", true, "answered 535, before it took a message: is the login right?"},
		"cannot check the login":      {relay{answers: map[string]string{"EHLO": login["EHLO"], "AUTH": "454 " + said}}, ", username: tocsin, password_file: secret", false, "answered 454"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.greeting == "" {
				c.greeting = "220 mail.example.org\r\n"
			}
			server := listen(t, c.serve)
			p := &relayed{at: server.Addr().String(), settings: c.settings}
			_, err := channels(t, p)[incident.WayEmail].Send(t.Context(), message(kind(t, incident.WayEmail)))
			refusal := harmless(t, err)
			require.Contains(t, refusal.Error(), c.words)
			require.Equal(t, c.permanent, refusal.Permanent)
			require.Equal(t, strings.Contains(c.words, "arrived"), strings.Contains(refusal.Error(), "arrived"))
		})
	}
}

// TestAMailServerThatTrickles ends with the send's context.
func TestAMailServerThatTrickles(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	server := listen(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, "220 ")
		cancel()
		_, _ = io.Copy(io.Discard, conn)
	})
	_, err := channels(t, &relayed{at: server.Addr().String()})[incident.WayEmail].Send(ctx, message(kind(t, incident.WayEmail)))
	require.False(t, harmless(t, err).Permanent)
	require.True(t, errors.Is(err, context.Canceled))
}

// relayed is the catalogue of a relay.
type relayed struct {
	provider
	at, settings string
}

func (r *relayed) catalogue() string {
	return "smtp: {host: '" + r.at + "', from: tocsin@example.org" + r.settings + "}"
}
