package up

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// portOwner names the process that listens on the address's port, such as
// `"prometheus" (pid 4711)`; empty when it is not ours to know.
func portOwner(address string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return ""
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return ""
	}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		if inode := listeningInode(table, number); inode != "" {
			return socketOwner("socket:[" + inode + "]")
		}
	}
	return ""
}

// listeningInode reads the kernel's table, see proc(5): the second column is
// the local address in hex, the fourth the state (0A listens), the tenth the
// socket's inode.
func listeningInode(table string, port int) string {
	file, err := os.Open(table)
	if err != nil {
		return ""
	}
	defer file.Close()
	suffix := fmt.Sprintf(":%04X", port)
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) > 9 && strings.HasSuffix(fields[1], suffix) && fields[3] == "0A" {
			return fields[9]
		}
	}
	return ""
}

func socketOwner(socket string) string {
	descriptors, _ := filepath.Glob("/proc/[0-9]*/fd/*") // the pattern is right
	for _, path := range descriptors {
		if target, err := os.Readlink(path); err != nil || target != socket {
			continue
		}
		process := filepath.Dir(filepath.Dir(path))
		name, err := os.ReadFile(filepath.Join(process, "comm"))
		if err != nil {
			return "pid " + filepath.Base(process)
		}
		return fmt.Sprintf("%q (pid %s)", strings.TrimSpace(string(name)), filepath.Base(process))
	}
	return ""
}
