package probe

import (
	"errors"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// ownGroup puts a command into a process group of its own, which ends when the
// command's context does.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return killGroup(cmd) }
}

// reap waits for a command that was started and ends what it left behind. It
// leaves the command itself to be waited for: until then nobody else can get
// the number of its group.
func reap(cmd *exec.Cmd) {
	for {
		err := unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	_ = killGroup(cmd)
}

func killGroup(cmd *exec.Cmd) error {
	err := unix.Kill(-cmd.Process.Pid, unix.SIGKILL)
	if errors.Is(err, unix.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

func statusOf(state *os.ProcessState) exitStatus {
	status := exitStatus{code: state.ExitCode()}
	if wait, is := state.Sys().(syscall.WaitStatus); is && wait.Signaled() {
		status.signal = unix.SignalName(wait.Signal())
	}
	return status
}

// endGroup ends what is left of a command's group after the command.
func endGroup(cmd *exec.Cmd) { _ = killGroup(cmd) }
