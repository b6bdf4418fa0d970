package probe

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/test/servers"
)

// realWeb is an nginx, unencrypted or not, with what the tests ask of one.
func realWeb(t testing.TB, listen string) string {
	t.Helper()
	folder := servers.Folder(t, "www-data")
	users := servers.Write(t, folder, "users", "probe:{PLAIN}hunter-two\n", "www-data")
	return servers.Nginx(t, listen+`
		gzip on; gzip_min_length 10; default_type text/html;
		location = /plain { return 200 "over $server_protocol via '$http_via'"; }
		location = /page { alias `+servers.Write(t, folder, "page", strings.Repeat("Welcome to the shop. ", 500), "www-data")+`; }
		location = /moved { return 301 /plain; }
		location = /loop { return 302 /loop; }
		location = /away { return 302 http://192.0.2.1/; }
		location = /private { auth_basic "shop"; auth_basic_user_file `+users+`; alias `+servers.Write(t, folder, "secret", "for members", "www-data")+`; }
		location = /mutual { if ($ssl_client_verify != SUCCESS) { return 403 "who are you"; } return 200 "hello $ssl_client_s_dn"; }`)
}

// attempted is a row of a test of real servers.
type attempted struct {
	name, spec, text string
	reason           Reason
}

func (a attempted) run(t *testing.T) {
	t.Helper()
	t.Run(a.name, func(t *testing.T) {
		r := try(t, a.spec, 20*time.Second)
		require.Equal(t, a.reason, r.Reason, r.Text)
		require.Contains(t, r.Text, a.text)
		require.NotContains(t, r.Text, "hunter-two")
	})
}

func TestRealNginx(t *testing.T) {
	cert, key := servers.Certificate(t, servers.Folder(t, ""), "")
	plain := "http://" + realWeb(t, "listen ADDRESS;")
	secure := "https://" + realWeb(t, "listen ADDRESS ssl http2; ssl_certificate "+cert+"; ssl_certificate_key "+key+"; ssl_client_certificate "+cert+"; ssl_verify_client optional;")
	password := secretFile(t, "hunter-two")
	for _, test := range []attempted{
		{name: "HTTP/1.1", spec: `{http: {url: "` + plain + `/plain", body: over HTTP/1.1}}`},
		{name: "HTTP/2, negotiated", spec: `{http: {url: "` + secure + `/plain", ca_file: ` + cert + `, body: over HTTP/2.0}}`},
		{name: "HTTP/2, forced", spec: `{http: {url: "` + secure + `/plain", ca_file: ` + cert + `, version: 2, body: over HTTP/2.0}}`},
		{name: "HTTP/1.1 over TLS", spec: `{http: {url: "` + secure + `/plain", ca_file: ` + cert + `, version: 1.1, body: over HTTP/1.1}}`},
		{name: "TLS 1.3", spec: `{http: {url: "` + secure + `/plain", ca_file: ` + cert + `, tls_min_version: 1.3}}`, reason: ReasonTLS, text: "protocol version"},
		{name: "not trusted", spec: `{http: {url: "` + secure + `/plain"}}`, reason: ReasonTLS, text: "certificate signed by unknown authority"},
		{name: "not HTTP/3", spec: `{http: {url: "` + secure + `/plain", ca_file: ` + cert + `, version: 3}}`, reason: ReasonConnect, text: "connection refused"},
		{name: "packed, over HTTP/1.1", spec: `{http: {url: "` + plain + `/page", answer_headers: {Content-Encoding: gzip}, body_regexp: "^(Welcome to the shop. ){500}$"}}`},
		{name: "packed, over HTTP/2", spec: `{http: {url: "` + secure + `/page", ca_file: ` + cert + `, answer_headers: {Content-Encoding: gzip}, body: Welcome to the shop}}`},
		{name: "not packed", spec: `{http: {url: "` + plain + `/page", headers: {Accept-Encoding: identity}, answer_headers: {Content-Length: "^10500$"}, body: Welcome}}`},
		{name: "too long", spec: `{http: {url: "` + plain + `/page", body_max: 1KB}}`, reason: ReasonBody, text: "want a body of at most 1"},
		{name: "HEAD", spec: `{http: {url: "` + secure + `/page", ca_file: ` + cert + `, method: HEAD}}`},
		{name: "moved", spec: `{http: {url: "` + plain + `/moved", body: over HTTP/1.1}}`},
		{name: "moved, over HTTP/2", spec: `{http: {url: "` + secure + `/moved", ca_file: ` + cert + `, body: over HTTP/2.0}}`},
		{name: "moved, not followed", spec: `{http: {url: "` + plain + `/moved", follow_redirects: false, status: 301, answer_headers: {Location: /plain$}}}`},
		{name: "moved without end", spec: `{http: {url: "` + plain + `/loop", max_redirects: 3}}`, reason: ReasonProtocol, text: "more than 3 redirects"},
		{name: "moved elsewhere", spec: `{http: {url: "` + plain + `/away", allow_redirect_hosts: [127.0.0.1]}}`, reason: ReasonProtocol, text: "which allow_redirect_hosts does not list"},
		{name: "nobody", spec: `{http: {url: "` + plain + `/private"}}`, reason: ReasonStatus, text: "status 401, want 2xx"},
		{name: "a member", spec: `{http: {url: "` + plain + `/private", auth: {user: probe, password: {file: ` + password + `}}, body: for members}}`},
		{name: "a member over HTTP/2", spec: `{http: {url: "` + secure + `/private", ca_file: ` + cert + `, auth: {user: probe, password: {file: ` + password + `}}, body: for members}}`},
		{name: "no certificate of ours", spec: `{http: {url: "` + secure + `/mutual", ca_file: ` + cert + `}}`, reason: ReasonStatus, text: "status 403, want 2xx; found 11 bytes: who are you"},
		{name: "a certificate of ours", spec: `{http: {url: "` + secure + `/mutual", ca_file: ` + cert + `, cert_file: ` + cert + `, key_file: ` + key + `, body: hello CN=probe}}`},
		{name: "unencrypted where TLS is spoken", spec: `{http: {url: "` + strings.Replace(secure, "https", "http", 1) + `/plain"}}`, reason: ReasonStatus, text: "status 400, want 2xx"},
		{name: "TLS where none is spoken", spec: `{http: {url: "` + strings.Replace(plain, "http", "https", 1) + `/plain"}}`, reason: ReasonTLS, text: "the server does not speak TLS"},
	} {
		test.run(t)
	}
}

