//go:build unix

package up

import (
	"os"
	"syscall"
)

// askToEnd asks a child and what it started to end.
func askToEnd(p *os.Process) error { return syscall.Kill(-p.Pid, syscall.SIGTERM) }
