package demo_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/internal/demo"
)

func start(t *testing.T) (*demo.Estate, string) {
	t.Helper()
	dir := t.TempDir()
	const free = "127.0.0.1:0"
	estate, err := demo.New(demo.Options{Shop: free, Payments: free, Door: free, StateDir: dir})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- estate.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	return estate, dir
}

func visitor(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func get(t *testing.T, client *http.Client, address string) (int, string) {
	t.Helper()
	answer, err := client.Get(address)
	require.NoError(t, err)
	return read(t, answer)
}

func post(t *testing.T, client *http.Client, address string, form url.Values) (int, string) {
	t.Helper()
	answer, err := client.PostForm(address, form)
	require.NoError(t, err)
	return read(t, answer)
}

func read(t *testing.T, answer *http.Response) (int, string) {
	t.Helper()
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(body)
}

var csrf = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

func signIn(t *testing.T, client *http.Client, base, password string) (int, string) {
	t.Helper()
	_, form := get(t, client, base+"/login")
	token := csrf.FindStringSubmatch(form)
	require.NotNil(t, token, form)
	return post(t, client, base+"/login", url.Values{"user": {"probe"}, "password": {password}, "csrf": {token[1]}})
}

func TestShopWorks(t *testing.T) {
	estate, _ := start(t)
	client := visitor(t)

	status, body := get(t, client, estate.ShopURL()+"/")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, "Welcome to the shop")
	require.NotContains(t, body, "cannot take payments")

	status, _ = get(t, client, estate.ShopURL()+"/account")
	require.Equal(t, http.StatusFound, status, "a stranger has no account page")

	status, _ = signIn(t, client, estate.ShopURL(), "probe")
	require.Equal(t, http.StatusFound, status)
	status, body = get(t, client, estate.ShopURL()+"/account")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, "Sign out")
}

func TestLoginRefuses(t *testing.T) {
	estate, _ := start(t)

	status, _ := signIn(t, visitor(t), estate.ShopURL(), "guess")
	require.Equal(t, http.StatusUnauthorized, status)

	status, _ = post(t, visitor(t), estate.ShopURL()+"/login", url.Values{"user": {"probe"}, "password": {"probe"}, "csrf": {"invented.token"}})
	require.Equal(t, http.StatusForbidden, status)

	forged := &http.Cookie{Name: "shop_session", Value: "a.b"}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, estate.ShopURL()+"/account", nil)
	require.NoError(t, err)
	request.AddCookie(forged)
	answer, err := visitor(t).Do(request)
	require.NoError(t, err)
	status, _ = read(t, answer)
	require.Equal(t, http.StatusFound, status)
}

func TestSwitches(t *testing.T) {
	tests := []struct {
		name, broken, path string
		status             int
		text               string
	}{
		{"down", "down", "/", http.StatusServiceUnavailable, "closed"},
		{"down leaves the switches", "down", "/admin", http.StatusOK, "Mend"},
		{"down leaves the metrics", "down", "/metrics", http.StatusOK, "demo_active_users 0"},
		{"dependency leaves the shop", "dependency", "/", http.StatusOK, "cannot take payments"},
		{"login leaves the shop", "login", "/", http.StatusOK, "Welcome to the shop"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			estate, _ := start(t)
			client := visitor(t)
			status, _ := post(t, client, estate.ShopURL()+"/admin/"+test.broken+"/on", nil)
			require.Equal(t, http.StatusOK, status)

			status, body := get(t, client, estate.ShopURL()+test.path)
			require.Equal(t, test.status, status)
			require.Contains(t, body, test.text)

			status, _ = post(t, client, estate.ShopURL()+"/admin/reset", nil)
			require.Equal(t, http.StatusOK, status)
			_, body = get(t, client, estate.ShopURL()+"/")
			require.Contains(t, body, "Welcome to the shop")
			require.NotContains(t, body, "cannot take payments")
		})
	}
}

func TestLoginAndDependencySwitches(t *testing.T) {
	estate, _ := start(t)
	client := visitor(t)
	require.True(t, turn(t, estate, "login/on"))
	status, _ := signIn(t, client, estate.ShopURL(), "probe")
	require.Equal(t, http.StatusInternalServerError, status)

	require.True(t, turn(t, estate, "dependency/on"))
	status, _ = get(t, client, estate.PaymentsURL()+"/health")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.True(t, turn(t, estate, "dependency/off"))
	status, _ = get(t, client, estate.PaymentsURL()+"/health")
	require.Equal(t, http.StatusOK, status)
}

func TestSwitchesThatAreNotThere(t *testing.T) {
	estate, _ := start(t)
	status, body := post(t, visitor(t), estate.ShopURL()+"/admin/explode/on", nil)
	require.Equal(t, http.StatusNotFound, status)
	require.Equal(t, "turning \"explode\": no such switch (there are: login, down, dependency, slow, leak, disk, certificate)\n", body)

	status, body = post(t, visitor(t), estate.ShopURL()+"/admin/down/sideways", nil)
	require.Equal(t, http.StatusBadRequest, status)
	require.Equal(t, "turning \"down\" to \"sideways\": want on or off\n", body)
}

func TestAnotherSiteTurnsNothing(t *testing.T) {
	estate, _ := start(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, estate.ShopURL()+"/admin/down/on", nil)
	require.NoError(t, err)
	request.Header.Set("Origin", "https://elsewhere.example.org")
	answer, err := visitor(t).Do(request)
	require.NoError(t, err)
	status, _ := read(t, answer)
	require.Equal(t, http.StatusForbidden, status)
}

func TestCertificateSwitch(t *testing.T) {
	estate, dir := start(t)
	require.Greater(t, validity(t, estate, dir), 80*24*time.Hour)

	require.True(t, turn(t, estate, "certificate/on"))
	require.Less(t, validity(t, estate, dir), 11*24*time.Hour)
}

func TestPreparedStateIsKept(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, demo.Prepare(dir))
	for _, path := range []string{demo.AuthorityFile(dir), demo.TokenFile(dir)} {
		first, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, demo.Prepare(dir))
		second, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, first, second)
	}
	info, err := os.Stat(demo.TokenFile(dir))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestBusyAddressIsNamed(t *testing.T) {
	estate, _ := start(t)
	busy := strings.TrimPrefix(estate.PaymentsURL(), "http://")
	_, err := demo.New(demo.Options{Shop: "127.0.0.1:0", Payments: busy, Door: "127.0.0.1:0", StateDir: t.TempDir()})
	require.ErrorContains(t, err, `listening for payments on "`+busy+`"`)
	require.ErrorContains(t, err, "is another demo running?")
}

// validity is what remains of the certificate that the door presents, as a
// client sees it that trusts only the demo's authority.
func validity(t *testing.T, estate *demo.Estate, dir string) time.Duration {
	t.Helper()
	text, err := os.ReadFile(demo.AuthorityFile(dir))
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(text))
	dialer := &tls.Dialer{Config: &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"}}
	connection, err := dialer.DialContext(t.Context(), "tcp", estate.DoorAddr())
	require.NoError(t, err)
	defer connection.Close()
	secure, ok := connection.(*tls.Conn)
	require.True(t, ok)
	return time.Until(secure.ConnectionState().PeerCertificates[0].NotAfter)
}

func turn(t *testing.T, estate *demo.Estate, what string) bool {
	t.Helper()
	status, _ := post(t, visitor(t), estate.ShopURL()+"/admin/"+what, nil)
	return status == http.StatusOK
}
