package amapi_test

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/internal/amapi"
)

// member is one of a cluster.
type member struct {
	mutex sync.Mutex
	posts [][]amapi.Alert
	login string // wanted in Authorization
	then  http.HandlerFunc
}

func (m *member) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case m.login != "" && r.Header.Get("Authorization") != m.login:
		w.WriteHeader(http.StatusUnauthorized)
	case m.then != nil:
		m.then(w, r)
	case r.Method != http.MethodPost || r.URL.Path != "/prefix/api/v2/alerts" || r.Header.Get("Content-Type") != "application/json":
		w.WriteHeader(http.StatusNotFound)
	default:
		var alerts []amapi.Alert
		if json.NewDecoder(r.Body).Decode(&alerts) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		m.mutex.Lock()
		defer m.mutex.Unlock()
		m.posts = append(m.posts, alerts)
	}
}

func (m *member) serve(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	return server.URL + "/prefix/"
}

func alerts(count int) []amapi.Alert {
	list := make([]amapi.Alert, count)
	for n := range list {
		list[n].Labels = map[string]string{"alertname": "A", "n": strconv.Itoa(n)}
	}
	return list
}

func TestEveryMemberHearsEverything(t *testing.T) {
	first, second, away := &member{}, &member{}, &member{then: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }}
	members := []string{first.serve(t), away.serve(t), second.serve(t)}
	problems := amapi.New(nil, http.DefaultClient).Post(t.Context(), members, alerts(1234))
	require.NoError(t, problems[0])
	require.EqualError(t, problems[1], "it answered 502")
	require.False(t, amapi.Final(problems[1]))
	require.NoError(t, problems[2])
	for _, m := range []*member{first, second} {
		require.Len(t, m.posts, 3)
		require.Equal(t, []int{500, 500, 234}, []int{len(m.posts[0]), len(m.posts[1]), len(m.posts[2])})
		require.Equal(t, "1233", m.posts[2][233].Labels["n"])
	}
}

// What a refusal means is told, for whoever has to mend it.
func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		name  string
		then  http.HandlerFunc
		want  string
		final bool
	}{
		{"a bad alert", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte("\"start time must be\\n before \\u0007end time\"\n"))
		}, "it answered 400: start time must be before end time", true},
		{"a login", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, "it answered 401: it wants a login (add accounts.alertmanager to the catalogue)", true},
		{"another role", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, "it answered 403: the login is not good enough (see accounts.alertmanager of the catalogue)", true},
		{"another address", http.NotFound, "it answered 404: there is no Alertmanager with the v2 API (links.alertmanager wants its address, with the prefix if it has one)", true},
		{"a page to log in", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://login.example.org/start?token=hush", http.StatusFound)
		}, "it answered 302: it sends us on to login.example.org (links.alertmanager wants the address where it answers itself)", true},
		{"too many", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }, "it answered 429", false},
		{"trouble", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte(strings.Repeat("x", 1000)))
		}, "it answered 500: " + strings.Repeat("x", 300), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := &member{then: test.then}
			client, address := amapi.New(nil, http.DefaultClient), m.serve(t)
			err := client.Post(t.Context(), []string{address}, alerts(1))[0]
			require.EqualError(t, err, test.want)
			require.Equal(t, test.final, amapi.Final(err))
			_, err = client.Get(t.Context(), address, "/api/v2/status") //nolint:bodyclose // there is none with an error
			require.EqualError(t, err, test.want)
		})
	}
}

func TestNobodyIsThere(t *testing.T) {
	err := amapi.New(nil, http.DefaultClient).Post(t.Context(), []string{"http://127.0.0.1:1"}, alerts(1))[0]
	require.ErrorContains(t, err, "connection refused")
	require.False(t, amapi.Final(err))
	// One that never answers is given up with the context.
	over := make(chan struct{})
	defer close(over)
	silent := &member{then: func(http.ResponseWriter, *http.Request) { <-over }}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err = amapi.New(nil, http.DefaultClient).Post(ctx, []string{silent.serve(t)}, alerts(1))[0]
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.False(t, amapi.Final(err))
	slow := amapi.New(&catalog.AlertmanagerAccount{TLS: &catalog.Encryption{}}, &http.Client{Timeout: 10 * time.Millisecond})
	_, err = slow.Get(t.Context(), silent.serve(t), "/api/v2/status") //nolint:bodyclose // there is none with an error
	require.ErrorContains(t, err, "Client.Timeout exceeded")
}

func secret(t *testing.T, name, text string) *catalog.Secret {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return &catalog.Secret{Path: file}
}

// A secret that is rotated is seen, and one that cannot be read names its file
// and nothing else.
func TestLogins(t *testing.T) {
	m := &member{login: "Basic dG9jc2luOmh1bnRlcjI="} // tocsin:hunter2
	members := []string{m.serve(t)}
	password := secret(t, "password", "wrong\n")
	client := amapi.New(&catalog.AlertmanagerAccount{Auth: &catalog.Auth{User: "tocsin", Password: password}}, http.DefaultClient)
	err := client.Post(t.Context(), members, alerts(1))[0]
	require.EqualError(t, err, "it answered 401: the login is not good enough (see accounts.alertmanager of the catalogue)")
	require.NoError(t, os.WriteFile(password.Path, []byte("hunter2\n"), 0o600))
	require.NoError(t, client.Post(t.Context(), members, alerts(1))[0])
	require.NoError(t, os.Remove(password.Path))
	err = client.Post(t.Context(), members, alerts(1))[0]
	require.ErrorContains(t, err, password.Path)
	require.NotContains(t, err.Error(), "hunter2")

	m.login = "Bearer hunter2"
	token := amapi.New(&catalog.AlertmanagerAccount{Auth: &catalog.Auth{Bearer: secret(t, "token", "hunter2\n")}}, http.DefaultClient)
	require.NoError(t, token.Post(t.Context(), members, alerts(1))[0])

	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"access_token": "` + map[string]string{"alerts": "hunter2"}[r.FormValue("audience")] + `", "token_type": "Bearer", "expires_in": 60}`))
	}))
	defer issuer.Close()
	asked := amapi.New(&catalog.AlertmanagerAccount{Auth: &catalog.Auth{OAuth2: &catalog.OAuth2{TokenURL: issuer.URL, Client: "tocsin", Secret: secret(t, "client", "s"), Audience: "alerts"}}}, http.DefaultClient)
	require.NoError(t, asked.Post(t.Context(), members, alerts(1))[0])
}

// An authority that is not there yet is looked for again.
func TestAnAuthorityOfOurOwn(t *testing.T) {
	m := &member{}
	server := httptest.NewTLSServer(m)
	defer server.Close()
	members := []string{server.URL + "/prefix"}
	require.ErrorContains(t, amapi.New(nil, &http.Client{}).Post(t.Context(), members, alerts(1))[0], "certificate signed by unknown authority")
	file := filepath.Join(t.TempDir(), "ca.pem")
	client := amapi.New(&catalog.AlertmanagerAccount{TLS: &catalog.Encryption{CAFile: file, MinVersion: catalog.TLS12}}, http.DefaultClient)
	err := client.Post(t.Context(), members, alerts(1))[0]
	require.ErrorContains(t, err, "accounts.alertmanager: ")
	require.ErrorContains(t, err, file)
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	require.NoError(t, client.Post(t.Context(), members, alerts(1))[0])
	require.Len(t, m.posts, 1)
}
