package reading

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/tocsin-monitoring/tocsin/internal/promapi"
)

// ErrTooMuch says that an answer is larger than the asker takes.
var ErrTooMuch = errors.New("the answer is too large")

// Questions puts questions to a Prometheus for a collector.
type Questions struct {
	Client    *http.Client
	UserAgent string
	Timeout   time.Duration // after which the server gives up
	Most      int64         // bytes of an answer; promapi.MaxAnswer by default
}

// Ask gives the series of a query now. It wants the whole answer: where a part
// of it is missing, what is left is as wrong as no answer, and looks right.
func (q Questions) Ask(ctx context.Context, server, query string) ([]promapi.Sample, error) {
	if server == "" {
		return nil, errors.New("links.prometheus is missing: it says whom to ask")
	}
	address := promapi.Endpoint(server)
	req, err := promapi.NewWholeRequest(ctx, server, query, q.Timeout)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", q.UserAgent)
	res, err := q.Client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", address, WithoutURL(ctx, err))
	}
	defer res.Body.Close()
	most := q.Most
	if most == 0 {
		most = promapi.MaxAnswer
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, most+1))
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", address, WithoutURL(ctx, err))
	}
	if int64(len(text)) > most {
		return nil, fmt.Errorf("asking %s: %w", address, ErrTooMuch)
	}
	samples, err := promapi.Read(res.StatusCode, text)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", address, err)
	}
	return samples, nil
}

// WithoutURL strips the address that url.Error repeats, and names the time
// limit where that was the reason.
func WithoutURL(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}
