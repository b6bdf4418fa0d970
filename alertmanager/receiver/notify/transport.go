package notify

import (
	"net/http"

	"github.com/tocsin-monitoring/tocsin/internal/wire"
)

// NewHTTPClient is the client of all channels that speak HTTP. It follows no
// redirect: a provider that moved is a configuration to mend, a POST that turns
// into a GET would look like a success, and no login goes to another host.
func NewHTTPClient() *http.Client {
	return &http.Client{
		Timeout:       sendTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     wire.NewTransport(sendTimeout / 2),
	}
}

// broken is a conversation that ended without an answer, in our words. What a
// server, a proxy or a resolver wrote may be anything, a secret of ours that it
// gives back too, and as long as it likes: only the cause holds it, which is
// asked and never shown.
type broken struct {
	words string
	cause error
}

func (b *broken) Error() string { return b.words }
func (b *broken) Unwrap() error { return b.cause }

// unanswered is the error of a conversation that ended without an answer.
// Sent says that the whole message had left: then it may have been taken all
// the same, and is sent again, because one that comes twice is better than none.
func unanswered(err error, sent bool, otherwise string) *Error {
	words := wire.Words(err, otherwise)
	if sent {
		words += "; the message may have arrived"
	}
	return &Error{Err: &broken{words, err}}
}
