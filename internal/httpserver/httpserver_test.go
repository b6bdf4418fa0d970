package httpserver_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/internal/httpserver"
	"github.com/tocsin-monitoring/tocsin/internal/logging"
)

func listen(t *testing.T, h http.HandlerFunc, webConfig string) *httpserver.Server {
	t.Helper()
	s, err := httpserver.Listen(httpserver.Options{
		Addresses: []string{"127.0.0.1:0"}, WebConfigFile: webConfig, Handler: h, Logger: logging.Nop(),
	})
	require.NoError(t, err)
	return s
}

func TestServesUntilTheContextEndsAndStreamsEndWithIt(t *testing.T) {
	streaming := make(chan struct{})
	s := listen(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/stream" {
			w.(http.Flusher).Flush()
			close(streaming)
			<-r.Context().Done()
			return
		}
		_, _ = io.WriteString(w, "hello")
	}, "")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()

	require.Equal(t, "hello", get(t, "http://"+s.Addr()+"/", http.StatusOK))
	go func() {
		if resp, err := http.Get("http://" + s.Addr() + "/stream"); err == nil {
			_ = resp.Body.Close()
		}
	}()
	<-streaming
	cancel()
	require.NoError(t, <-done)
}

func TestBasicAuthenticationComesFromTheWebConfiguration(t *testing.T) {
	file := filepath.Join(t.TempDir(), "web.yml")
	// bcrypt of "secret"
	require.NoError(t, os.WriteFile(file, []byte("basic_auth_users: {ops: $2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG}\n"), 0o600))
	s := listen(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "in") }, file)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	get(t, "http://"+s.Addr()+"/", http.StatusUnauthorized)
	cancel()
	require.NoError(t, <-done)
}

func TestABusyPortIsAnErrorThatSaysWhatToDo(t *testing.T) {
	s := listen(t, nil, "")
	_, err := httpserver.Listen(httpserver.Options{Addresses: []string{s.Addr()}, Logger: logging.Nop()})
	require.ErrorContains(t, err, "listening on \""+s.Addr()+"\"")
	require.ErrorContains(t, err, "--web.listen-address")
}

func get(t *testing.T, url string, status int) string {
	t.Helper()
	resp, err := http.Get(url)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Equal(t, status, resp.StatusCode)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body)
}

// TestTheHandlersOwnUsers: with TLS and passwords in the configuration, every
// route is served by TLS, and the handler asks for passwords where it wants.
func TestTheHandlersOwnUsers(t *testing.T) {
	folder := t.TempDir()
	certificate := httptest.NewTLSServer(nil) // for its certificate
	certificate.Close()
	pair := certificate.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	require.NoError(t, err)
	for name, block := range map[string]*pem.Block{"cert": {Type: "CERTIFICATE", Bytes: pair.Certificate[0]}, "key": {Type: "PRIVATE KEY", Bytes: key}} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(block), 0o600))
	}
	file := filepath.Join(folder, "web.yml")
	write := func(hash string) {
		require.NoError(t, os.WriteFile(file, []byte(`
tls_server_config: {cert_file: cert, key_file: key}
http_server_config: {headers: {Strict-Transport-Security: max-age=60}}
basic_auth_users: {ops: `+hash+"}\n"), 0o600))
	}
	write("$2a$04$Fprn95YreUd1YJ.viioga.WAISr.nm5rhcBnLjUs81FEbynhJqVdW")
	users := httpserver.NewUsers(file)
	s, err := httpserver.Listen(httpserver.Options{
		Addresses: []string{"127.0.0.1:0"}, WebConfigFile: file, OwnUsers: true, Logger: logging.Nop(),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			name, password, _ := r.BasicAuth()
			if good, err := users.Check(name, password); r.URL.Path != "/open" && (err != nil || !good) {
				w.WriteHeader(http.StatusUnauthorized)
			}
		}),
	})
	require.NoError(t, err)
	require.True(t, s.Local())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	roots := x509.NewCertPool()
	roots.AddCert(certificate.Certificate())
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "example.com"}, ForceAttemptHTTP2: true}}
	ask := func(path, name, password string) int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+s.Addr()+path, nil)
		require.NoError(t, err)
		request.SetBasicAuth(name, password)
		response, err := client.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, 2, response.ProtoMajor)
		require.Equal(t, "max-age=60", response.Header.Get("Strict-Transport-Security"))
		return response.StatusCode
	}
	require.Equal(t, 200, ask("/open", "", ""))
	require.Equal(t, 401, ask("/", "", ""))
	require.Equal(t, 401, ask("/", "ops", "wrong"))
	require.Equal(t, 401, ask("/", "dev", "open sesame"))
	for range 2 { // compared, and remembered
		require.Equal(t, 200, ask("/", "ops", "open sesame"))
	}
	write("$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG")
	require.Equal(t, 401, ask("/", "ops", "open sesame"), "a changed password counts at once")
	is, err := users.Has("ops")
	require.NoError(t, err)
	require.True(t, is)
	require.NoError(t, os.WriteFile(file, []byte("nonsense: true\n"), 0o600))
	_, err = users.Any()
	require.ErrorContains(t, err, "web.yml")
	none, err := httpserver.NewUsers("").Any()
	require.NoError(t, err)
	require.False(t, none)
	cancel()
	require.NoError(t, <-done)
}
