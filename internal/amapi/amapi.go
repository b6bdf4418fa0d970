// Package amapi speaks with the members of an Alertmanager cluster: it posts
// alerts to all of them, and asks one of them.
//
// The receiver posts what comes from elsewhere and asks what still fires, and
// `tocsin drill` raises its alert; all of them log in here, as
// accounts.alertmanager of the catalogue says. The API is described at
// https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
//
// What a reader would not guess: of a post with one bad alert, Alertmanager
// takes the good ones and answers 400 all the same. And no redirect is followed:
// a POST that turns into a GET would look like a success.
package amapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/internal/wire"
)

const (
	// postLimit bounds one post.
	postLimit = 10 * time.Second
	// batch is how many alerts go into one.
	batch = 500
	// mostWords bounds what is read of a refusal, and shown.
	mostWords = 300
)

// Alert is an alert as the API takes it. EndsAt lies ahead for one that fires:
// until then it is believed without another post.
type Alert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations,omitempty"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt"`
}

// Refusal is an answer that is no success.
type Refusal struct {
	Status int
	words  string
}

func (r *Refusal) Error() string { return r.words }

// Final says that the same post again would be refused again.
func Final(err error) bool {
	refusal, ok := errors.AsType[*Refusal](err)
	return ok && refusal.Status/100 != 5 && refusal.Status != http.StatusTooManyRequests && refusal.Status != http.StatusRequestTimeout
}

// Client asks as an account does.
type Client struct {
	account *catalog.AlertmanagerAccount
	timeout time.Duration

	mutex sync.Mutex
	http  *http.Client // nil until it could be made
}

// New makes a client. Without an account it asks over base as anybody would;
// with one it has connections of its own and only base's timeout, and whatever is wrong with a file of
// the account is in the error of each request, until it is mended.
func New(account *catalog.AlertmanagerAccount, base *http.Client) *Client {
	c := &Client{account: account, timeout: base.Timeout}
	if account == nil {
		plain := *base
		plain.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		c.http = &plain
	}
	return c
}

// Post posts to every member at once and gives what came of each, nil where all
// were taken.
func (c *Client) Post(ctx context.Context, members []string, alerts []Alert) []error {
	problems := make([]error, len(members))
	var all sync.WaitGroup
	for n, member := range members {
		all.Go(func() {
			for some := range slices.Chunk(alerts, batch) {
				if problems[n] = c.post(ctx, member, some); problems[n] != nil {
					return
				}
			}
		})
	}
	all.Wait()
	return problems
}

func (c *Client) post(ctx context.Context, member string, alerts []Alert) error {
	body, err := json.Marshal(alerts)
	if err != nil {
		return fmt.Errorf("writing alerts: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, postLimit)
	defer cancel()
	answer, err := c.do(ctx, http.MethodPost, member, "/api/v2/alerts", body)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, mostWords)) // so that the connection is used again
	return answer.Body.Close()
}

// Get asks a member for a path of its API. The answer is a success; the caller
// closes it.
func (c *Client) Get(ctx context.Context, member, path string) (*http.Response, error) {
	return c.do(ctx, http.MethodGet, member, path, nil)
}

func (c *Client) do(ctx context.Context, method, member, path string, body []byte) (*http.Response, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(member, "/")+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := client.Do(request)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // the caller names the member
		}
		return nil, err
	}
	if answer.StatusCode/100 == 2 {
		return answer, nil
	}
	words, _ := io.ReadAll(io.LimitReader(answer.Body, mostWords))
	return nil, errors.Join(&Refusal{answer.StatusCode, c.refusal(answer, words)}, answer.Body.Close())
}

// refusal says what an answer means for whoever has to mend it.
func (c *Client) refusal(answer *http.Response, body []byte) string {
	said := fmt.Sprintf("it answered %d", answer.StatusCode)
	switch status := answer.StatusCode; {
	case status == http.StatusUnauthorized && c.account == nil:
		return said + ": it wants a login (add accounts.alertmanager to the catalogue)"
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return said + ": the login is not good enough (see accounts.alertmanager of the catalogue)"
	case status/100 == 3:
		where := ""
		if to, err := answer.Location(); err == nil {
			where = " to " + to.Host
		}
		return said + ": it sends us on" + where + " (links.alertmanager wants the address where it answers itself)"
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed:
		return said + ": there is no Alertmanager with the v2 API (links.alertmanager wants its address, with the prefix if it has one)"
	}
	var text string // Alertmanager writes one as JSON
	if json.Unmarshal(body, &text) != nil {
		text = string(body)
	}
	if text = wire.Line(text, mostWords); text != "" {
		said += ": " + text
	}
	return said
}
