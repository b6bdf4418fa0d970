package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/internal/retry"
)

// sendTimeout bounds one attempt of any channel.
const sendTimeout = 15 * time.Second

// mostAfter bounds for how long a provider is left alone that asks for it.
const mostAfter = 10 * time.Minute

// NewHTTPClient is the client of all channels that speak HTTP. It follows no
// redirect: a provider that moved is a configuration to mend, and a POST that
// turns into a GET would look like a success.
func NewHTTPClient() *http.Client {
	return &http.Client{
		Timeout:       sendTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

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
	response, err := client.Do(r.WithContext(ctx))
	if err != nil {
		return nil, temporary("%w", withoutURL(err))
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

// withoutURL takes the address out of a client's error, because topics and
// tokens may stand in it.
func withoutURL(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}
