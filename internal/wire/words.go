// Package wire is the network as everything of ours meets it that talks to
// providers: a transport within bounds, and words for what breaks.
//
// The channels of the receiver and the clients of GitHub and Alertmanager use it. What their errors
// say goes on timelines, into logs and into messages to people.
//
// What a reader would not guess: the text of an error of net/http may hold
// whatever the server, a proxy or a resolver wrote, a secret of ours that it
// gives back too, and as long as it likes. [Words] therefore repeats nothing.
package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"unicode"
)

// wording is one row of the table of what breaks a conversation.
type wording struct {
	is    func(error) bool
	words string
}

// wordings is the table; the first row that fits counts.
func wordings() []wording {
	return []wording{
		{isOne(context.Canceled), "it was cut short"},
		{asA[x509.UnknownAuthorityError], "the server's certificate is signed by nobody whom this machine trusts"},
		{asA[x509.HostnameError], "the server's certificate is for another name"},
		{expired, "the server's certificate has expired, or is not good yet"},
		{asA[*tls.CertificateVerificationError], "the server's certificate is not good"},
		{isOne(http.ErrSchemeMismatch), "the server does not speak TLS"},
		{asA[tls.RecordHeaderError], "the server does not speak TLS"},
		{asA[tls.AlertError], "the server refused TLS"},
		{unknownName, "DNS knows no such server"},
		{timedOut, "no answer in time"},
		{asA[*net.DNSError], "DNS does not say where the server is"},
		{isOne(syscall.ECONNREFUSED), "the connection was refused"},
		{isOne(syscall.EHOSTUNREACH, syscall.ENETUNREACH), "there is no way to the server"},
		{isOne(io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, net.ErrClosed), "the connection broke"},
	}
}

// Words says what ended a conversation that no answer came of; otherwise is for
// what has no row in the table. Nothing of the error's own text is in it.
func Words(err error, otherwise string) string {
	if refusal, ok := errors.AsType[*proxyError](err); ok {
		return refusal.words
	}
	words := otherwise
	for _, row := range wordings() {
		if row.is(err) {
			words = row.words
			break
		}
	}
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "proxyconnect" {
		return "reaching the proxy: " + words
	}
	return words
}

// Line makes one printable line of what a server wrote, of at most so many
// characters, for where it is worth repeating: a server of our own that says what
// is wrong with a request.
func Line(text string, most int) string {
	words := strings.FieldsFunc(strings.ToValidUTF8(text, ""), func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })
	runes := []rune(strings.Join(words, " "))
	if len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return string(runes)
}

func isOne(of ...error) func(error) bool {
	return func(err error) bool {
		return slices.ContainsFunc(of, func(one error) bool { return errors.Is(err, one) })
	}
}

func asA[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

func expired(err error) bool {
	invalid, ok := errors.AsType[x509.CertificateInvalidError](err)
	return ok && invalid.Reason == x509.Expired
}

func unknownName(err error) bool {
	dns, ok := errors.AsType[*net.DNSError](err)
	return ok && dns.IsNotFound
}

func timedOut(err error) bool {
	late, ok := errors.AsType[net.Error](err)
	return ok && late.Timeout() || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)
}
