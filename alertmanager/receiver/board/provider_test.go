package board_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
)

// provider is an OpenID provider at which everybody is logged in already. What
// it signs can be changed, so that it lies.
type provider struct {
	*httptest.Server
	t          *testing.T
	key, other *rsa.PrivateKey

	claims  map[string]any        // put over those of a good token
	forge   bool                  // sign with another key under the same name
	away    bool                  // the token endpoint is broken
	asked   url.Values            // of the last authorization
	refuses string                // an error instead of a code
	grants  map[string]url.Values // authorizations by code
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{t: t, grants: map[string]url.Values{}, claims: map[string]any{}}
	for _, key := range []**rsa.PrivateKey{&p.key, &p.other} {
		var err error
		*key, err = rsa.GenerateKey(rand.Reader, 2048)
		require.NoError(t, err)
	}
	mux := http.NewServeMux()
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	answer := func(w http.ResponseWriter, value any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(value)
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: "k", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		if p.away {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		token, problem := p.redeem(r)
		if problem != "" {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			answer(w, map[string]any{"error": problem})
			return
		}
		answer(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": token})
	})
	return p
}

func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	p.asked = r.URL.Query()
	back := url.Values{"state": {p.asked.Get("state")}}
	if p.refuses != "" {
		back.Set("error", p.refuses)
	} else {
		code := rand.Text()
		p.grants[code] = p.asked
		back.Set("code", code)
	}
	http.Redirect(w, r, p.asked.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

// redeem changes a code for a token, once, for whoever knows the secret and the
// verifier.
func (p *provider) redeem(r *http.Request) (token, problem string) {
	id, secret, _ := r.BasicAuth()
	if id == "" {
		id, secret = r.FormValue("client_id"), r.FormValue("client_secret")
	}
	grant, known := p.grants[r.FormValue("code")]
	delete(p.grants, r.FormValue("code"))
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	switch {
	case id != "tocsin" || secret != "hunter2":
		return "", "invalid_client"
	case !known, grant.Get("code_challenge_method") != "S256", base64.RawURLEncoding.EncodeToString(sum[:]) != grant.Get("code_challenge"):
		return "", "invalid_grant"
	}
	claims := map[string]any{
		"iss": p.URL, "aud": "tocsin", "sub": "1", "email": "Asha.Rao@example.org", "nonce": grant.Get("nonce"),
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
	}
	for name, value := range p.claims {
		claims[name] = value
	}
	return p.sign(claims), ""
}

func (p *provider) sign(claims map[string]any) string {
	key := p.key
	if p.forge {
		key = p.other
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, nil)
	require.NoError(p.t, err)
	text, err := json.Marshal(claims)
	require.NoError(p.t, err)
	signed, err := signer.Sign(text)
	require.NoError(p.t, err)
	token, err := signed.CompactSerialize()
	require.NoError(p.t, err)
	return token
}
