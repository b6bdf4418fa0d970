package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// doing says in words what a phase does, for texts.
func (p Phase) doing() string {
	return [...]string{"resolving", "connecting to", "shaking hands with", "waiting for the answer of", "reading the answer of"}[p]
}

// fail is the result of an attempt that err ended. What was under way decides
// the reason where the error itself does not.
func (t *trace) fail(ctx context.Context, err error) Result {
	at, address := t.under()
	reason, text := t.classify(ctx, at, address, err)
	return t.finish().fail(reason, text)
}

func (t *trace) classify(ctx context.Context, at Phase, address string, err error) (Reason, string) {
	err = bare(err)
	var (
		refused     ourFault
		dns         *net.DNSError
		unverified  *tls.CertificateVerificationError
		notTLS      tls.RecordHeaderError
		alert       tls.AlertError
		op          *net.OpError
		expectation *misfit
	)
	switch {
	case errors.As(err, &refused):
		return ReasonInternal, refused.text()
	case shortage(err) != "":
		return ReasonInternal, "the exporter's machine has " + shortage(err) + ": this says nothing about the service"
	case errors.As(err, &expectation):
		return expectation.reason, err.Error()
	case ctx.Err() != nil, late(err):
		return ReasonTimeout, t.timeoutText(ctx, at, address)
	case errors.As(err, &dns):
		return ReasonDNS, fmt.Sprintf("resolving %s: %s", quote(dns.Name), dns.Err)
	case errors.As(err, &unverified):
		t.rejected(unverified.UnverifiedCertificates)
		return ReasonTLS, "certificate of " + address + ": " + unverified.Err.Error()
	case errors.As(err, &notTLS):
		return ReasonTLS, "handshake with " + address + ": the server does not speak TLS"
	case errors.As(err, &alert):
		return ReasonTLS, "handshake with " + address + ": " + alert.Error()
	case errors.As(err, &op) && op.Op == "remote error": // an alert, which may come after our part of the handshake
		return ReasonTLS, "handshake with " + address + ": the server refuses: " + op.Err.Error()
	case errors.As(err, &op) && op.Op == "local error" && op.Err.Error() == "tls: no renegotiation":
		return ReasonTLS, "handshake with " + address + ": when it knows what is asked for, the server asks for a certificate of ours (want cert_file and key_file)"
	case errors.As(err, &op) && op.Op == "dial":
		return ReasonConnect, "connecting to " + address + ": " + plainly(op.Err)
	case at == TLS && strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		return ReasonTLS, "handshake with " + address + ": the server does not speak TLS"
	case at == TLS:
		return ReasonTLS, "handshake with " + address + ": " + err.Error()
	case at <= Connect:
		return ReasonConnect, err.Error()
	}
	return ReasonProtocol, fmt.Sprintf("%s %s: %v", at.doing(), address, err)
}

// shortage is what the exporter or its machine has run out of, or nothing. The
// resolver of package net hands on only the text of what went wrong.
func shortage(err error) string {
	var dns *net.DNSError
	looking := errors.As(err, &dns)
	for _, lack := range [...]struct {
		code syscall.Errno
		what string
	}{
		{syscall.EMFILE, "no file descriptor left for this process"},
		{syscall.ENFILE, "no file descriptor left for any process"},
		{syscall.EADDRNOTAVAIL, "no local address or port left to connect from"},
		{syscall.ENOBUFS, "no memory left for sockets"},
		{syscall.ENOMEM, "no memory left"},
	} {
		if errors.Is(err, lack.code) || looking && strings.HasSuffix(dns.Err, lack.code.Error()) {
			return lack.what
		}
	}
	return ""
}

// plainly leaves out the name of the system call.
func plainly(err error) string {
	if call, ok := errors.AsType[*os.SyscallError](err); ok {
		return call.Err.Error()
	}
	return err.Error()
}

// late says that an operation ran into its deadline, which may happen a moment
// before the context says so. A name server's own deadline is not meant.
func late(err error) bool {
	var dns *net.DNSError
	var timeout net.Error
	return !errors.As(err, &dns) && errors.As(err, &timeout) && timeout.Timeout()
}

// timeoutText says for how long the attempt waited and where it got stuck.
func (t *trace) timeoutText(ctx context.Context, at Phase, address string) string {
	waited := ""
	if deadline, ok := ctx.Deadline(); ok {
		waited = " after " + deadline.Sub(t.started).Round(10*time.Millisecond).String()
	}
	if at == Resolve {
		return "timeout" + waited + " while resolving the name"
	}
	return "timeout" + waited + " while " + at.doing() + " " + address
}

// bare takes off the wrapping of net/http, which repeats the whole address
// with everything in its query.
func bare(err error) error {
	var wrapped *url.Error
	for errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return err
}

// ourFault is an error that says nothing about the service.
type ourFault struct{ error }

// Unwrap is the error itself.
func (f ourFault) Unwrap() error { return f.error }

// text leaves out the quoted line of the catalogue, which fits no single line.
func (f ourFault) text() string {
	if at, ok := errors.AsType[*catalog.Error](f.error); ok {
		return fmt.Sprintf("%s: %s: %s", at.Position, at.Path, at.Problem)
	}
	return f.Error()
}

// misfit is an answer that is not what the catalogue expects. Expected and
// found stand alone where the two can be told apart.
type misfit struct {
	reason          Reason
	text            string
	expected, found string
}

// Error is the text, what was found and what was wanted.
func (m *misfit) Error() string { return m.text }

func misfitf(reason Reason, format string, args ...any) error {
	return &misfit{reason: reason, text: fmt.Sprintf(format, args...)}
}

// wanted is a misfit of two parts.
func wanted(reason Reason, expected, found string) error {
	return &misfit{reason: reason, text: "want " + expected + "; found " + found, expected: expected, found: found}
}
