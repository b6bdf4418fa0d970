package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of the kernel's times, on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// Process is a program under way.
type Process struct {
	Output *bufio.Reader
	Input  io.WriteCloser
	cmd    *exec.Cmd
	log    *os.File
	ended  bool
}

func start(ctx context.Context, log string, command []string) (*Process, error) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	p := &Process{cmd: exec.CommandContext(ctx, command[0], command[1:]...), log: file}
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(os.Interrupt) }
	p.cmd.Stderr = file
	output, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.Output = bufio.NewReader(output)
	if p.Input, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", command[0], err)
	}
	return p, nil
}

// End asks the process to end and waits for it.
func (p *Process) End() {
	if p.ended {
		return
	}
	p.ended = true
	_ = p.cmd.Process.Signal(os.Interrupt)
	_ = p.Input.Close()
	_ = p.cmd.Wait()
	_ = p.log.Close()
}

// CPU is the processor time that the process has used, in its own code and in
// the kernel (proc(5), stat, fields 14 and 15).
func (p *Process) CPU() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name before it may hold spaces
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, errors.New("the proc file system is not as proc(5) says")
	}
	own, errOwn := strconv.Atoi(fields[11])
	kernel, errKernel := strconv.Atoi(fields[12])
	return time.Duration(own+kernel) * tick, errors.Join(errOwn, errKernel)
}

// Done asks the bare loop how many of its requests have ended well, and how
// many have not.
func (p *Process) Done() (good, bad float64, err error) {
	if _, err := p.Input.Write([]byte("\n")); err != nil {
		return 0, 0, err
	}
	line, err := p.Output.ReadString('\n')
	if err != nil {
		return 0, 0, err
	}
	_, err = fmt.Sscan(line, &good, &bad)
	return good, bad, err
}

// Resident is the process' resident memory now, and the most it ever was, in
// bytes.
func (p *Process) Resident() (now, most int, err error) { return Resident(p.cmd.Process.Pid) }

// Resident is the same of any process.
func Resident(pid int) (now, most int, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		switch fields[0] {
		case "VmRSS:":
			now, err = strconv.Atoi(fields[1])
		case "VmHWM:":
			most, err = strconv.Atoi(fields[1])
		}
		if err != nil {
			return 0, 0, err
		}
	}
	return now << 10, most << 10, nil
}
