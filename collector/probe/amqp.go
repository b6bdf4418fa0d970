package probe

import (
	"context"
	"errors"
	"net"
	"strconv"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// amqpFrame bounds a frame of AMQP; what counts fits into the least that the
// protocol allows.
const amqpFrame = 128 << 10

// amqpServer is what stays the same from attempt to attempt.
type amqpServer struct {
	*dialogue
	spec *catalog.AMQPProbe
}

// newAMQP builds the kind amqp: a login, a channel, and a queue's counts.
func newAMQP(s site) (Func, error) {
	spec := s.probe.AMQP
	a := &amqpServer{dialogue: newDialogue(s, "amqp", spec.Address, spec.TLS), spec: spec}
	return func(ctx context.Context) Result { return a.run(ctx, a.talk) }, nil
}

func (a *amqpServer) talk(_ context.Context, l *line) error {
	password, err := a.password(a.spec.Password)
	if err != nil {
		return err
	}
	a.secrets.conceal("login", "\x00"+a.spec.User+"\x00"+password) // as the login is sent
	conn, err := amqp.Open(l.conn, amqp.Config{
		SASL:      []amqp.Authentication{&amqp.PlainAuth{Username: a.spec.User, Password: password}},
		Vhost:     a.spec.VirtualHost,
		FrameSize: amqpFrame,
		Locale:    "en_US",
		Properties: amqp.Table{
			"connection_name": ourName, "product": ourName,
		},
	})
	if err != nil {
		return a.refusal(l, "logging in", err)
	}
	// Closing says goodbye to the broker, and ends the library's goroutines.
	defer func() { _ = conn.Close() }()
	channel, err := conn.Channel()
	if err != nil {
		return a.refusal(l, "opening a channel", err)
	}
	return a.queue(l, channel)
}

// queue looks at the queue without making it.
func (a *amqpServer) queue(l *line, channel *amqp.Channel) error {
	if a.spec.Queue == "" {
		return nil
	}
	what := "queue " + quote(a.spec.Queue)
	queue, err := channel.QueueDeclarePassive(a.spec.Queue, false, false, false, false, nil)
	if err != nil {
		return a.refusal(l, what, err)
	}
	if err := l.judge(what+": messages", strconv.Itoa(queue.Messages), a.spec.Value); err != nil {
		return err
	}
	if want := a.spec.Consumers; !want.IsZero() && !want.HoldsNumber(float64(queue.Consumers)) {
		return misfitf(ReasonBody, "%s: consumers: got %d, want %s", what, queue.Consumers, want)
	}
	return nil
}

// refusal is the broker's own word, where it gave one, or what the connection
// itself met.
func (a *amqpServer) refusal(l *line, what string, err error) error {
	said, ok := errors.AsType[*amqp.Error](err)
	cause := l.cause(nil)
	switch {
	case ok && said.Server:
		return a.said(what, strconv.Itoa(said.Code)+" "+said.Reason)
	case errors.Is(cause, net.ErrClosed): // by us, at the end of the attempt
		return cause
	case errors.Is(err, amqp.ErrCredentials):
		return misfitf(ReasonStatus, "%s: the server closed the connection, as it does when the user or the password is wrong", what)
	case errors.Is(err, amqp.ErrVhost):
		return misfitf(ReasonStatus, "%s: no access to the virtual host %s", what, quote(a.spec.VirtualHost))
	case ok && cause == nil:
		return misfitf(ReasonProtocol, "%s: the server does not speak AMQP 0-9-1: %s", what, quote(a.secrets.redact(said.Reason)))
	}
	return l.cause(err)
}

func amqpHost(p *catalog.Probe) string { return p.AMQP.Address }
