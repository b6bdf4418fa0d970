package servers

import (
	"crypto/sha1" //nolint:gosec // the form that htpasswd(1) names {SHA}
	"encoding/base64"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// Nginx runs an nginx with one server of these lines, in which ADDRESS stands
// for what it listens on, and returns its address.
func Nginx(t testing.TB, lines string) string {
	t.Helper()
	program := Need(t, "nginx", "nginx-light")
	folder, address := Folder(t, ""), Free(t)
	config := "user www-data; daemon off; pid nginx.pid; error_log stderr; worker_processes 1; events {} http { access_log off; client_body_temp_path t1; proxy_temp_path t2; " +
		"fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5; server {\n" + strings.ReplaceAll(lines, "ADDRESS", address) + "\n} }"
	Run(t, Server{
		Program: program, Args: []string{"-p", folder, "-e", "stderr", "-c", Write(t, folder, "nginx.conf", config, "")},
		Dir: folder, Ready: Accepts(address),
	})
	return address
}

// Tinyproxy runs an HTTP proxy for the user probe, whose password is
// hunter-two, and returns its address.
func Tinyproxy(t testing.TB) string {
	t.Helper()
	program := Need(t, "tinyproxy", "tinyproxy-bin")
	folder, address := Folder(t, ""), Free(t)
	host, port := split(t, address)
	config := fmt.Sprintf("Listen %s\nPort %s\nTimeout 60\nMaxClients 20\nBasicAuth probe hunter-two\nViaProxyName \"tinyproxy\"\n", host, port)
	Run(t, Server{Program: program, Args: []string{"-d", "-c", Write(t, folder, "tinyproxy.conf", config, "")}, Dir: folder, Ready: Accepts(address)})
	return address
}

// Microsocks runs a SOCKS5 proxy for the user probe, whose password is
// hunter-two, and returns its address.
func Microsocks(t testing.TB) string {
	t.Helper()
	program, address := Need(t, "microsocks", "microsocks"), Free(t)
	host, port := split(t, address)
	Run(t, Server{Program: program, Args: []string{"-i", host, "-p", port, "-u", "probe", "-P", "hunter-two"}, Ready: Accepts(address)})
	return address
}

// ApacheProxy runs an HTTP proxy that is itself reached over TLS, for the user
// probe, whose password is hunter-two, and returns its address.
func ApacheProxy(t testing.TB, cert, key string) string {
	t.Helper()
	folder := Folder(t, "www-data")
	sum := sha1.Sum([]byte("hunter-two")) //nolint:gosec // as above
	users := Write(t, folder, "users", "probe:{SHA}"+base64.StdEncoding.EncodeToString(sum[:])+"\n", "www-data")
	return apache(t, folder, cert, key, []string{"authn_core", "authn_file", "authz_user", "auth_basic", "proxy", "proxy_http", "proxy_connect"},
		"ProxyRequests On\nAllowCONNECT 1-65535\n<Proxy \"*\">\nAuthType Basic\nAuthName proxy\nAuthBasicProvider file\nAuthUserFile "+users+"\nRequire valid-user\n</Proxy>\n")
}

// ApacheMutual is an Apache over TLS 1.2 that asks for a client certificate,
// signed by cert, only of who asks for /mutual: after the request, by
// renegotiation.
func ApacheMutual(t testing.TB, cert, key string) string {
	t.Helper()
	folder := Folder(t, "www-data")
	page := Write(t, folder, "mutual", "for members", "www-data")
	return apache(t, folder, cert, key, nil, "SSLProtocol TLSv1.2\nSSLCACertificateFile "+cert+"\nDocumentRoot "+filepath.Dir(page)+
		"\n<Location /mutual>\nSSLVerifyClient require\nSSLVerifyDepth 1\n</Location>\n")
}

// apache runs one over TLS, with more modules and more of a configuration.
func apache(t testing.TB, folder, cert, key string, modules []string, more string) string {
	t.Helper()
	program, address := Need(t, "apache2", "apache2-bin"), Free(t)
	var config strings.Builder
	for _, module := range append([]string{"mpm_event", "authz_core", "socache_shmcb", "ssl"}, modules...) {
		fmt.Fprintf(&config, "LoadModule %s_module /usr/lib/apache2/modules/mod_%s.so\n", module, module)
	}
	fmt.Fprintf(&config, "ServerRoot %[1]s\nPidFile %[1]s/pid\nDefaultRuntimeDir %[1]s\nMutex posixsem\nUser www-data\nGroup www-data\nListen %[2]s\nServerName localhost\nErrorLog /dev/stderr\n"+
		"StartServers 1\nSSLEngine on\nSSLCertificateFile %[3]s\nSSLCertificateKeyFile %[4]s\n%[5]s", folder, address, cert, key, more)
	Run(t, Server{Program: program, Args: []string{"-D", "FOREGROUND", "-f", Write(t, folder, "apache.conf", config.String(), "")}, Dir: folder, Ready: Accepts(address)})
	return address
}
