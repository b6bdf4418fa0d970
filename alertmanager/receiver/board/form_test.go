package board_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

var formToken = regexp.MustCompile(`name="form" value="([^"]+)"`)

// load loads a page with forms as a browser does: it gives the cookies, with
// those that were there before, and the number in the forms.
func load(t *testing.T, handler http.Handler, cookies ...*http.Cookie) ([]*http.Cookie, string) {
	t.Helper()
	request := httptest.NewRequest(http.MethodGet, "/maintenance", nil)
	for _, c := range cookies {
		request.AddCookie(c)
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	require.Equal(t, http.StatusOK, answer.Code, answer.Body)
	found := formToken.FindStringSubmatch(answer.Body.String())
	require.NotNil(t, found, "a form without the session's number")
	return append(cookies, answer.Result().Cookies()...), found[1]
}

// remote is a server as a handler.
type remote string

func (r remote) ServeHTTP(w http.ResponseWriter, in *http.Request) {
	out, err := http.NewRequestWithContext(in.Context(), in.Method, string(r)+in.URL.RequestURI(), in.Body)
	if err != nil {
		panic(err)
	}
	out.Header = in.Header
	response, err := http.DefaultTransport.RoundTrip(out)
	if err != nil {
		panic(err)
	}
	defer func() { _ = response.Body.Close() }()
	for name, values := range response.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(w, response.Body)
}

// base is the server's part of an address.
func base(t *testing.T, address string) remote {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	return remote(u.Scheme + "://" + u.Host)
}
