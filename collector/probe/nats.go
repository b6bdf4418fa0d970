package probe

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// maxNATS bounds a line or a message of a server. The protocol is described in
// https://docs.nats.io/reference/reference-protocols/nats-protocol.
const maxNATS = 1 << 20

// natsServer is what stays the same from attempt to attempt.
type natsServer struct {
	*dialogue
	spec *catalog.NATSProbe
}

// newNATS builds the kind nats: a login and a ping, and a stream's counts.
func newNATS(s site) (Func, error) {
	spec := s.probe.NATS
	n := &natsServer{dialogue: newDialogue(s, "nats", spec.Address, spec.TLS), spec: spec}
	n.plainFirst = true
	return func(ctx context.Context) Result { return n.run(ctx, n.talk) }, nil
}

func (n *natsServer) talk(ctx context.Context, l *line) error {
	if err := n.greeting(ctx, l); err != nil {
		return err
	}
	hello, err := n.hello(l.tls != nil)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(l.conn, "CONNECT %s\r\nPING\r\n", hello); err != nil {
		return err
	}
	if _, err := n.next(l, "PONG"); err != nil {
		return err
	}
	if n.spec.Stream == "" {
		return nil
	}
	return n.stream(l)
}

// greeting reads what the server says first, and changes over to TLS.
func (n *natsServer) greeting(ctx context.Context, l *line) error {
	first, err := n.next(l, "INFO")
	if err != nil {
		return err
	}
	var info struct {
		Required  bool `json:"tls_required"`
		Available bool `json:"tls_available"`
	}
	if err := json.Unmarshal([]byte(first), &info); err != nil {
		return misfitf(ReasonProtocol, "the server introduces itself with what is no JSON: %s", quote(first))
	}
	switch {
	case l.tls == nil && info.Required:
		return misfitf(ReasonTLS, "the server wants TLS (want tls: {} in the probe)")
	case l.tls == nil:
		return nil
	case !info.Required && !info.Available:
		return misfitf(ReasonTLS, "the server offers no TLS")
	}
	if err := l.secure(ctx); err != nil {
		return err
	}
	l.trace.enter(FirstByte)
	return nil
}

// hello is how we introduce ourselves.
func (n *natsServer) hello(secure bool) ([]byte, error) {
	password, err := n.password(n.spec.Password)
	if err != nil {
		return nil, err
	}
	token, err := n.password(n.spec.Token)
	if err != nil {
		return nil, err
	}
	return json.Marshal(struct {
		Verbose      bool   `json:"verbose"`
		Pedantic     bool   `json:"pedantic"`
		TLS          bool   `json:"tls_required"`
		User         string `json:"user,omitempty"`
		Password     string `json:"pass,omitempty"`
		Token        string `json:"auth_token,omitempty"`
		Name         string `json:"name"`
		Lang         string `json:"lang"`
		Version      string `json:"version"`
		Headers      bool   `json:"headers"`
		NoResponders bool   `json:"no_responders"`
	}{
		TLS: secure, User: n.spec.User, Password: password, Token: token, Name: ourName, Lang: "go", Version: "1.0.0",
		Headers: true, NoResponders: true,
	})
}

// next reads lines until one is the operation that is wanted, and returns what
// stands after it. Pings are answered; an error is the server's own word.
func (n *natsServer) next(l *line, wanted string) (string, error) {
	for {
		text, err := l.readLine(maxNATS)
		if err != nil {
			return "", err
		}
		operation, rest, _ := strings.Cut(text, " ")
		switch operation = strings.ToUpper(operation); operation {
		case wanted:
			return rest, nil
		case "-ERR":
			return "", n.said("logging in", strings.Trim(rest, "'"))
		case "PING":
			if _, err := l.conn.Write([]byte("PONG\r\n")); err != nil {
				return "", err
			}
		case "INFO", "+OK", "PONG":
		case "HMSG":
			if wanted == "MSG" {
				return "", misfitf(ReasonStatus, "the server answers nothing about streams (JetStream is off for this account)")
			}
		default:
			return "", misfitf(ReasonProtocol, "the server does not speak the protocol of NATS: it says %s", quote(n.secrets.redact(text)))
		}
	}
}

// stream asks JetStream for the counts of a stream or of its consumer.
func (n *natsServer) stream(l *line) error {
	inbox, what := "_INBOX."+rand.Text(), "stream "+quote(n.spec.Stream)
	subject := "$JS.API.STREAM.INFO." + n.spec.Stream
	if n.spec.Consumer != "" {
		what += ", consumer " + quote(n.spec.Consumer)
		subject = "$JS.API.CONSUMER.INFO." + n.spec.Stream + "." + n.spec.Consumer
	}
	if _, err := fmt.Fprintf(l.conn, "SUB %s 1\r\nPUB %s %s 0\r\n\r\n", inbox, subject, inbox); err != nil {
		return err
	}
	head, err := n.next(l, "MSG")
	if err != nil {
		return err
	}
	fields := strings.Fields(head)
	size := -1
	if len(fields) > 0 {
		size, err = strconv.Atoi(fields[len(fields)-1])
	}
	if err != nil || size < 0 {
		return misfitf(ReasonProtocol, "the server announces a message with %s", quote(head))
	}
	text, err := l.read(size, maxNATS)
	if err != nil {
		return err
	}
	return n.counts(l, what, text)
}

// counts reads JetStream's answer.
func (n *natsServer) counts(l *line, what string, text []byte) error {
	var answer struct {
		Error *struct {
			Code        int    `json:"code"`
			Description string `json:"description"`
		} `json:"error"`
		State struct {
			Messages uint64 `json:"messages"`
		} `json:"state"`
		Pending uint64 `json:"num_pending"`
	}
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&answer); err != nil {
		return misfitf(ReasonProtocol, "%s: the server answers what is no JSON", what)
	}
	if answer.Error != nil {
		return n.said(what, strconv.Itoa(answer.Error.Code)+" "+answer.Error.Description)
	}
	count := answer.State.Messages
	if n.spec.Consumer != "" {
		count = answer.Pending
	}
	return l.judge(what+": messages", strconv.FormatUint(count, 10), n.spec.Value)
}

func natsHost(p *catalog.Probe) string { return p.NATS.Address }
