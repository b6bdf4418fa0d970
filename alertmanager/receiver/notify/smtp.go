package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/mail"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

//go:embed mail.html
var mailPage string

// smtp sends mail through one relay, a connection per message. The mails of an
// incident refer to one message id that is never sent, so that each reader
// sees one thread, whichever of them came first.
type smtp struct {
	host, port         string
	from               *mail.Address
	username, password string
	encryption         string // starttls, tls or none
	page               *template.Template
}

func newSMTP(s Settings) (Channel, error) {
	spec := s.Catalog.Delivery.SMTP
	if spec == nil {
		return nil, nil
	}
	host, port, err := net.SplitHostPort(spec.Host)
	if err != nil {
		return nil, fmt.Errorf("delivery.smtp.host: want host:port, got %q", spec.Host)
	}
	from, err := mail.ParseAddress(spec.From)
	if err != nil {
		return nil, fmt.Errorf("delivery.smtp.from: want an address, got %q", spec.From)
	}
	c := &smtp{host: host, port: port, from: from, username: spec.Username, encryption: spec.TLS}
	if c.encryption == "" {
		c.encryption = defaultEncryption(host)
	}
	if spec.PasswordFile != "" {
		text, err := os.ReadFile(spec.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("delivery.smtp.password_file: %w", err)
		}
		c.password = strings.TrimSpace(string(text))
	}
	if c.page, err = template.New("mail").Parse(mailPage); err != nil {
		return nil, fmt.Errorf("parsing the mail template: %w", err)
	}
	return c, nil
}

func defaultEncryption(host string) string {
	if ip := net.ParseIP(host); host == "localhost" || (ip != nil && ip.IsLoopback()) {
		return "none"
	}
	return "starttls"
}

