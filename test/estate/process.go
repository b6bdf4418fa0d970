package estate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// Bounds of a process' life.
const (
	readyWithin = time.Minute
	endWithin   = 15 * time.Second
)

type process struct {
	cmd   *exec.Cmd
	log   *os.File
	ended chan struct{} // closed after the process has ended
	asked chan struct{} // closed when somebody asked it to
}

func (e *Estate) command(part string) (program string, args []string) {
	in := func(name string) string { return filepath.Join(e.options.Dir, name) }
	engine := func(name string) string { return filepath.Join(e.options.Engines, name) }
	own := []string{"--config.file=" + in("tocsin.yml"), "--storage.path=" + in(".tocsin/"+part), "--web.listen-address=" + e.Address(part)}
	if one := e.located(part); one != nil {
		args = slices.Concat(one.Enter, []string{filepath.Join(e.options.Bin, "tocsin_exporter"), "--location=" + one.Location}, own)
		return args[0], args[1:]
	}
	switch part {
	case Receiver:
		return filepath.Join(e.options.Bin, "tocsin_receiver"), own
	case Exporter:
		return filepath.Join(e.options.Bin, "tocsin_exporter"), own
	case Alertmanager:
		return engine("alertmanager"), []string{
			"--config.file=" + in("alertmanager/alertmanager.yml"), "--storage.path=" + in(".tocsin/alertmanager"),
			"--web.listen-address=" + e.Address(part), "--cluster.listen-address=",
		}
	}
	return engine("prometheus"), []string{
		"--config.file=" + in("rules/prometheus.yml"), "--storage.tsdb.path=" + in(".tocsin/prometheus"),
		"--web.listen-address=" + e.Address(part),
	}
}

// StartPart starts a part that does not run and returns when it is ready.
func (e *Estate) StartPart(ctx context.Context, part string) error {
	program, args := e.command(part)
	if err := os.MkdirAll(filepath.Join(e.options.Dir, ".tocsin", part), 0o755); err != nil {
		return fmt.Errorf("starting the %s: %w", part, err)
	}
	log, err := os.OpenFile(e.LogFile(part), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("starting the %s: %w", part, err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), program, args...) // lives until Kill or Close
	cmd.Dir = e.options.Dir
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return errors.Join(fmt.Errorf("starting the %s: %w", part, err), log.Close())
	}
	p := &process{cmd: cmd, log: log, ended: make(chan struct{}), asked: make(chan struct{})}
	e.processes[part] = p
	go p.wait(part, e.options.Log)
	return e.waitReady(ctx, part, p)
}

// LogFile is where the part's output goes.
func (e *Estate) LogFile(part string) string { return filepath.Join(e.options.Dir, part+".log") }

// Kill ends a part at once, without any chance to tidy up.
func (e *Estate) Kill(part string) { e.processes[part].end(os.Kill) }

func (p *process) wait(part string, tell func(string, error)) {
	err := p.cmd.Wait()
	_ = p.log.Close()
	select {
	case <-p.asked:
	default:
		if tell != nil {
			tell(part, err)
		}
	}
	close(p.ended)
}

func (p *process) end(signal os.Signal) {
	select {
	case <-p.asked:
	default:
		close(p.asked)
	}
	_ = p.cmd.Process.Signal(signal)
	select {
	case <-p.ended:
	case <-time.After(endWithin):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

func (e *Estate) waitReady(ctx context.Context, part string, p *process) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for {
		err := e.ask(ctx, e.URL(part)+"/-/ready")
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("starting the %s: it ended; its output is in %s:\n%s", part, e.LogFile(part), tail(e.LogFile(part)))
		case <-ctx.Done():
			return fmt.Errorf("starting the %s: %w; its output is in %s:\n%s", part, err, e.LogFile(part), tail(e.LogFile(part)))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (e *Estate) ask(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	return e.do(request)
}

func (e *Estate) post(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, nil)
	if err != nil {
		return err
	}
	return e.do(request)
}

func (e *Estate) do(request *http.Request) error {
	answer, err := e.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s answers %s", request.Method, request.URL, answer.Status)
	}
	return nil
}

// tail is the end of a file, for errors.
func tail(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	const most = 4000
	return string(text[max(0, len(text)-most):])
}
