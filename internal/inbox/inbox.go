package inbox

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/go-kit/log"
	"github.com/oklog/run"
)

// Options says where the inbox listens. Port 0 is given out by the system.
type Options struct {
	SMTP   string // host:port that takes mail
	Web    string // host:port of the pages and the JSON API
	Logger log.Logger
}

// Inbox is the listening mail catcher.
type Inbox struct {
	smtp, web net.Listener
	store     *store
	beats     beats
	pages     *template.Template
	now       func() time.Time
	logger    log.Logger
}

// New listens on both addresses; on an error none stays open.
func New(o Options) (*Inbox, error) {
	if o.Logger == nil {
		o.Logger = log.NewNopLogger()
	}
	pages, err := parsePages()
	if err != nil {
		return nil, err
	}
	mail, err := net.Listen("tcp", o.SMTP)
	if err != nil {
		return nil, fmt.Errorf("listening for mail on %q: %w (is another inbox running?)", o.SMTP, err)
	}
	web, err := net.Listen("tcp", o.Web)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listening for the inbox page on %q: %w (is another inbox running?)", o.Web, err), mail.Close())
	}
	return &Inbox{smtp: mail, web: web, store: newStore(), pages: pages, now: time.Now, logger: o.Logger}, nil
}

// SMTPAddr is the host and port that take mail.
func (i *Inbox) SMTPAddr() string { return i.smtp.Addr().String() }

// URL is the page's base URL, without a slash at its end.
func (i *Inbox) URL() string { return "http://" + i.web.Addr().String() }

// Messages is what was caught for the mailbox, the newest first; everything
// when it is empty. Nobody writes to the messages.
func (i *Inbox) Messages(mailbox string) []*Message { return i.store.list(mailbox) }

// Changed is closed when the next message comes.
func (i *Inbox) Changed() <-chan struct{} { return i.store.next() }

// Run serves until ctx ends and returns nil after an orderly end.
func (i *Inbox) Run(ctx context.Context) error {
	var group run.Group
	ctx, cancel := context.WithCancel(ctx)
	group.Add(func() error { <-ctx.Done(); return nil }, func(error) { cancel() })
	catcher := i.newSMTP()
	group.Add(func() error {
		if err := catcher.Serve(i.smtp); !errors.Is(err, smtp.ErrServerClosed) {
			return fmt.Errorf("taking mail on %s: %w", i.SMTPAddr(), err)
		}
		return nil
	}, func(error) { _ = catcher.Close() })
	server := &http.Server{
		Handler: i.handler(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	group.Add(func() error {
		if err := server.Serve(i.web); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serving the inbox on %s: %w", i.URL(), err)
		}
		return nil
	}, func(error) { _ = server.Close() })
	return group.Run()
}
