package board_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board/login"
)

// passwords are users, without bcrypt's slowness.
type passwords map[string]string

func (p passwords) Any() (bool, error)              { return len(p) > 0, nil }
func (p passwords) Has(name string) (bool, error)   { return p[name] != "", nil }
func (p passwords) Check(n, w string) (bool, error) { return p[n] != "" && p[n] == w, nil }

const guarded = `
monitoring: {team: shop}
links: {board: BOARD}
people:
  asha: {name: Asha Rao, logins: [asha.rao@example.org]}
  ben: {name: Ben}
teams: {shop: {}}
services: {shop: {team: shop}}
board:
`

// guard is a board at which people log in.
type guard struct {
	t     *testing.T
	desk  *desk
	url   string
	now   time.Time
	users passwords
}

func newGuard(t *testing.T, section string) *guard {
	t.Helper()
	g := &guard{t: t, desk: &desk{summary: "shop is down"}, now: now, users: passwords{}}
	server := httptest.NewUnstartedServer(nil)
	g.url = "http://" + server.Listener.Addr().String()
	g.desk.written = strings.Replace(guarded, "BOARD", g.url, 1) + section
	clock := func() time.Time { return g.now }
	gate := login.New(login.Options{
		Key: []byte("a key of a test"), Catalog: g.desk.Catalog, Passwords: g.users, Token: g.desk.Caller, HTTP: http.DefaultClient, Now: clock,
	})
	handler, err := board.New(board.Options{Desk: g.desk, Gate: gate, Now: clock})
	require.NoError(t, err)
	server.Config.Handler = handler
	server.Start()
	t.Cleanup(server.Close)
	return g
}

// browser is one that follows redirects and keeps cookies.
func (g *guard) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	require.NoError(g.t, err)
	return &http.Client{Jar: jar}
}

func (g *guard) get(client *http.Client, path string) (int, string) {
	g.t.Helper()
	response, err := client.Get(g.url + path)
	require.NoError(g.t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(g.t, err)
	return response.StatusCode, string(text)
}

// send sends a form of a page, with the page's number.
func (g *guard) send(client *http.Client, page, path string, fields url.Values) (int, string) {
	g.t.Helper()
	_, text := g.get(client, page)
	if found := formToken.FindStringSubmatch(text); found != nil {
		fields.Set("form", found[1])
	}
	response, err := client.PostForm(g.url+path, fields)
	require.NoError(g.t, err)
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	require.NoError(g.t, err)
	return response.StatusCode, string(answer)
}

// withOIDC is the section for a provider; the file holds the secret.
func withOIDC(t *testing.T, issuer, secret, roles string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(file, []byte(secret+"\n"), 0o600))
	return "  oidc: {issuer: " + issuer + ", client_id: tocsin, client_secret_file: " + file + "}\n  roles: " + roles + "\n"
}

func TestLoggingInAtAnOpenIDProvider(t *testing.T) {
	p := newProvider(t)
	g := newGuard(t, withOIDC(t, p.URL, "hunter2", "{respond: [asha], admin: [\"group:sre\"]}"))
	me := g.browser()
	_, text := g.get(me, "/incidents/1")
	require.Contains(t, text, "Log in with your organisation", "who is not logged in sees nothing")
	require.NotContains(t, text, "shop is down")

	_, text = g.get(me, "/login/openid?to=/incidents/1")
	require.Contains(t, text, "shop is down", "the way goes on")
	require.Contains(t, text, "Asha Rao")
	require.Equal(t, g.url+"/login/callback", p.asked.Get("redirect_uri"))
	require.NotContains(t, text, `name="person"`, "who acts is not a field any more")

	code, _ := g.send(me, "/incidents/1", "/incidents/1/acknowledge", url.Values{"person": {"ben"}})
	require.Equal(t, 200, code)
	require.Equal(t, []string{"asha by the board, logged in by OpenID Connect as Asha.Rao@example.org"}, g.desk.acknowledged, "nobody acts in another's name")
	code, _ = g.get(me, "/audit")
	require.Equal(t, 403, code, "the audit is for admins")
	require.Len(t, g.desk.deeds, 2)
	require.Equal(t, "log in", g.desk.deeds[0].What)
	require.Equal(t, "POST /incidents/1/acknowledge", g.desk.deeds[1].What)
	require.Equal(t, "asha", g.desk.deeds[1].Person)
	require.Equal(t, "127.0.0.1", g.desk.deeds[1].Address)

	p.claims["groups"] = []string{"sre", "choir"}
	g.get(me, "/login/openid?to=/")
	code, text = g.get(me, "/audit")
	require.Equal(t, 200, code)
	require.Contains(t, text, "POST /incidents/1/acknowledge")

	cookies := me.Jar.Cookies(parsed(t, g.url))
	_, text = g.send(me, "/", "/logout", url.Values{})
	require.Contains(t, text, "Log in with your organisation")
	me.Jar.SetCookies(parsed(t, g.url), cookies)
	_, text = g.get(me, "/")
	require.Contains(t, text, "Log in with your organisation", "a cookie that was kept is no good after the log out")
}

