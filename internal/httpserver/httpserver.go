// Package httpserver serves HTTP the way every part of Tocsin does: TLS and
// basic authentication by exporter-toolkit's web configuration, bounded
// headers and times, and a drain before the end.
//
// The programs in cmd call it last, with a finished handler. Listening is
// apart from serving, so that a busy port is an error before anything starts
// and a test can ask for port 0.
//
// Server-sent events never go idle, so there is no write timeout; a handler
// that needs one sets it itself.
package httpserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/exporter-toolkit/web"

	"github.com/tocsin-monitoring/tocsin/internal/logging"
)

// drainTime is how long requests under way may take once the end is asked for.
const drainTime = 5 * time.Second

// Options says what is served where.
type Options struct {
	Addresses     []string // host:port each; at least one
	WebConfigFile string   // exporter-toolkit's TLS and basic authentication; empty for neither
	Handler       http.Handler
	OwnUsers      bool // the handler asks for the configuration's passwords itself, see [Users]
	Logger        logging.Logger
}

// Server listens but does not serve before Run.
type Server struct {
	options   Options
	listeners []net.Listener
}

// Listen opens every address. On an error none stays open.
func Listen(o Options) (*Server, error) {
	s := &Server{options: o}
	for _, address := range o.Addresses {
		l, err := net.Listen("tcp", address)
		if err != nil {
			s.close()
			return nil, fmt.Errorf("listening on %q: %w (is another instance running? choose another with --web.listen-address)", address, err)
		}
		s.listeners = append(s.listeners, l)
	}
	if o.WebConfigFile != "" {
		if err := web.Validate(o.WebConfigFile); err != nil {
			s.close()
			return nil, fmt.Errorf("reading web configuration %q: %w", o.WebConfigFile, err)
		}
	}
	return s, nil
}

// Addr is the first address that is listened on, with the port that was given
// out for port 0.
func (s *Server) Addr() string { return s.listeners[0].Addr().String() }

// Local says whether only this machine reaches the server.
func (s *Server) Local() bool {
	for _, l := range s.listeners {
		if address, is := l.Addr().(*net.TCPAddr); !is || !address.IP.IsLoopback() {
			return false
		}
	}
	return true
}

// Run serves until ctx ends, lets requests finish for a few seconds and closes
// the listeners. It returns nil after an orderly end.
func (s *Server) Run(ctx context.Context) error {
	// Event streams follow the request's context: they end when ours does.
	server := &http.Server{
		Handler:           s.options.Handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	addresses := s.options.Addresses
	systemd := false
	flags := &web.FlagConfig{
		WebListenAddresses: &addresses,
		WebSystemdSocket:   &systemd,
		WebConfigFile:      &s.options.WebConfigFile,
	}
	failed := make(chan error, 1)
	go func() {
		if s.options.OwnUsers && s.options.WebConfigFile != "" {
			failed <- s.serveOwn(server)
			return
		}
		failed <- web.ServeMultiple(s.listeners, server, flags, s.options.Logger.Slog)
	}()
	select {
	case err := <-failed:
		return fmt.Errorf("serving on %s: %w", s.Addr(), err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	err := server.Shutdown(drain)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	<-failed
	return err
}

func (s *Server) close() {
	for _, l := range s.listeners {
		_ = l.Close()
	}
}
