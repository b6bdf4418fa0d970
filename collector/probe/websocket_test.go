package probe

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// echoes is a WebSocket that greets, and then says again what it hears.
func echoes(t *testing.T) http.Handler {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "hunter-two" {
			http.Error(w, "hunter-two", http.StatusForbidden)
			return
		}
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"chat"}})
		if err != nil {
			return
		}
		defer func() { _ = conn.CloseNow() }()
		ctx := r.Context()
		if conn.Write(ctx, websocket.MessageText, []byte("welcome")) != nil {
			return
		}
		for {
			kind, message, err := conn.Read(ctx)
			if err != nil || conn.Write(ctx, kind, message) != nil {
				return
			}
		}
	})
	return mux
}

func TestWebSocket(t *testing.T) {
	server := serve(t, echoes(t).ServeHTTP)
	address := "ws" + strings.TrimPrefix(server.URL, "http")
	cert, ca := certificate(t, time.Now().Add(time.Hour))
	secure := httptest.NewUnstartedServer(echoes(t))
	secure.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	secure.StartTLS()
	t.Cleanup(secure.Close)
	for _, test := range []struct {
		name, spec, text string
		reason           Reason
	}{
		{name: "a ping", spec: `{url: "` + address + `/echo"}`},
		{name: "a greeting", spec: `{url: "` + address + `/echo", expect: welcome}`},
		{name: "an answer", spec: `{url: "` + address + `/echo", send: "how are you", expect_regexp: "^how"}`},
		{name: "a subprotocol", spec: `{url: "` + address + `/echo", subprotocol: chat}`},
		{name: "over TLS", spec: `{url: "wss` + strings.TrimPrefix(secure.URL, "https") + `/echo", tls: {ca_file: ` + ca + `}, send: hi, expect: hi}`},
		{name: "not trusted", spec: `{url: "wss` + strings.TrimPrefix(secure.URL, "https") + `/echo"}`, reason: ReasonTLS, text: "certificate"},
		{name: "another subprotocol", spec: `{url: "` + address + `/echo", subprotocol: news}`, reason: ReasonStatus, text: `the server speaks the subprotocol "", want "news"`},
		{name: "not there", spec: `{url: "` + address + `/nowhere"}`, reason: ReasonStatus, text: "the upgrade to a WebSocket: status 404, want 101"},
		{name: "refused", spec: `{url: "` + address + `/echo", headers: {Authorization: {file: ` + secretFile(t, "hunter-two") + `}}}`, reason: ReasonStatus, text: "the upgrade to a WebSocket: status 403, want 101"},
		{name: "no such answer", spec: `{url: "` + address + `/echo", send: a, expect: b}`, reason: ReasonTimeout, text: `; no message with "b", the last of 2 is "a"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			limit := 5 * time.Second
			if test.reason == ReasonTimeout {
				limit = 300 * time.Millisecond
			}
			r := try(t, `{websocket: `+test.spec+`}`, limit)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Contains(t, r.Text, test.text)
		})
	}
	hostility(t, `{websocket: {url: "ws://ADDRESS/"}}`, "")
}
