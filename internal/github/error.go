package github

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/internal/wire"
)

// mostWords is how many characters of GitHub's own words are shown.
const mostWords = 200

// Kind says what became of a request that failed.
type Kind string

// The kinds of failure.
const (
	Unreachable  Kind = "unreachable"  // no answer at all
	Unauthorised Kind = "unauthorised" // 401: the token is wrong, expired or revoked
	Forbidden    Kind = "forbidden"    // 403: the token lacks a permission, or the feature is switched off
	NotFound     Kind = "not found"    // 404: it does not exist, or the token may not see it
	Gone         Kind = "gone"         // 410: switched off or deleted for good
	Invalid      Kind = "invalid"      // 422, 400, 409 and other refusals of what we sent
	Moved        Kind = "moved"        // a redirect that we do not follow
	RateLimited  Kind = "rate limited" // 403 or 429: stay away for Error.RetryAfter
	Server       Kind = "server"       // 5xx
	Malformed    Kind = "malformed"    // an answer that is not the documented JSON
)

// Error is a request that gave no good answer. Its text is one line of
// bounded length and never holds the token.
type Error struct {
	Kind         Kind
	Status       int // 0 when there was no answer, or none was asked for
	Method, Path string
	Message      string        // what GitHub said, or what is wrong
	RetryAfter   time.Duration // for RateLimited, and for Server where it says so
	cause        error
}

// Error says what was asked, what came back and, where it is known, how to
// mend it.
func (e *Error) Error() string {
	if e.Method == "" {
		return "GitHub's " + e.Message
	}
	text := "GitHub: " + e.Method + " " + strings.TrimPrefix(e.Path, "/")
	if e.Status != 0 {
		text += fmt.Sprintf(": %d %s", e.Status, http.StatusText(e.Status))
	}
	if e.Message != "" && e.Message != http.StatusText(e.Status) {
		text += ": " + e.Message
	}
	if advice := e.advice(); advice != "" {
		text += " (" + advice + ")"
	}
	return text
}

// Unwrap returns what lay beneath: a network error or a JSON error.
func (e *Error) Unwrap() error { return e.cause }

// Temporary reports whether the same request may succeed later.
func (e *Error) Temporary() bool {
	return e.Kind == Unreachable || e.Kind == RateLimited || e.Kind == Server
}

func (e *Error) advice() string {
	login := strings.Contains(e.Path, "/app/installations/")
	switch {
	case login && e.Kind == Unauthorised:
		return "the id or the key of accounts.github.app is wrong, or this machine's clock"
	case login && e.Kind == NotFound:
		return "accounts.github.app.installation is none of the app's"
	}
	switch e.Kind {
	case Unauthorised:
		return "accounts.github.token is wrong, expired or revoked"
	case Forbidden:
		return "the token lacks a permission, or the repository has this switched off"
	case NotFound:
		return "it does not exist, or the token may not see it"
	case Moved:
		return "give the new name in the catalogue"
	case RateLimited:
		return fmt.Sprintf("asked to wait %s", e.RetryAfter.Round(time.Second))
	}
	return ""
}

func kind(status int) Kind {
	switch {
	case status >= 500:
		return Server
	case status == http.StatusUnauthorized:
		return Unauthorised
	case status == http.StatusForbidden:
		return Forbidden
	case status == http.StatusNotFound:
		return NotFound
	case status == http.StatusGone:
		return Gone
	case status == http.StatusTooManyRequests:
		return RateLimited
	case status >= 300 && status < 400:
		return Moved
	}
	return Invalid
}

// message is what the body says: GitHub's own text, or that it is a page.
func message(r response) string {
	var said struct {
		Message string `json:"message"`
	}
	switch {
	case json.Unmarshal(r.body, &said) == nil:
		return wire.Line(said.Message, mostWords)
	case isHTML(r.body):
		return "an HTML page instead of JSON"
	}
	return ""
}

// without takes a token out of what went wrong: whoever answers may give it
// back.
func without(token string, err error) error {
	if refused, ok := errors.AsType[*Error](err); ok && token != "" {
		refused.Message = strings.ReplaceAll(refused.Message, token, "(token)")
		refused.Path = strings.ReplaceAll(refused.Path, token, "(token)")
	}
	return err
}

func isHTML(body []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) }
