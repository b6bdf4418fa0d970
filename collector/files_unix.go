//go:build unix

package collector

import "syscall"

// openFiles is how many attempts may be open: at most want, and half of the
// files that this process may have. An exporter that runs out of them would
// take its own trouble for the targets'.
func openFiles(want int) int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return want
	}
	return int(min(uint64(want), uint64(limit.Cur)/2)) //nolint:unconvert // the field is signed on some systems
}
