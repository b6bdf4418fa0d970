package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tocsin-monitoring/tocsin/internal/retry"
)

// sendTimeout bounds one attempt of any channel.
const sendTimeout = 15 * time.Second

// mostAfter bounds for how long a provider is left alone that asks for it.
const mostAfter = 10 * time.Minute

// post sends a request and gives the start of a good answer's body. Every
// other outcome is an [*Error]: refused requests are permanent, overload and
// network trouble are not. Nothing of the URL, the headers or the answer is in
// the error's text.
func post(ctx context.Context, client *http.Client, r *http.Request) ([]byte, error) {
	body, err := exchange(ctx, client, r)
	if err != nil {
		return nil, err
	}
	return body, nil
}

// exchange is post for those who understand a refusal: its body comes with the
// error, and must not get into the error's text.
func exchange(ctx context.Context, client *http.Client, r *http.Request) ([]byte, *Error) {
	return exchangeUpTo(ctx, client, r, 1<<16)
}

// exchangeUpTo reads so much of the answer.
func exchangeUpTo(ctx context.Context, client *http.Client, r *http.Request, most int64) ([]byte, *Error) {
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(info httptrace.WroteRequestInfo) { sent.Store(info.Err == nil) },
	})
	r = r.WithContext(ctx)
	r.Close = true // messages are few: none goes into a connection that has died in silence
	response, err := client.Do(r)
	if err != nil {
		return nil, unanswered(err, sent.Load(), "what answers does not speak HTTP")
	}
	defer func() {
		_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16))
		_ = response.Body.Close()
	}()
	body, err := io.ReadAll(io.LimitReader(response.Body, most))
	if err != nil && response.StatusCode/100 == 2 {
		return nil, nil // it was taken; the answer's end does not matter
	}
	if response.StatusCode/100 == 2 {
		return body, nil
	}
	return body, refused(response)
}

// secretFile reads a secret when the catalogue is taken over; the error says
// where in the catalogue the file is named.
func secretFile(place, path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", place, err)
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" {
		return "", fmt.Errorf("%s: %q is empty", place, path)
	}
	return secret, nil
}

func refused(response *http.Response) *Error {
	e := &Error{Err: fmt.Errorf("the server answered %d %s", response.StatusCode, http.StatusText(response.StatusCode))}
	switch code := response.StatusCode; {
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests, code >= 500:
		after, _ := retry.After(response.Header, time.Now())
		e.RetryAfter = min(after, mostAfter)
	default:
		e.Permanent = true
	}
	return e
}

// understood reads a good answer. One that came whole and is no JSON object is
// not the provider's: a portal or a proxy says 200 to everything. An answer that
// was cut off, which is nil, says enough by its status: it is not read.
func understood(of string, answer []byte, into any) error {
	if answer == nil {
		return nil
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(answer, &object) != nil || object == nil {
		return temporary("what answered is not %s: is there a portal or a proxy in between?", of)
	}
	_ = json.Unmarshal(answer, into) // a field that is not as documented stays empty
	return nil
}

// threadName is a name that a provider gave to a message, as far as it is kept: one
// that is too long, or more than a word, is none.
func threadName(name string) string {
	const most = 100
	if len(name) > most || strings.Trim(name, alphanumeric+"-_.:") != "" {
		return ""
	}
	return name
}
