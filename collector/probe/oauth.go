package probe

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

const (
	// tokenAge is how long a token lasts whose server does not say.
	tokenAge = 5 * time.Minute
	// tokenRest is how long nobody asks again after the server refused.
	tokenRest = 5 * time.Second
	// maxTokens bounds the credentials whose tokens are remembered: of secrets
	// that have rotated, the old ones are forgotten in the end.
	maxTokens = 1000
)

// tokens are the OAuth2 tokens of all probes, by their credentials. The zero
// value is ready.
type tokens struct {
	mu   sync.Mutex
	kept map[[sha256.Size]byte]*token
}

// token is one token, and the turn of whoever fetches it.
type token struct {
	turn chan struct{} // holds one element while somebody reads or fetches

	value string
	until time.Time
	err   error // of the last try, repeated until then
}

// of is the token of some credentials, fetched or not.
func (k *tokens) of(key [sha256.Size]byte) *token {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.kept == nil || len(k.kept) == maxTokens {
		k.kept = make(map[[sha256.Size]byte]*token)
	}
	if k.kept[key] == nil {
		k.kept[key] = &token{turn: make(chan struct{}, 1)}
	}
	return k.kept[key]
}

// tokenSource gets tokens for one probe.
type tokenSource struct {
	spec    *catalog.OAuth2
	secrets *secrets
	tokens  *tokens

	mu   sync.Mutex
	last [sha256.Size]byte // the credentials of the newest attempt
}

// token is a token that is valid now; kept says that it was fetched before. Of
// many who need it at the same time one fetches it.
func (s *tokenSource) token(ctx context.Context, e *exchange) (value string, kept bool, err error) {
	secret, err := s.secrets.read(catalog.Text{File: s.spec.Secret})
	if err != nil {
		return "", false, ourFault{err}
	}
	form := s.form(secret)
	key := sha256.Sum256([]byte(s.spec.TokenURL + "\x00" + form.Encode()))
	s.mu.Lock()
	s.last = key
	s.mu.Unlock()
	t := s.tokens.of(key)
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return "", false, fmt.Errorf("waiting for the OAuth2 token: %w", context.Cause(ctx))
	}
	kept = time.Now().Before(t.until)
	if !kept {
		s.fetch(ctx, e, t, form)
	}
	if t.err == nil {
		s.secrets.conceal("oauth2", t.value)
	}
	return t.value, kept, t.err
}

// fetch asks for a token and keeps what came of it.
func (s *tokenSource) fetch(ctx context.Context, e *exchange, t *token, form url.Values) {
	age := tokenRest
	t.value, t.err = "", nil
	got, err := s.ask(ctx, e, form)
	if err != nil {
		t.err = fmt.Errorf("fetching the OAuth2 token: %w", err)
		if ctx.Err() != nil {
			age = 0 // its time was up, which says nothing to others
		}
	} else {
		t.value, age = got.Token, tokenAge
		if got.Expires > 0 {
			age = time.Duration(got.Expires * 0.9 * float64(time.Second))
		}
	}
	t.until = time.Now().Add(age)
}

// granted is what the server grants (RFC 6749, section 5.1).
type granted struct {
	Token   string  `json:"access_token"`
	Expires float64 `json:"expires_in"`
}

func (s *tokenSource) ask(ctx context.Context, e *exchange, form url.Values) (granted, error) {
	var g granted
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.spec.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return g, ourFault{err}
	}
	req.Close = true
	req.Header.Set("User-Agent", userAgent())
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	apart := *e // the token's server is not the target
	apart.home = ""
	client := &http.Client{Transport: &apart, CheckRedirect: stay}
	got, err := send(client, e.trace, req, expectation{always: true})
	switch {
	case err != nil:
		return g, err
	case got.status != http.StatusOK:
		return g, misfitf(ReasonStatus, "status %d, want 200", got.status)
	}
	if err := json.Unmarshal(got.body, &g); err != nil || g.Token == "" {
		return g, misfitf(ReasonBody, "the answer holds no access_token")
	}
	return g, nil
}

// form is what is asked (RFC 6749, sections 2.3.1 and 4.4.2).
func (s *tokenSource) form(secret string) url.Values {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {s.spec.Client}, "client_secret": {secret}}
	if len(s.spec.Scopes) > 0 {
		form.Set("scope", strings.Join(s.spec.Scopes, " "))
	}
	if s.spec.Audience != "" {
		form.Set("audience", s.spec.Audience)
	}
	return form
}

// forget makes the next attempt fetch a new token.
func (s *tokenSource) forget() {
	s.mu.Lock()
	key := s.last
	s.mu.Unlock()
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	delete(s.tokens.kept, key)
}
