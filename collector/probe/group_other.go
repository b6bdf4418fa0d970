//go:build !linux

package probe

import (
	"os"
	"os/exec"
)

// ownGroup does nothing: elsewhere only the command itself is ended.
func ownGroup(*exec.Cmd) {}

func reap(*exec.Cmd) {}

func endGroup(*exec.Cmd) {}

func statusOf(state *os.ProcessState) exitStatus {
	status := exitStatus{code: state.ExitCode()}
	if state.ExitCode() < 0 {
		status.signal = state.String()
	}
	return status
}
