package servers

import "testing"

// Redis runs a Redis without persistence, with further options as on its
// command line, and returns its address.
func Redis(t testing.TB, options ...string) string {
	t.Helper()
	program := Need(t, "redis-server", "redis-server")
	address := Free(t)
	_, port := split(t, address)
	folder := Folder(t, "")
	args := append([]string{"--bind", "127.0.0.1", "--port", port, "--dir", folder, "--save", "", "--appendonly", "no"}, options...)
	Run(t, Server{Program: program, Args: args, Dir: folder, Ready: Accepts(address)})
	return address
}
