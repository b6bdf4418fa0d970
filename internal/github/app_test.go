package github_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/internal/github"
)

// hosted is a GitHub with one app that is installed once; it gives out tokens
// by number, and takes only the last.
type hosted struct {
	t       *testing.T
	key     *rsa.PrivateKey
	now     time.Time
	url     string
	given   int
	revoked bool
	refuse  int // what a login gets
	asked   []string
}

func newHosted(t *testing.T) *hosted {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	h := &hosted{t: t, key: key, now: time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /app/installations/77/access_tokens", h.login)
	mux.HandleFunc("/repos/", func(w http.ResponseWriter, r *http.Request) {
		if h.revoked || r.Header.Get("Authorization") != fmt.Sprintf("Bearer ghs_%d", h.given) {
			h.asked = append(h.asked, "refused")
			h.revoked = false
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		h.asked = append(h.asked, r.Method)
		_, _ = fmt.Fprint(w, `{}`)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	h.url = server.URL
	return h
}

// login verifies what GitHub does: the signature, and a life of ten minutes.
func (h *hosted) login(w http.ResponseWriter, r *http.Request) {
	h.asked = append(h.asked, "login")
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	parts := strings.Split(token, ".")
	require.Len(h.t, parts, 3)
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	require.NoError(h.t, err)
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(h.t, err)
	var claims struct {
		Issuer string `json:"iss"`
		At     int64  `json:"iat"`
		Until  int64  `json:"exp"`
	}
	require.NoError(h.t, json.Unmarshal(text, &claims))
	good := rsa.VerifyPKCS1v15(&h.key.PublicKey, crypto.SHA256, sum[:], signature) == nil
	if !good || claims.Issuer != "123456" || claims.At > h.now.Unix() || claims.Until-h.now.Unix() > 600 || claims.Until < h.now.Unix() {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if h.refuse != 0 {
		w.WriteHeader(h.refuse)
		return
	}
	h.given++
	w.WriteHeader(http.StatusCreated)
	_, _ = fmt.Fprintf(w, `{"token":"ghs_%d","expires_at":%q}`, h.given, h.now.Add(time.Hour).Format(time.RFC3339))
}

func (h *hosted) client(key string) *github.Client {
	return client(h.t, github.Options{
		API: h.url, Gap: time.Nanosecond, Now: func() time.Time { return h.now },
		App: &github.App{ID: "123456", Installation: 77, Key: func() (string, error) { return key, nil }},
	})
}

func (h *hosted) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(h.key)}))
}

// TestAnAppLogsIn: one token for an hour, the next in time, and another when
// GitHub takes it no longer.
func TestAnAppLogsIn(t *testing.T) {
	h := newHosted(t)
	c := h.client(h.pem())
	read := func() {
		_, err := c.Get(t.Context(), "repos/x", &struct{}{})
		require.NoError(t, err)
	}
	read()
	read()
	require.NoError(t, c.Write(t.Context(), http.MethodPost, "repos/x", struct{}{}, nil))
	h.now = h.now.Add(59*time.Minute + time.Second)
	read()
	require.Equal(t, []string{"login", "GET", "GET", "POST", "login", "GET"}, h.asked)

	h.asked, h.revoked = nil, true
	require.NoError(t, c.Write(t.Context(), http.MethodPost, "repos/x", struct{}{}, nil))
	require.Equal(t, []string{"refused", "login", "POST"}, h.asked)
}

func TestAKeyMayBeKeptInBothForms(t *testing.T) {
	h := newHosted(t)
	text, err := x509.MarshalPKCS8PrivateKey(h.key)
	require.NoError(t, err)
	_, err = h.client(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: text}))).Get(t.Context(), "repos/x", &struct{}{})
	require.NoError(t, err)
}

func TestALoginThatIsRefused(t *testing.T) {
	h := newHosted(t)
	for _, c := range []struct {
		name, key, want string
		code            int
		temporary       bool
	}{
		{"the wrong key", newHosted(t).pem(), "401 Unauthorized (the id or the key of accounts.github.app is wrong, or this machine's clock)", 0, false},
		{"no key", "s3cr3t", "accounts.github.app.key_file: want the RSA private key that GitHub gave, in PEM", 0, false},
		{"half a key", h.pem()[:200], "accounts.github.app.key_file: want", 0, false},
		{"no such installation", h.pem(), "404 Not Found (accounts.github.app.installation is none of the app's)", http.StatusNotFound, false},
		{"GitHub is away", h.pem(), "502 Bad Gateway", http.StatusBadGateway, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.refuse = c.code
			_, err := h.client(c.key).Get(t.Context(), "repos/x", &struct{}{})
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "s3cr3t")
			require.NotContains(t, err.Error(), "eyJ")
			var refused *github.Error
			if c.temporary {
				require.ErrorAs(t, err, &refused)
				require.True(t, refused.Temporary())
			}
		})
	}
}
