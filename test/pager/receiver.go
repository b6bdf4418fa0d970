package pager

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/test/port"
)

// Estate is a catalogue in which everybody has the phone: services s0, s1 …,
// ana on call and ben behind her.
type Estate struct {
	Dir       string // where the files are written
	Services  int
	PageAfter time.Duration // 1 s at least
	StepFor   time.Duration // until ben is rung
	Before    []string      // the command that starts the program, such as chrt, if any
	Name      string        // by which its receivers name themselves to the phone, if they do
}

// Write makes the files.
func (e Estate) Write(phone *Phone) error {
	var b strings.Builder
	fmt.Fprintf(&b, `
links: {board: http://board.example.org}
delivery: {ntfy: {url: %s}, smtp: {host: 127.0.0.1:1, from: tocsin@example.org}, receiver: {url: http://127.0.0.1:10211}}
monitoring: {team: shop, break_glass: [{email: {to: [platform@example.org]}}]}
defaults: {page_after: %s}
people: {ana: {name: Ana, contacts: {file: ana.yml}}, ben: {name: Ben, contacts: {file: ben.yml}}}
teams: {shop: {members: [ana, ben], rota: shop, escalation: page}}
rotas: {shop: {timezone: Europe/London, handover: monday 09:30, people: [ana], backup: [ben]}}
escalations: {page: [{notify: on_call, by: [push], for: %s}, {notify: backup, by: [push], every: 1h}]}
services:
`, strings.TrimSuffix(phone.URL()+"/"+e.Name, "/"), e.PageAfter, e.StepFor)
	for n := range e.Services {
		fmt.Fprintf(&b, "  s%d: {team: shop, probes: {home: {http: {url: http://127.0.0.1:1/}}}}\n", n)
	}
	problems := []error{os.MkdirAll(e.Dir, 0o700), e.write("tocsin.yml", b.String())}
	for _, person := range []string{"ana", "ben"} {
		problems = append(problems, e.write(person+".yml", "ntfy: "+person+"\n"))
	}
	return errors.Join(problems...)
}

func (e Estate) write(name, text string) error {
	return os.WriteFile(filepath.Join(e.Dir, name), []byte(text), 0o600)
}

// Receiver is a real one, in a process of its own.
type Receiver struct {
	cmd *exec.Cmd
	url string
	log string

	ended chan struct{}
}

// Start starts the program over an estate, with further flags, and waits until
// it is ready. Its log is the file log.
func (e Estate) Start(ctx context.Context, program, log string, flags ...string) (*Receiver, error) {
	address, err := port.Free()
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	args := append([]string{
		"--config.file=" + filepath.Join(e.Dir, "tocsin.yml"), "--storage.path=" + filepath.Join(e.Dir, "data"), "--web.listen-address=" + address,
	}, flags...)
	command := append(append(append([]string{}, e.Before...), program), args...)
	r := &Receiver{cmd: exec.CommandContext(ctx, command[0], command[1:]...), url: "http://" + address, log: log, ended: make(chan struct{})}
	r.cmd.Stderr = file
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = r.cmd.Wait()
		close(r.ended)
	}()
	return r, r.ready(ctx)
}

func (r *Receiver) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if status, err := r.do(ctx, http.MethodGet, "/-/ready", nil, nil); err == nil && status == http.StatusOK {
			return nil
		}
		select {
		case <-r.ended:
			text, _ := os.ReadFile(r.log)
			return fmt.Errorf("the receiver ended: %s", text)
		case <-ctx.Done():
			r.Kill()
			text, _ := os.ReadFile(r.log)
			return fmt.Errorf("the receiver was not ready within a minute: %s", text)
		case <-tick.C:
		}
	}
}

// URL is its address.
func (r *Receiver) URL() string { return r.url }

// Kill ends it as a crash does, and waits until it has ended.
func (r *Receiver) Kill() {
	_ = r.cmd.Process.Kill()
	<-r.ended
}

// PID is the number of its process.
func (r *Receiver) PID() int { return r.cmd.Process.Pid }

// Alert is one alert as Alertmanager sends it.
type Alert struct {
	Status      string            `json:"status"`
	Fingerprint string            `json:"fingerprint"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// Down is the alert that a service is down since an instant.
func Down(service string, since time.Time) Alert {
	return Alert{
		Status: "firing", Fingerprint: "down-" + service, StartsAt: since,
		Labels:      map[string]string{"alertname": "ServiceDown", "severity": "critical", "audience": "users", "service": service, "team": "shop"},
		Annotations: map[string]string{"summary": service + " is down", "description": "Measured 3, the threshold is 2.", "impact": "Nobody can buy."},
	}
}

// Ended is the same alert when it is over.
func (a Alert) Ended(at time.Time) Alert {
	a.Status, a.EndsAt = "resolved", at
	return a
}

// Post posts alerts in one notification and gives the status of the answer.
func (r *Receiver) Post(ctx context.Context, alerts ...Alert) (int, error) {
	body := map[string]any{"version": "4", "groupKey": "g", "receiver": "r", "alerts": alerts}
	return r.do(ctx, http.MethodPost, "/api/v1/alertmanager", body, nil)
}

// Incident is what is looked at of an incident.
type Incident struct {
	ID      int64  `json:"id"`
	Service string `json:"service"`
}

// Incidents lists all that the board knows of.
func (r *Receiver) Incidents(ctx context.Context) ([]Incident, error) {
	var list struct {
		Incidents []Incident `json:"incidents"`
	}
	status, err := r.do(ctx, http.MethodGet, "/api/v1/incidents?state=all", nil, &list)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("listing incidents: the receiver answers %d", status)
	}
	return list.Incidents, err
}

// client keeps enough connections for a flood.
var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: time.Minute}

func (r *Receiver) do(ctx context.Context, method, path string, body, into any) (int, error) {
	var text bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&text).Encode(body); err != nil {
			return 0, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, r.url+path, &text)
	if err != nil {
		return 0, err
	}
	answer, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }()
	if into != nil {
		err = json.NewDecoder(answer.Body).Decode(into)
	}
	return answer.StatusCode, err
}
