package main

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEachRouteProvesInItsOwnWay: with passwords in the web configuration the
// board asks for one, and what others post does not need it.
func TestEachRouteProvesInItsOwnWay(t *testing.T) {
	folder := folderFor(t, "127.0.0.1:1")
	web := filepath.Join(folder, "web.yml")
	// bcrypt of "open sesame"
	require.NoError(t, os.WriteFile(web, []byte("basic_auth_users: {asha: $2a$04$Fprn95YreUd1YJ.viioga.WAISr.nm5rhcBnLjUs81FEbynhJqVdW}\n"), 0o600))
	p := start(t, folder, "--web.config.file="+web)
	require.Equal(t, http.StatusOK, p.post("f"), "Alertmanager has its token")
	ask := func(method, path, password string) int {
		request, err := http.NewRequestWithContext(t.Context(), method, p.url+path, nil)
		require.NoError(t, err)
		if password != "" {
			request.SetBasicAuth("asha", password)
		}
		response, err := http.DefaultTransport.RoundTrip(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response.StatusCode
	}
	require.Equal(t, http.StatusOK, ask("GET", "/metrics", ""))
	require.Equal(t, http.StatusOK, ask("GET", "/-/healthy", ""))
	require.Equal(t, http.StatusSeeOther, ask("GET", "/", ""))
	require.Equal(t, http.StatusUnauthorized, ask("GET", "/api/v1/incidents", ""))
	require.Equal(t, http.StatusUnauthorized, ask("GET", "/", "wrong"))
	require.Equal(t, http.StatusOK, ask("GET", "/", "open sesame"))
	require.Equal(t, http.StatusForbidden, ask("POST", "/-/reload", ""))
	require.Equal(t, http.StatusForbidden, ask("POST", "/-/reload", "open sesame"), "asha is no admin")
}
