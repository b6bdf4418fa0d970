//go:build !linux

package probe

import "syscall"

// tellErrors does nothing: what cannot be reached is not answered.
func tellErrors(syscall.Conn) {}
