package up

import "syscall"

// ownGroup keeps the terminal's signals from a child, and ends it when the
// thread that started it ends; see child.run.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
