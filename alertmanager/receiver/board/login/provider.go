package login

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

const (
	// Callback is where the provider leads people back to.
	Callback = "/login/callback"

	attemptCookie = "tocsin_login"
	attemptFor    = 10 * time.Minute
	providerWait  = 20 * time.Second
)

// attempt is what is kept in the browser while somebody is at the provider.
type attempt struct {
	State    string    `json:"state"`
	Nonce    string    `json:"nonce"`
	Verifier string    `json:"verifier"` // of PKCE
	To       string    `json:"to"`
	Expires  time.Time `json:"expires"`
}

// Refused is a login that is not one; the text is for whoever tried.
type Refused struct{ Text string }

func (r Refused) Error() string { return r.Text }

// errAway is the answer while the provider cannot be asked.
var errAway = errors.New("the OpenID provider cannot be reached: the receiver's log says why. Links in messages work without it")

// Start is the provider's address to which the browser is sent. To is where
// the way goes on afterwards.
func (g *Gate) Start(w http.ResponseWriter, r *http.Request, to string) (string, error) {
	client, _, err := g.client(r.Context())
	if err != nil {
		return "", err
	}
	a := attempt{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), To: Local(to), Expires: g.Now().Add(attemptFor)}
	g.cookie(w, r, attemptCookie, g.seal("login", a), attemptFor)
	return client.AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)), nil
}

// Local is an address on the board itself, "/" for any other.
func Local(to string) string {
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") {
		return "/"
	}
	return to
}

// client is how we are known to the provider.
func (g *Gate) client(ctx context.Context) (*oauth2.Config, *oidc.Provider, error) {
	spec := g.Catalog().Board.OIDC
	if spec == nil {
		return nil, nil, Refused{"nobody logs in here with OpenID Connect"}
	}
	provider, err := g.provider(ctx, spec.Issuer)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errAway, err)
	}
	secret := ""
	if spec.ClientSecretFile != "" {
		file := catalog.Secret{Path: spec.ClientSecretFile}
		if secret, err = file.Read(); err != nil {
			return nil, nil, fmt.Errorf("board.oidc.client_secret_file: %w", err)
		}
	}
	return &oauth2.Config{
		ClientID: spec.ClientID, ClientSecret: secret, Endpoint: provider.Endpoint(), Scopes: spec.Scopes,
		RedirectURL: strings.TrimSuffix(g.Catalog().Links.Board, "/") + Callback,
	}, provider, nil
}

// provider asks for what the provider says of itself once. Its keys are asked
// for again when it has new ones.
func (g *Gate) provider(ctx context.Context, issuer string) (*oidc.Provider, error) {
	g.mu.Lock()
	known := g.providers[issuer]
	g.mu.Unlock()
	if known != nil {
		return known, nil
	}
	// The provider lives longer than the request that asks for it first.
	asking, done := context.WithTimeout(context.WithoutCancel(ctx), providerWait)
	defer done()
	p, err := oidc.NewProvider(oidc.ClientContext(asking, g.HTTP), issuer)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.providers[issuer] = p
	return p, nil
}

// Finish takes what the provider sends somebody back with, and logs them in.
// It says as whom, and where the way goes on. An error that is theirs is a
// [Refused].
func (g *Gate) Finish(w http.ResponseWriter, r *http.Request) (v Visitor, to string, err error) {
	a, err := g.attempt(w, r)
	if err != nil {
		return v, "", err
	}
	ctx, done := context.WithTimeout(r.Context(), providerWait)
	defer done()
	client, provider, err := g.client(ctx)
	if err != nil {
		return v, "", err
	}
	token, err := client.Exchange(oidc.ClientContext(ctx, g.HTTP), r.FormValue("code"), oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return v, "", refusedBy(err)
	}
	raw, _ := token.Extra("id_token").(string)
	verified, err := provider.Verifier(&oidc.Config{ClientID: client.ClientID, Now: g.Now}).Verify(oidc.ClientContext(ctx, g.HTTP), raw)
	if err != nil {
		return v, "", fmt.Errorf("%w: %w", Refused{"what the provider sent is not valid: begin again"}, err)
	}
	if subtle.ConstantTimeCompare([]byte(verified.Nonce), []byte(a.Nonce)) != 1 {
		return v, "", Refused{"what the provider sent is for another login: begin again"}
	}
	s, err := identify(g.Catalog().Board.OIDC, verified)
	if err != nil {
		return v, "", err
	}
	g.begin(w, r, s)
	person := person(g.Catalog(), ByOIDC, s.Login)
	return Visitor{By: ByOIDC, Login: s.Login, Person: person, Role: role(g.Catalog().Board.Roles, person, s.Groups)}, a.To, nil
}

// attempt is the login that the browser began, once.
func (g *Gate) attempt(w http.ResponseWriter, r *http.Request) (attempt, error) {
	var a attempt
	cookie, err := r.Cookie(attemptCookie)
	g.cookie(w, r, attemptCookie, "", -time.Second)
	if err != nil || !g.open("login", cookie.Value, &a) || !g.Now().Before(a.Expires) {
		return a, Refused{"this login was begun in another browser or too long ago: begin again"}
	}
	if subtle.ConstantTimeCompare([]byte(r.FormValue("state")), []byte(a.State)) != 1 {
		return a, Refused{"this is the answer to another login: begin again"}
	}
	if problem := r.FormValue("error"); problem != "" {
		return a, Refused{"the provider did not log you in: " + clean(problem)}
	}
	return a, nil
}

// clean keeps what an error code of OAuth is made of.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || 'a' <= r && r <= 'z' {
			return r
		}
		return -1
	}, text[:min(len(text), 60)])
}

// refusedBy tells a provider that refuses from one that is away. What it says
// may hold our secret's echo, so nobody sees it.
func refusedBy(err error) error {
	if answer, is := errors.AsType[*oauth2.RetrieveError](err); is && answer.Response.StatusCode < http.StatusInternalServerError {
		return Refused{"the provider refused the login (" + clean(answer.ErrorCode) + "): begin again"}
	}
	return errAway
}

// identify reads as whom somebody logged in.
func identify(spec *catalog.OIDC, token *oidc.IDToken) (session, error) {
	var claims map[string]any
	if err := token.Claims(&claims); err != nil {
		return session{}, Refused{"the provider's claims cannot be read"}
	}
	login, _ := claims[spec.UserClaim].(string)
	if login == "" {
		return session{}, Refused{"the provider does not say the " + spec.UserClaim + " of whoever logs in: see board.oidc.user_claim and scopes"}
	}
	if verified, said := claims["email_verified"].(bool); spec.UserClaim == "email" && said && !verified {
		return session{}, Refused{"the provider has not verified this e-mail address"}
	}
	s := session{By: ByOIDC, Login: login}
	switch groups := claims[spec.GroupsClaim].(type) {
	case string:
		s.Groups = []string{groups}
	case []any:
		for _, group := range groups {
			if name, is := group.(string); is {
				s.Groups = append(s.Groups, name)
			}
		}
	}
	return s, nil
}
