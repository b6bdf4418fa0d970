package demo

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/oklog/run"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Options says where the demo listens. Port 0 is given out by the system.
type Options struct {
	Shop     string // host:port of the shop and its switches
	Payments string // of the service it depends on
	Door     string // of the shop over HTTPS
	StateDir string // what the estate keeps; see [Prepare]
	Logger   log.Logger
}

// Estate is the listening demo.
type Estate struct {
	shop, payments, door net.Listener
	handler, dependency  http.Handler
	certificates         *door
	switches             *state
	logger               log.Logger
}

// New listens on every address; on an error none stays open.
func New(o Options) (*Estate, error) {
	if o.Logger == nil {
		o.Logger = log.NewNopLogger()
	}
	authority, err := loadAuthority(authorityDir(o.StateDir))
	if err != nil {
		return nil, err
	}
	pages, err := parsePages()
	if err != nil {
		return nil, err
	}
	e := &Estate{switches: newState(), logger: o.Logger}
	if err := e.listen(o); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	e.certificates = &door{authority: authority, switches: e.switches}
	e.switches.watch = append(e.switches.watch, func(name string, on bool) {
		level.Info(e.logger).Log("msg", "switch turned", "switch", name, "on", on)
	})
	s := &shop{
		switches: e.switches, sessions: newSessions(), payments: "http://" + e.payments.Addr().String(),
		client: &http.Client{}, pages: pages, logger: o.Logger,
	}
	registry, count := instrument(s, time.Now)
	e.handler = count(s.handler(promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true})))
	e.dependency = payments(e.switches)
	return e, nil
}

func (e *Estate) listen(o Options) error {
	for _, one := range []struct {
		what, address string
		to            *net.Listener
	}{{"the shop", o.Shop, &e.shop}, {"payments", o.Payments, &e.payments}, {"the HTTPS door", o.Door, &e.door}} {
		listener, err := net.Listen("tcp", one.address)
		if err != nil {
			return fmt.Errorf("listening for %s on %q: %w (is another demo running?)", one.what, one.address, err)
		}
		*one.to = listener
	}
	return nil
}

// ShopURL is the shop's base URL, without a slash at its end.
func (e *Estate) ShopURL() string { return "http://" + e.shop.Addr().String() }

// PaymentsURL is the dependency's base URL.
func (e *Estate) PaymentsURL() string { return "http://" + e.payments.Addr().String() }

// DoorAddr is the host and port of the HTTPS door.
func (e *Estate) DoorAddr() string { return e.door.Addr().String() }

// Close frees the addresses of an estate that does not run.
func (e *Estate) Close() error {
	var errs []error
	for _, listener := range []net.Listener{e.shop, e.payments, e.door} {
		if listener != nil {
			errs = append(errs, listener.Close())
		}
	}
	return errors.Join(errs...)
}

// Run serves until ctx ends and returns nil after an orderly end.
func (e *Estate) Run(ctx context.Context) error {
	var group run.Group
	ctx, cancel := context.WithCancel(ctx)
	group.Add(func() error { <-ctx.Done(); return nil }, func(error) { cancel() })
	group.Add(func() error { return leak(ctx, e.switches) }, func(error) { cancel() })
	secure := tls.NewListener(e.door, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: e.certificates.certificate})
	for _, one := range []struct {
		listener net.Listener
		handler  http.Handler
	}{{e.shop, e.handler}, {e.payments, e.dependency}, {secure, e.handler}} {
		server := newServer(one.handler)
		group.Add(func() error {
			if err := server.Serve(one.listener); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serving the demo on %s: %w", one.listener.Addr(), err)
			}
			return nil
		}, func(error) { _ = server.Close() })
	}
	return group.Run()
}

func newServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10,
	}
}
