package github

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// App is the login of a GitHub App, in place of a person's token: a request
// signed with its key gives a token of one installation, which is good for an
// hour. See https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app.
type App struct {
	ID           string // the app's id, or its client id
	Installation int
	Key          func() (string, error) // PEM, read for each login, so that a changed key counts at once
}

// As are the options for an account of the catalogue.
func (o Options) As(a *catalog.GitHubAccount) Options {
	o.API = a.API
	switch {
	case a.App != nil:
		o.App = &App{ID: a.App.ID, Installation: a.App.Installation, Key: a.Secret}
	case a.Token != nil:
		o.Token = a.Token.Read
	}
	return o
}

// installed is a token of an installation; guarded by the client's turn.
type installed struct {
	token string
	until time.Time
}

const (
	// appEarly is how long before its end a token is not used any more.
	appEarly = time.Minute
	// GitHub takes a login of at most ten minutes, and clocks differ.
	appLogin, appSkew = 8 * time.Minute, time.Minute
)

// installation gives the token in use, or fetches one.
func (c *Client) installation(ctx context.Context) (string, error) {
	if c.o.Now().Before(c.installed.until) {
		return c.installed.token, nil
	}
	login, err := c.o.App.login(c.o.Now())
	if err != nil {
		return "", err
	}
	path := fmt.Sprintf("app/installations/%d/access_tokens", c.o.App.Installation)
	target, err := c.resolve(path)
	if err != nil {
		return "", err
	}
	got, err := c.do(ctx, request{method: http.MethodPost, url: target, body: []byte("{}"), token: login})
	if err != nil {
		return "", err
	}
	a, err := c.judge(http.MethodPost, target, got)
	if err != nil {
		return "", err
	}
	var given struct {
		Token string    `json:"token"`
		Until time.Time `json:"expires_at"`
	}
	if err := decode(http.MethodPost, path, a.body, &given); err != nil {
		return "", err
	}
	if given.Token == "" {
		return "", &Error{Kind: Malformed, Method: http.MethodPost, Path: path, Message: "the answer holds no token"}
	}
	c.installed = installed{given.Token, given.Until.Add(-appEarly)}
	return given.Token, nil
}

// forget drops the token; false when there was none, so that asking again is
// of no use.
func (c *Client) forget() bool {
	had := c.installed.token != ""
	c.installed = installed{}
	return had
}

// login is a JSON Web Token by which the app proves who it is.
func (a *App) login(now time.Time) (string, error) {
	key, err := a.key()
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{"iat": now.Add(-appSkew).Unix(), "exp": now.Add(appLogin).Unix(), "iss": a.ID})
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + encode(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", errors.New("signing the login of accounts.github.app: the key is too small")
	}
	return text + "." + encode(signature), nil
}

// key reads the private key, in either form in which it may be kept. Errors
// tell nothing of it.
func (a *App) key() (*rsa.PrivateKey, error) {
	text, err := a.Key()
	if err != nil {
		return nil, err
	}
	wrong := errors.New("accounts.github.app.key_file: want the RSA private key that GitHub gave, in PEM")
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, wrong
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok {
		return nil, wrong
	}
	return key, nil
}
