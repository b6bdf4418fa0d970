package probe

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// mailServer is what stays the same from attempt to attempt.
type mailServer struct {
	*dialogue
	spec *catalog.SMTPProbe
}

// newSMTP builds the kind smtp (RFC 5321), which sends no mail.
func newSMTP(s site) (Func, error) {
	spec := s.probe.SMTP
	m := &mailServer{dialogue: newDialogue(s, "smtp", spec.Address, spec.TLS), spec: spec}
	m.plainFirst = spec.StartTLS
	return func(ctx context.Context) Result { return m.run(ctx, m.talk) }, nil
}

func (m *mailServer) talk(ctx context.Context, l *line) error {
	l.blocks = blocksMail
	if err := m.greet(ctx, l); err != nil {
		return err
	}
	if m.spec.Sender != "" {
		if _, err := l.ask("the sender", "MAIL FROM:<"+m.spec.Sender+">", "250", ReasonStatus); err != nil {
			return err
		}
	}
	if m.spec.Recipient != "" {
		if _, err := l.ask("the recipient", "RCPT TO:<"+m.spec.Recipient+">", "250", ReasonStatus); err != nil {
			return err
		}
	}
	_, err := l.ask("saying goodbye", "QUIT", "221", ReasonStatus)
	return err
}

// greet introduces us, over TLS where that is asked for, and logs in.
func (m *mailServer) greet(ctx context.Context, l *line) error {
	hello := "EHLO " + m.spec.Hello
	var offers []string
	var err error
	if m.spec.StartTLS {
		err = l.upgrade(ctx, "smtp")
	} else {
		_, err = l.ask("greeting", "", "220", ReasonStatus)
	}
	if err == nil {
		offers, err = l.ask("EHLO", hello, "250", ReasonStatus)
	}
	if err != nil || m.spec.User == "" {
		return err
	}
	return m.login(l, offers)
}

// login uses PLAIN (RFC 4616), or LOGIN where the server knows nothing better.
func (m *mailServer) login(l *line, offers []string) error {
	password, err := m.password(m.spec.Password)
	if err != nil {
		return err
	}
	encode := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	plain := encode("\x00" + m.spec.User + "\x00" + password)
	m.secrets.conceal("login", plain)
	steps := []struct{ text, want string }{{"AUTH PLAIN " + plain, "235"}}
	if known := offered(offers, "AUTH"); !strings.Contains(known, "PLAIN") && strings.Contains(known, "LOGIN") {
		steps = []struct{ text, want string }{{"AUTH LOGIN", "334"}, {encode(m.spec.User), "334"}, {encode(password), "235"}}
	}
	for _, step := range steps {
		if _, err := l.ask("logging in", step.text, step.want, ReasonStatus); err != nil {
			return err
		}
	}
	return nil
}

// offered is what follows a keyword in a server's answer to EHLO.
func offered(lines []string, keyword string) string {
	for _, line := range lines {
		if rest, is := strings.CutPrefix(strings.ToUpper(line), keyword); is {
			return rest
		}
	}
	return ""
}

// blocksMail says that a reply refuses whoever asks from our address: for what
// a list says of it, or because it asks too often. By its code alone that
// cannot be told from a server that is overloaded or shut down; what is said of
// a policy (RFC 3463, X.7.0, X.7.1) may be about the recipient as well.
func blocksMail(code, text string) bool {
	if code[0] != '4' && code[0] != '5' {
		return false
	}
	text = strings.ToLower(text)
	for _, word := range []string{
		"blocked", "blocklist", "block list", "blacklist", "black list", "denylist", "dnsbl", " rbl", "spamhaus", "spamcop", "barracuda", "reputation",
		"rate limit", "ratelimit", "too many connections", "too many concurrent", "connection rate", "too many mails", "too much mail", "throttl", "greylist", "graylist",
	} {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

func smtpHost(p *catalog.Probe) string { return p.SMTP.Address }
