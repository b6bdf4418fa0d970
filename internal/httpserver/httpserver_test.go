package httpserver_test

import (
	"context"
	"io"
	"net/http"
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