// Send makes the mail and hands it to the relay.
func (c *smtp) Send(ctx context.Context, m Message) (Receipt, error) {
	mail, err := c.compose(m)
	if err != nil {
		return Receipt{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	client, err := c.client(ctx)
	if err != nil {
		return Receipt{}, &Error{Err: err, Permanent: true}
	}
	if err := client.DialAndSendWithContext(ctx, mail); err != nil && !mail.IsDelivered() {
		return Receipt{}, smtpError(ctx, err)
	}
	return Receipt{Thread: strings.Trim(mail.GetMessageID(), "<>")}, nil
}

func (c *smtp) client(ctx context.Context) (*gomail.Client, error) {
	port, err := strconv.Atoi(c.port)
	if err != nil {
		return nil, fmt.Errorf("delivery.smtp.host: the port %q is no number", c.port)
	}
	config := &tls.Config{ServerName: c.host, MinVersion: tls.VersionTLS12}
	options := []gomail.Option{
		gomail.WithPort(port), gomail.WithTimeout(sendTimeout), gomail.WithTLSConfig(config),
		gomail.WithTLSPolicy(gomail.NoTLS), gomail.WithoutNoop(), gomail.WithoutRset(),
		gomail.WithDialContextFunc(c.dialer(ctx, config)),
	}
	if c.encryption == "starttls" {
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if c.username != "" {
		options = append(options, gomail.WithUsername(c.username), gomail.WithPassword(c.password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	return gomail.NewClient(c.host, options...)
}

// mostSaid bounds what a mail server may say in all, TLS and its certificates
// included: the library reads lines of any length.
const mostSaid = 256 << 10

// brief is a connection that ends when the other side has said too much.
type brief struct {
	net.Conn
	left int
}

// Read reads no more than is left.
func (b *brief) Read(into []byte) (int, error) {
	if b.left <= 0 {
		return 0, errors.New("the other side says too much")
	}
	n, err := b.Conn.Read(into[:min(len(into), b.left)])
	b.left -= n
	return n, err
}

// dialer connects, and closes the connection when the whole sending's context
// ends: the library itself looks at a context only while it connects.
func (c *smtp) dialer(sending context.Context, config *tls.Config) gomail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		raw, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(sending, func() { _ = raw.Close() })
		connection := &brief{raw, mostSaid}
		if c.encryption != "tls" {
			return connection, nil
		}
		secure := tls.Client(connection, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = connection.Close()
			return nil, err
		}
		return secure, nil
	}
}

func (c *smtp) compose(m Message) (*gomail.Msg, error) {
	text := Compose(m)
	mail := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	mail.FromMailAddress(c.from)
	if strings.ContainsAny(m.To.Address, "\r\n") || mail.AddToFormat(OneLine(m.To.Name, 100), m.To.Address) != nil {
		return nil, permanent("the person's e-mail address is not one")
	}
	mail.Subject(text.Subject)
	mail.SetDateWithValue(time.Now())
	mail.SetMessageIDWithValue(fmt.Sprintf("tocsin-%d-%s@%s", m.Incident.ID, idPart(m.ID), c.domain()))
	root := fmt.Sprintf("<tocsin-%d-%d@%s>", m.Incident.ID, m.Incident.Opened.Unix(), c.domain())
	mail.SetGenHeaderPreformatted(gomail.HeaderReferences, root)
	mail.SetGenHeaderPreformatted(gomail.HeaderInReplyTo, root)
	mail.SetGenHeaderPreformatted("Auto-Submitted", "auto-generated")
	mail.SetGenHeaderPreformatted("X-Tocsin-Incident", strconv.FormatInt(int64(m.Incident.ID), 10))
	mail.SetGenHeaderPreformatted("X-Tocsin-Kind", string(m.Kind))
	if m.Urgent {
		mail.SetImportance(gomail.ImportanceUrgent)
	}
	mail.SetBodyString(gomail.TypeTextPlain, plainMail(text))
	page := bytes.Buffer{}
	if err := c.page.Execute(&page, mailView{Text: text, Colour: colour(text.State), Resolved: m.Kind == incident.MessageResolved}); err != nil {
		return nil, fmt.Errorf("writing the mail: %w", err)
	}
	mail.AddAlternativeString(gomail.TypeTextHTML, page.String())
	return mail, nil
}

func (c *smtp) domain() string {
	_, domain, _ := strings.Cut(c.from.Address, "@")
	return domain
}

// idPart keeps what may stand in a message id.
func idPart(id string) string {
	return strings.Map(func(r rune) rune {
		if r < 128 && (r == '-' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') {
			return r
		}
		return '-'
	}, id)
}

type mailView struct {
	Text
	Colour   string
	Resolved bool
}

// colour has at least 4.5:1 with white.
func colour(state string) string {
	switch state {
	case "CRITICAL":
		return "#b3261e"
	case "WARNING":
		return "#8a5300"
	case "RESOLVED":
		return "#0b6b57"
	}
	return "#3c4a5a"
}

func plainMail(t Text) string {
	b := strings.Builder{}
	fmt.Fprintf(&b, "%s – %s\n\n", t.State, t.Lead)
	for _, r := range t.Rows {
		fmt.Fprintf(&b, "%s: %s\n", r.Name, strings.ReplaceAll(r.Value, "\n", "\n  "))
	}
	if len(t.Alerts) > 0 {
		b.WriteString("\nFiring now:\n")
		for _, line := range t.Alerts {
			fmt.Fprintf(&b, "- %s\n", line)
		}
	}
	b.WriteString("\n")
	for _, l := range t.Links {
		fmt.Fprintf(&b, "%s: %s\n", l.Name, l.URL)
	}
	return b.String()
}

// smtpError says what happened without the library's text, which names the
// recipient and repeats the server.
func smtpError(ctx context.Context, err error) *Error {
	if ctx.Err() != nil {
		return unanswered(context.Cause(ctx), false, "")
	}
	if sending, ok := errors.AsType[*gomail.SendError](err); ok && sending.ErrorCode() != 0 {
		return smtpAnswer(sending.ErrorCode(), "")
	} else if ok {
		late := sending.Reason == gomail.ErrSMTPDataClose
		return unanswered(err, late, "the connection to the mail server broke")
	}
	if said, ok := errors.AsType[*textproto.Error](err); ok {
		return smtpAnswer(said.Code, ", before it took a message: is the login right?")
	}
	if strings.Contains(err.Error(), "does not support STARTTLS") {
		return temporary("the mail server does not offer STARTTLS, and nothing goes out in the clear")
	}
	return unanswered(err, false, "the mail server does not speak SMTP, or not as it should")
}

func smtpAnswer(code int, more string) *Error {
	return &Error{Err: fmt.Errorf("the mail server answered %d%s", code, more), Permanent: code >= 500}
}
