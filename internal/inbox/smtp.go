package inbox

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/go-kit/log/level"
	"github.com/jhillyerd/enmime/v2"
)

// newSMTP is the side that catches. It offers neither TLS nor authentication:
// it stands on loopback and delivers nothing.
func (i *Inbox) newSMTP() *smtp.Server {
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &session{inbox: i}, nil
	}))
	server.Domain = "inbox.tocsin.localhost"
	server.MaxMessageBytes = maxMessageBytes
	server.MaxRecipients = maxRecipients
	server.ReadTimeout = time.Minute
	server.WriteTimeout = time.Minute
	server.EnableSMTPUTF8 = true
	server.ErrorLog = smtpLog{i}
	return server
}

// session takes one message after the other from one client.
type session struct {
	inbox *Inbox
	from  string
	to    []string
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m := parse(raw)
	m.Received, m.From, m.To = s.inbox.now().UTC(), s.from, slices.Clone(s.to)
	s.inbox.store.add(m)
	level.Info(s.inbox.logger).Log("msg", "mail caught", "to", strings.Join(m.To, ","), "subject", m.Subject)
	return nil
}

func (s *session) Reset() { s.from, s.to = "", nil }

func (s *session) Logout() error { return nil }

// parse never refuses: a message that cannot be understood is shown as it came.
func parse(raw []byte) *Message {
	envelope, err := enmime.ReadEnvelope(bytes.NewReader(raw))
	if err != nil {
		return &Message{Subject: "(not understood)", Text: string(raw), Raw: string(raw)}
	}
	subject := envelope.GetHeader("Subject")
	if subject == "" {
		subject = "(no subject)"
	}
	return &Message{Subject: subject, Text: envelope.Text, HTML: envelope.HTML, Raw: string(raw)}
}

// smtpLog is the library's logger.
type smtpLog struct{ inbox *Inbox }

func (l smtpLog) Printf(format string, v ...any) {
	level.Warn(l.inbox.logger).Log("msg", "mail not taken", "err", strings.TrimSpace(fmt.Sprintf(format, v...)))
}

func (l smtpLog) Println(v ...any) {
	level.Warn(l.inbox.logger).Log("msg", "mail not taken", "err", strings.TrimSpace(fmt.Sprintln(v...)))
}
