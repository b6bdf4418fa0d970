package github

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/internal/wire"
)

const (
	// DefaultAPI is the REST base URL of github.com.
	DefaultAPI = "https://api.github.com"

	maxBody      = 8 << 20 // a page of 100 jobs with their steps stays well below
	maxRedirects = 3
	apiVersion   = "2022-11-28"
)

// Options is what a client needs. Only UserAgent is required; GitHub refuses
// requests without one.
type Options struct {
	API       string                 // REST base URL, DefaultAPI by default
	Token     func() (string, error) // read before each request, so that a rotated token counts at once; nil or "" is anonymous
	App       *App                   // in place of a token
	UserAgent string
	Transport http.RoundTripper                                // http.DefaultTransport by default
	Timeout   time.Duration                                    // of one request, 15s by default
	Gap       time.Duration                                    // least time between two writes, 1s by default as GitHub asks
	Now       func() time.Time                                 // time.Now by default
	Wait      func(ctx context.Context, d time.Duration) error // sleeps by default
	Observe   func(code string, remaining float64, known bool) // told of each request: 2xx, 304, 4xx, 5xx or error, and of the requests left where GitHub said so
}

// Client speaks to one API with one account. It may be used from several
// goroutines; their requests queue.
type Client struct {
	o         Options
	base      *url.URL
	http      *http.Client
	turn      chan struct{} // holds one token: who takes it may send
	installed installed     // guarded by turn
	cache     cache         // guarded by turn
	limits    limits        // guarded by turn
	lastWrite time.Time     // guarded by turn
}

