package main

import (
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// kind is a way to be down.
type kind string

const (
	refused   kind = "refused"
	fiveXX    kind = "5xx"
	blackHole kind = "black hole"
)

func kinds() []kind { return []kind{refused, fiveXX, blackHole} }

// target is a service that answers until it is broken.
type target struct {
	kind    kind
	service string
	broken  atomic.Bool
	server  *http.Server
	address string
	fault   time.Time
}

func newTarget(k kind, service string) (*target, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for %s: %w", service, err)
	}
	t := &target{kind: k, service: service, address: listener.Addr().String()}
	t.server = &http.Server{Handler: http.HandlerFunc(t.answer), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = t.server.Serve(listener) }()
	return t, nil
}

func (t *target) answer(w http.ResponseWriter, r *http.Request) {
	switch {
	case !t.broken.Load():
		fmt.Fprintln(w, "well")
	case t.kind == blackHole:
		<-r.Context().Done()
	default:
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// breakNow begins the fault.
func (t *target) breakNow() {
	t.fault = time.Now()
	if t.kind == refused {
		_ = t.server.Close()
		return
	}
	t.broken.Store(true)
}

func (t *target) close() { _ = t.server.Close() }
