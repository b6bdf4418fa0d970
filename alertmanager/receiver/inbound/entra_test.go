package inbound

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// issuer is Entra as far as it is asked.
func issuer(t *testing.T) (*httptest.Server, func(claims map[string]any) string) {
	t.Helper()
	key := amazonKey()
	encoded := base64.RawURLEncoding.EncodeToString
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": server.URL, "jwks_uri": server.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"}})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"k","n":"`+encoded(key.N.Bytes())+`","e":"AQAB"}]}`)
	})
	return server, func(claims map[string]any) string {
		text, err := json.Marshal(claims)
		require.NoError(t, err)
		head := encoded([]byte(`{"alg":"RS256","kid":"k","typ":"JWT"}`)) + "." + encoded(text)
		sum := sha256.Sum256([]byte(head))
		signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
		require.NoError(t, err)
		return head + "." + encoded(signature)
	}
}

func TestSecureWebhooksOfAzure(t *testing.T) {
	server, token := issuer(t)
	claims := func(change func(map[string]any)) string {
		c := map[string]any{
			"iss": server.URL, "aud": "api://tocsin", "appid": "461e8683-5575-4561-ac7f-899cc907d62a", "roles": []string{"ActionGroupsSecureWebhook"},
			"exp": time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC).Unix(), "iat": time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC).Unix(),
		}
		change(c)
		return "Bearer " + token(c)
	}
	good := claims(func(map[string]any) {})
	forged := good[:len(good)-20] + "AAAAAAAAAAAAAAAAAAAA"
	for name, c := range map[string]struct {
		authorization string
		want          int
	}{
		"good":             {good, 200},
		"version 2":        {claims(func(c map[string]any) { c["azp"] = c["appid"]; delete(c, "appid") }), 200},
		"none":             {"", 401},
		"a password":       {"Basic eDp5", 401},
		"rubbish":          {"Bearer x", 401},
		"forged":           {forged, 401},
		"another audience": {claims(func(c map[string]any) { c["aud"] = "api://other" }), 401},
		"another issuer":   {claims(func(c map[string]any) { c["iss"] = "https://example.org" }), 401},
		"another program":  {claims(func(c map[string]any) { c["appid"] = "x" }), 401},
		"without the role": {claims(func(c map[string]any) { c["roles"] = []string{"Reader"} }), 401},
		"expired":          {claims(func(c map[string]any) { c["exp"] = time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC).Unix() }), 401},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGate(t)
			g.catalog.Inbound["azure"].TokenFile = ""
			g.catalog.Inbound["azure"].Azure.Entra = &catalog.Entra{
				Issuer: server.URL, Audience: "api://tocsin", Client: "461e8683-5575-4561-ac7f-899cc907d62a", Role: "ActionGroupsSecureWebhook",
			}
			g.handler.entra.http = server.Client()
			code, text := g.post("/api/v1/inbound/azure", g.file("azure-metric.json"), "Authorization", c.authorization)
			require.Equal(t, c.want, code, text)
		})
	}
	g := newGate(t)
	g.catalog.Inbound["azure"].Azure.Entra = &catalog.Entra{Issuer: "http://127.0.0.1:1", Audience: "a"}
	g.catalog.Inbound["azure"].TokenFile = ""
	g.handler.entra.http = http.DefaultClient
	code, _ := g.post("/api/v1/inbound/azure", g.file("azure-metric.json"), "Authorization", good)
	require.Equal(t, 503, code, "the issuer is away: Azure comes again")
}