func TestRealProxies(t *testing.T) {
	cert, key := servers.Certificate(t, servers.Folder(t, ""), "www-data")
	plain := "http://" + realWeb(t, "listen ADDRESS;") + "/plain"
	secure := "https://" + realWeb(t, "listen ADDRESS ssl http2; ssl_certificate "+cert+"; ssl_certificate_key "+key+";") + "/plain"
	login := "user: probe, password: {file: " + secretFile(t, "hunter-two") + "}"
	wrong := "user: probe, password: {file: " + secretFile(t, "hunter-three") + "}"
	for _, gate := range []struct {
		name, url, via, refuses string
		refusal                 Reason // of an unencrypted request with a wrong password
	}{
		{"tinyproxy", "http://" + servers.Tinyproxy(t), "tinyproxy", "status 401", ReasonStatus},
		{"Apache over TLS", "https://" + servers.ApacheProxy(t, cert, key), "", "status 407", ReasonStatus},
		{"microsocks", "socks5://" + servers.Microsocks(t), "", "refused", ReasonConnect},
	} {
		by := func(login string) string {
			return `, ca_file: ` + cert + `, proxy: {url: "` + gate.url + `", ` + login + `}`
		}
		for _, test := range []attempted{
			{name: "unencrypted", spec: `{http: {url: "` + plain + `", body_regexp: "^over HTTP/1.[01] via '.*` + gate.via + `.*'$"` + by(login) + `}}`},
			{name: "HTTP/1.1 over TLS", spec: `{http: {url: "` + secure + `", version: 1.1, body: "over HTTP/1.1 via ''"` + by(login) + `}}`},
			{name: "HTTP/2", spec: `{http: {url: "` + secure + `", body: "over HTTP/2.0 via ''"` + by(login) + `}}`},
			{name: "a wrong password", spec: `{http: {url: "` + plain + `"` + by(wrong) + `}}`, reason: gate.refusal, text: gate.refuses},
			{name: "a wrong password over TLS", spec: `{http: {url: "` + secure + `"` + by(wrong) + `}}`, reason: ReasonConnect, text: "refused"},
			{name: "nobody behind it", spec: `{http: {url: "https://` + refusing(t) + `"` + by(login) + `}}`, reason: ReasonConnect, text: "refused"},
		} {
			test.name = gate.name + ": " + test.name
			test.run(t)
		}
	}
}

// TestRealCertificateAskedForLate: some servers ask for a client's certificate
// when they know what is asked of them.
func TestRealCertificateAskedForLate(t *testing.T) {
	cert, key := servers.Certificate(t, servers.Folder(t, ""), "")
	page := "https://" + servers.ApacheMutual(t, cert, key) + "/mutual"
	ours := ", cert_file: " + cert + ", key_file: " + key
	attempted{name: "ours", spec: `{http: {url: "` + page + `", ca_file: ` + cert + ours + `, body: for members}}`}.run(t)
	attempted{name: "none", spec: `{http: {url: "` + page + `", ca_file: ` + cert + `}}`, reason: ReasonTLS, text: "the server asks for a certificate of ours (want cert_file and key_file)"}.run(t)
}
