package probe

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// certificate is a self-signed one for names, valid until end, and its file.
func certificate(t testing.TB, end time.Time, names ...string) (tls.Certificate, string) {
	t.Helper()
	cert, ca, err := selfSigned(end, names...)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, ca, 0o600))
	return cert, file
}

// selfSigned is a certificate and the same in PEM.
func selfSigned(end time.Time, names ...string) (tls.Certificate, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: end.Add(-48 * time.Hour), NotAfter: end,
		DNSNames: names, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	if len(names) > 0 {
		template.IPAddresses = nil
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), err
}

// secure serves HTTPS, with HTTP/2, by a certificate.
func secure(t testing.TB, cert tls.Certificate) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func TestTLSAndHTTPS(t *testing.T) {
	end := time.Now().Add(24 * time.Hour).Truncate(time.Second)
	good, goodFile := certificate(t, end)
	named, namedFile := certificate(t, end, "shop.example.org")
	past := time.Now().Add(-time.Hour).Truncate(time.Second)
	expired, expiredFile := certificate(t, past)
	plain := serve(t, func(http.ResponseWriter, *http.Request) {})

	for _, test := range []struct {
		name, address, options, text string
		expiry                       time.Time
	}{
		{name: "good", address: secure(t, good).Listener.Addr().String(), options: "ca_file: " + goodFile, expiry: end},
		{name: "by another name", address: secure(t, named).Listener.Addr().String(), options: "server_name: shop.example.org, ca_file: " + namedFile, expiry: end},
		{name: "the wrong name", address: secure(t, named).Listener.Addr().String(), options: "server_name: cart.example.org, ca_file: " + namedFile, expiry: end, text: "x509: certificate is valid for shop.example.org, not cart.example.org"},
		{name: "an unknown authority", address: secure(t, good).Listener.Addr().String(), options: "ca_file: " + namedFile, expiry: end, text: "x509: certificate signed by unknown authority"},
		{name: "expired", address: secure(t, expired).Listener.Addr().String(), options: "ca_file: " + expiredFile, expiry: past, text: "x509: certificate has expired or is not yet valid"},
		{name: "no TLS at all", address: plain.Listener.Addr().String(), options: "ca_file: " + goodFile, text: "does not speak TLS"},
		{name: "closes", address: raw(t, func(net.Conn) {}), options: "ca_file: " + goodFile, text: "handshake with "},
	} {
		for kind, spec := range map[string]string{
			"tls":  `{tls: {address: "` + test.address + `", ` + test.options + `}}`,
			"http": `{http: {url: "https://` + test.address + `", ` + test.options + `}}`,
		} {
			t.Run(test.name+"/"+kind, func(t *testing.T) {
				r := try(t, spec)
				if test.text == "" {
					require.Equal(t, Success, r.Outcome, r.Text)
					require.Positive(t, r.Phases[TLS])
				} else {
					require.Equal(t, ReasonTLS, r.Reason, r.Text)
					require.Contains(t, r.Text, test.text)
				}
				require.True(t, test.expiry.Equal(r.CertificateExpiry), "got %s, want %s", r.CertificateExpiry, test.expiry)
				require.Equal(t, test.address, r.Address)
			})
		}
	}
}

func TestHTTPSSpeaksHTTP2AndKeepsNoConnection(t *testing.T) {
	cert, file := certificate(t, time.Now().Add(time.Hour))
	server := secure(t, cert)
	for range 3 {
		r := try(t, `{http: {url: "`+server.URL+`", ca_file: `+file+`, body: HTTP/2.0}}`)
		require.Equal(t, Success, r.Outcome, r.Text)
	}
}

func TestARenewedAuthorityIsFollowed(t *testing.T) {
	old, _ := certificate(t, time.Now().Add(time.Hour))
	fresh, file := certificate(t, time.Now().Add(2*time.Hour))
	pem, err := os.ReadFile(file)
	require.NoError(t, err)
	_ = old
	server := secure(t, fresh)
	_, stale := certificate(t, time.Now().Add(time.Hour))
	attempt, err := build(t, `{http: {url: "`+server.URL+`", ca_file: `+stale+`}}`)
	require.NoError(t, err)
	require.Equal(t, ReasonTLS, attempt(t.Context()).Reason)
	require.NoError(t, os.WriteFile(stale, pem, 0o600))
	r := attempt(t.Context())
	require.Equal(t, Success, r.Outcome, r.Text)
	require.NoError(t, os.Remove(stale))
	require.Eventually(t, func() bool { // it is looked at once a second
		r = attempt(t.Context())
		return r.Outcome != Success
	}, 20*time.Second, 50*time.Millisecond)
	require.Equal(t, ReasonInternal, r.Reason)
	require.Contains(t, r.Text, "services.shop.probes.it.http.ca_file: reading the certificate authorities")
	require.NotContains(t, r.Text, "^")
}