func parsed(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	return u
}

func TestASessionEndsAndFollowsTheCatalogue(t *testing.T) {
	p := newProvider(t)
	g := newGuard(t, withOIDC(t, p.URL, "hunter2", "{respond: [asha], read: [asha]}"))
	me := g.browser()
	g.get(me, "/login/openid?to=/")
	code, text := g.get(me, "/")
	require.Equal(t, 200, code)
	require.Contains(t, text, "shop is down")

	g.desk.Catalog().Board.Roles.Respond = []string{"ben"}
	_, text = g.get(me, "/")
	require.Contains(t, text, "reads only")
	require.NotContains(t, text, "/acknowledge\"")
	code, _ = g.send(me, "/", "/incidents/1/acknowledge", url.Values{})
	require.Equal(t, 403, code)
	g.desk.Catalog().Board.Roles.Read = []string{"ben"}
	code, _ = g.get(me, "/")
	require.Equal(t, 403, code)
	g.desk.Catalog().Board.Roles.Read = nil
	g.now = g.now.Add(12*time.Hour + time.Second)
	_, text = g.get(me, "/")
	require.Contains(t, text, "Log in with your organisation", "a session ends")
	require.Empty(t, g.desk.acknowledged)
}

func TestAProviderThatLies(t *testing.T) {
	cases := []struct {
		name string
		lie  func(*provider)
		code int
		want string
	}{
		{"another nonce", func(p *provider) { p.claims["nonce"] = "other" }, 403, "is for another login"},
		{"no nonce", func(p *provider) { p.claims["nonce"] = "" }, 403, "is for another login"},
		{"another audience", func(p *provider) { p.claims["aud"] = "wiki" }, 403, "is not valid"},
		{"another issuer", func(p *provider) { p.claims["iss"] = "https://evil.example.org" }, 403, "is not valid"},
		{"expired", func(p *provider) { p.claims["exp"] = now.Add(-time.Minute).Unix() }, 403, "is not valid"},
		{"another key", func(p *provider) { p.forge = true }, 403, "is not valid"},
		{"no address", func(p *provider) { p.claims["email"] = nil }, 403, "does not say the email"},
		{"an address that is not verified", func(p *provider) { p.claims["email_verified"] = false }, 403, "has not verified"},
		{"a refusal", func(p *provider) { p.refuses = "access_denied<script>" }, 403, "did not log you in: access_deniedscript"},
		{"an error", func(p *provider) { p.away = true }, 503, "cannot be asked now"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := newProvider(t)
			c.lie(p)
			g := newGuard(t, withOIDC(t, p.URL, "hunter2", "{}"))
			me := g.browser()
			code, text := g.get(me, "/login/openid?to=/")
			require.Equal(t, c.code, code, text)
			require.Contains(t, text, c.want)
			require.NotContains(t, text, "hunter2")
			_, text = g.get(me, "/")
			require.NotContains(t, text, "shop is down")
			require.Empty(t, g.desk.deeds)
		})
	}
}

func TestALoginThatSomebodyElseBegan(t *testing.T) {
	p := newProvider(t)
	g := newGuard(t, withOIDC(t, p.URL, "hunter2", "{}"))
	attacker, victim := g.browser(), g.browser()
	stop := errors.New("not followed")
	attacker.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/login/callback" {
			return http.ErrUseLastResponse
		}
		return nil
	}
	response, err := attacker.Get(g.url + "/login/openid")
	require.NoError(t, err, stop)
	_ = response.Body.Close()
	answer := strings.TrimPrefix(response.Header.Get("Location"), g.url)
	require.True(t, strings.HasPrefix(answer, "/login/callback?"), answer)
	code, text := g.get(victim, answer)
	require.Equal(t, 403, code)
	require.Contains(t, text, "begun in another browser")

	g.now = g.now.Add(11 * time.Minute)
	code, text = g.get(attacker, answer)
	require.Equal(t, 403, code)
	require.Contains(t, text, "too long ago")
}

func TestAWrongClientSecret(t *testing.T) {
	p := newProvider(t)
	g := newGuard(t, withOIDC(t, p.URL, "hunter3", "{}"))
	code, text := g.get(g.browser(), "/login/openid")
	require.Equal(t, 403, code)
	require.Contains(t, text, "the provider refused the login (invalid_client)")
	require.NotContains(t, text, "hunter3")
}

