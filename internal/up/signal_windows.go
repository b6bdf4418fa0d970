package up

import (
	"os"
	"syscall"
)

func ownGroup() *syscall.SysProcAttr { return nil }

// askToEnd cannot ask on Windows.
func askToEnd(p *os.Process) error { return p.Kill() }
