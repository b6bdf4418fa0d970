package servers

import (
	"fmt"
	"testing"
)

// Unbound runs a validating resolver with lines of its section server and with
// whole sections besides, and returns its address and that on which it speaks
// TLS.
func Unbound(t testing.TB, cert, key, server, sections string) (address, secure string) {
	t.Helper()
	program := Need(t, "unbound", "unbound")
	folder := Folder(t, "")
	address, secure = Free(t), Free(t)
	host, port := split(t, address)
	_, securePort := split(t, secure)
	config := fmt.Sprintf("server:\n directory: %[1]q\n chroot: \"\"\n username: \"\"\n pidfile: \"\"\n do-daemonize: no\n use-syslog: no\n num-threads: 1\n interface: %[2]s@%[3]s\n"+
		" interface: %[2]s@%[4]s\n tls-port: %[4]s\n tls-service-pem: %[5]q\n tls-service-key: %[6]q\n do-ip6: no\n%[7]s\nremote-control:\n control-enable: no\n%[8]s\n",
		folder, host, port, securePort, cert, key, server, sections)
	Run(t, Server{Program: program, Args: []string{"-d", "-c", Write(t, folder, "unbound.conf", config, "")}, Dir: folder, Ready: Accepts(secure)})
	return address, secure
}