func TestLoggingInWithAPassword(t *testing.T) {
	g := newGuard(t, "  anonymous: read\n")
	g.users["asha"], g.users["guest"] = "open sesame", "guest"
	me := g.browser()
	_, text := g.get(me, "/")
	require.Contains(t, text, "shop is down", "everybody may read")
	require.Contains(t, text, `href="/login?to=%2f"`)
	require.NotContains(t, text, "/acknowledge\"")
	code, _ := g.send(me, "/maintenance", "/incidents/1/acknowledge", url.Values{"person": {"ben"}})
	require.Equal(t, 401, code)

	require.Equal(t, 401, g.password(me, "asha", "wrong"))
	require.Equal(t, 200, g.password(me, "asha", "open sesame"))
	code, _ = g.send(me, "/", "/incidents/1/acknowledge", url.Values{})
	require.Equal(t, 200, code)
	require.Equal(t, []string{"asha by the board, logged in by password as asha"}, g.desk.acknowledged)

	guest := g.browser()
	require.Equal(t, 200, g.password(guest, "guest", "guest"))
	_, text = g.get(guest, "/")
	require.Contains(t, text, "reads only", "who is nobody in the catalogue answers nothing")
	delete(g.users, "asha")
	_, text = g.get(me, "/")
	require.NotContains(t, text, "Log out", "a user who was removed is out at once")
}

// password logs a browser in with a password.
func (g *guard) password(client *http.Client, name, word string) int {
	g.t.Helper()
	request, err := http.NewRequestWithContext(g.t.Context(), http.MethodGet, g.url+"/login/password?to=/", nil)
	require.NoError(g.t, err)
	request.SetBasicAuth(name, word)
	response, err := client.Do(request)
	require.NoError(g.t, err)
	_ = response.Body.Close()
	return response.StatusCode
}

func TestFormsOfOthersAreRefused(t *testing.T) {
	g := newGuard(t, "  anonymous: respond\n")
	me, other := g.browser(), g.browser()
	_, text := g.get(other, "/")
	theirs := formToken.FindStringSubmatch(text)[1]
	g.get(me, "/")
	for name, token := range map[string]string{"none": "", "another's": theirs, "rubbish": "x"} {
		response, err := me.PostForm(g.url+"/incidents/1/acknowledge", url.Values{"person": {"asha"}, "form": {token}})
		require.NoError(t, err)
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		_ = response.Body.Close()
		require.Equal(t, 403, response.StatusCode, name)
		require.Contains(t, string(text), "made for another session")
	}
	require.Empty(t, g.desk.acted)
	code, _ := g.send(me, "/", "/incidents/1/acknowledge", url.Values{"person": {"asha"}})
	require.Equal(t, 200, code)
	require.Len(t, g.desk.acted, 1)
}

func TestTheAPIWantsAProof(t *testing.T) {
	g := newGuard(t, "  roles: {}\n")
	g.users["ben"] = "open sesame"
	call := func(method, path, authorization, media string) int {
		request, err := http.NewRequestWithContext(t.Context(), method, g.url+path, strings.NewReader(`{"person": "asha"}`))
		require.NoError(t, err)
		request.Header.Set("Content-Type", media)
		if authorization == "ben" {
			request.SetBasicAuth("ben", "open sesame")
		} else if authorization != "" {
			request.Header.Set("Authorization", authorization)
		}
		response, err := http.DefaultTransport.RoundTrip(request)
		require.NoError(t, err)
		_ = response.Body.Close()
		return response.StatusCode
	}
	const acknowledge, asJSON = "/api/v1/incidents/1/acknowledge", "application/json"
	require.Equal(t, 401, call("GET", "/api/v1/incidents", "", ""))
	require.Equal(t, 401, call("GET", "/api/v1/incidents", "Bearer wrong", ""))
	require.Equal(t, 200, call("GET", "/api/v1/incidents", "ben", ""))
	require.Equal(t, 200, call("GET", "/api/v1/incidents", "Bearer hush", ""))
	require.Equal(t, 401, call("POST", acknowledge, "", asJSON))
	require.Equal(t, 415, call("POST", acknowledge, "ben", "text/plain"), "another site's form can send this")
	require.Empty(t, g.desk.acted)
	require.Equal(t, 200, call("POST", acknowledge, "Bearer hush", asJSON))
	require.Equal(t, []string{"asha by the API with the token deploy"}, g.desk.acknowledged, "a program says for whom")
	require.Equal(t, 400, call("POST", acknowledge, "ben", asJSON), "ben is nobody to this desk, and asha is not ben")
	require.Equal(t, 200, call("GET", "/acknowledge/good", "", ""), "a link in a message needs no login")
	require.Equal(t, 200, call("GET", "/assets/board.css", "", ""))
	var by []string
	for _, deed := range g.desk.deeds {
		by = append(by, deed.By)
	}
	require.Equal(t, []string{"password", "token", "password"}, by)
}
