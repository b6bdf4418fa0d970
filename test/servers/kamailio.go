package servers

import "testing"

// Kamailio runs a SIP server on UDP and TCP with a configuration that says what
// it answers, and returns its address.
func Kamailio(t testing.TB, config string) string {
	t.Helper()
	program := Need(t, "kamailio", "kamailio")
	folder, address := Folder(t, ""), Free(t)
	text := "log_stderror=yes\nchildren=1\ntcp_children=1\ntcp_accept_no_cl=no\ndns=no\nrev_dns=no\nauto_aliases=no\nlisten=udp:" + address + "\nlisten=tcp:" + address +
		"\nloadmodule \"sl.so\"\nloadmodule \"pv.so\"\nloadmodule \"textops.so\"\nloadmodule \"siputils.so\"\n" + config
	file := Write(t, folder, "kamailio.cfg", text, "")
	Run(t, Server{Program: program, Args: []string{"-DD", "-E", "-m", "16", "-M", "4", "-Y", folder, "-w", folder, "-f", file}, Dir: folder, Ready: Accepts(address)})
	return address
}