// New returns a client. An API that is no absolute http or https URL is an
// error.
func New(o Options) (*Client, error) {
	if o.API == "" {
		o.API = DefaultAPI
	}
	base, err := url.Parse(strings.TrimSuffix(o.API, "/"))
	if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
		return nil, fmt.Errorf("using %q as GitHub's API: want an absolute http or https URL, such as %s", o.API, DefaultAPI)
	}
	o = withDefaults(o)
	c := &Client{o: o, base: base, turn: make(chan struct{}, 1), cache: newCache(), limits: limits{now: o.Now}}
	c.turn <- struct{}{}
	c.http = &http.Client{
		Transport:     o.Transport,
		Timeout:       o.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

func withDefaults(o Options) Options {
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	if o.Timeout == 0 {
		o.Timeout = 15 * time.Second
	}
	if o.Gap == 0 {
		o.Gap = time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Wait == nil {
		o.Wait = wait
	}
	if o.Observe == nil {
		o.Observe = func(string, float64, bool) {}
	}
	return o
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Get reads path, which is relative to the API and may carry a query, or is
// the next page that an earlier Get returned. The answer is decoded into
// into; next is the following page or "". An answer that has not changed
// since it was last asked for is decoded from memory.
//
// A failure to get an answer, and every answer but a good one, is an [*Error].
func (c *Client) Get(ctx context.Context, path string, into any) (next string, err error) {
	if err := c.take(ctx); err != nil {
		return "", err
	}
	defer c.release()
	a, err := c.send(ctx, http.MethodGet, path, nil)
	if err != nil {
		return "", err
	}
	return a.next, decode(http.MethodGet, path, a.body, into)
}

// Write sends body as JSON and decodes the answer into into, which may be nil.
// Two writes are at least Options.Gap apart. Errors are those of Get.
func (c *Client) Write(ctx context.Context, method, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encoding the body of %s %s: %w", method, path, err)
	}
	if err := c.take(ctx); err != nil {
		return err
	}
	defer c.release()
	if pause := c.lastWrite.Add(c.o.Gap).Sub(c.o.Now()); pause > 0 {
		if err := c.o.Wait(ctx, pause); err != nil {
			return err
		}
	}
	defer func() { c.lastWrite = c.o.Now() }()
	a, err := c.send(ctx, method, path, text)
	if err != nil || into == nil {
		return err
	}
	return decode(method, path, a.body, into)
}

func (c *Client) take(ctx context.Context) error {
	select {
	case <-c.turn:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for another request to GitHub: %w", context.Cause(ctx))
	}
}

func (c *Client) release() { c.turn <- struct{}{} }

// answer is a good response: its body, and the page that follows.
type answer struct {
	body []byte
	next string
}

// send makes one request; a second one when an app's token is taken no longer.
func (c *Client) send(ctx context.Context, method, path string, body []byte) (answer, error) {
	a, err := c.attempt(ctx, method, path, body)
	if refused, ok := errors.AsType[*Error](err); ok && refused.Kind == Unauthorised && c.forget() {
		return c.attempt(ctx, method, path, body)
	}
	return a, err
}

// attempt is one request with a token that is good now.
func (c *Client) attempt(ctx context.Context, method, path string, body []byte) (answer, error) {
	if err := c.limits.closed(); err != nil {
		return answer{}, err
	}
	token, err := c.token(ctx)
	if err != nil {
		return answer{}, err
	}
	a, err := c.follow(ctx, method, path, body, token)
	return a, without(token, err)
}

// follow follows redirects within the same host. The method stays what it is,
// as GitHub asks of clients when a repository has moved.
func (c *Client) follow(ctx context.Context, method, path string, body []byte, token string) (answer, error) {
	target, err := c.resolve(path)
	if err != nil {
		return answer{}, err
	}
	for range maxRedirects {
		response, err := c.do(ctx, request{method: method, url: target, body: body, token: token})
		if err != nil {
			return answer{}, err
		}
		moved := c.redirect(response, target)
		if moved == "" {
			return c.judge(method, target, response)
		}
		target = moved
	}
	return answer{}, &Error{Kind: Moved, Method: method, Path: path, Message: "redirects without end"}
}

func (c *Client) token(ctx context.Context) (string, error) {
	switch {
	case c.o.App != nil:
		return c.installation(ctx)
	case c.o.Token != nil:
		return c.o.Token()
	}
	return "", nil
}

// resolve makes an absolute URL of path and refuses to carry the token to
// another host than the API's.
func (c *Client) resolve(path string) (string, error) {
	if !strings.Contains(path, "://") {
		return c.base.String() + "/" + strings.TrimPrefix(path, "/"), nil
	}
	u, err := url.Parse(path)
	if err != nil || u.Scheme != c.base.Scheme || u.Host != c.base.Host {
		return "", &Error{Kind: Moved, Method: http.MethodGet, Path: "(another host)", Message: "the next page is on another host than the API"}
	}
	return path, nil
}

type request struct {
	method, url, token string
	body               []byte
}

// response is what came back, read to its end.
type response struct {
	status int
	header http.Header
	body   []byte
}

func (c *Client) do(ctx context.Context, r request) (response, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, r.url, bytes.NewReader(r.body))
	if err != nil {
		return response{}, fmt.Errorf("making a request to GitHub: %w", err)
	}
	req.Header.Set("Accept", "application/vnd.github+json")
	req.Header.Set("X-GitHub-Api-Version", apiVersion)
	req.Header.Set("User-Agent", c.o.UserAgent)
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.method == http.MethodGet {
		c.cache.condition(r.url, req.Header)
	}
	got, err := c.roundTrip(req)
	if err == nil && len(got.body) > maxBody {
		c.o.Observe("error", 0, false)
		return response{}, &Error{Kind: Unreachable, Method: r.method, Path: req.URL.Path, Message: fmt.Sprintf("the answer is larger than %d MiB", maxBody>>20)}
	}
	if err != nil {
		c.o.Observe("error", 0, false)
		return response{}, &Error{Kind: Unreachable, Method: r.method, Path: req.URL.Path, Message: reason(err, c.o.Timeout), cause: err}
	}
	remaining, known := c.limits.note(got)
	c.o.Observe(class(got.status), remaining, known)
	return got, nil
}

func (c *Client) roundTrip(req *http.Request) (response, error) {
	res, err := c.http.Do(req)
	if err != nil {
		return response{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if err != nil {
		return response{}, err
	}
	return response{status: res.StatusCode, header: res.Header, body: body}, nil
}

// redirect returns where a response sends us, or "" when it is no redirect
// that we follow.
func (c *Client) redirect(r response, from string) string {
	switch r.status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return ""
	}
	base, err := url.Parse(from)
	if err != nil {
		return ""
	}
	to, err := base.Parse(r.header.Get("Location"))
	if err != nil || r.header.Get("Location") == "" || to.Scheme != c.base.Scheme || to.Host != c.base.Host {
		return ""
	}
	return to.String()
}

// judge turns a response into an answer or an error.
func (c *Client) judge(method, target string, r response) (answer, error) {
	switch {
	case r.status == http.StatusNotModified && method == http.MethodGet:
		return c.cache.recall(target)
	case r.status >= 200 && r.status < 300:
		a := answer{body: r.body, next: nextPage(r.header)}
		if method == http.MethodGet {
			c.cache.keep(target, r.header, a)
		}
		return a, nil
	}
	return answer{}, c.limits.refusal(method, target, r)
}

func decode(method, path string, body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		e := &Error{Kind: Malformed, Method: method, Path: path, Message: "the answer is not the JSON that GitHub documents", cause: err}
		if isHTML(body) {
			e.Message = "the answer is an HTML page instead of JSON: is accounts.github.api the REST API's address?"
		}
		return e
	}
	return nil
}

// reason says in words why no answer came.
func reason(err error, timeout time.Duration) string {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		if wrapped.Timeout() {
			return fmt.Sprintf("no answer within %s", timeout)
		}
	}
	return wire.Words(err, "what answers does not speak HTTP")
}

func class(status int) string {
	switch {
	case status == http.StatusNotModified:
		return "304"
	case status < 300:
		return "2xx"
	case status < 500:
		return "4xx"
	}
	return "5xx"
}
