// Package receiver measures what the receiver was promised to bear: a flood of
// alerts, the time from an alert to its first message among many incidents, and
// the memory of as many as there can be.
//
// It is one row of test/bench. The receiver is the real program over SQLite;
// alerts are posted at a fixed rate, whatever it answers, and a phone notes
// when it is told (test/pager).
//
// What a reader would not guess: each alert of the flood is of a service of its
// own, so each is an incident, a message and, a minute later, a page. A real
// flood is of few services.
package receiver

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-monitoring/tocsin/test/bench/lab"
	"github.com/tocsin-monitoring/tocsin/test/pager"
)

const (
	flood      = 10_000
	floodFor   = time.Minute
	among      = 1000
	mostAnswer = 100 * time.Millisecond
	mostFirst  = 10 * time.Second
	mostOver   = 300 * time.Millisecond
	mostMemory = 100_000_000
)

// Bench is the benchmark.
func Bench() lab.Bench {
	return lab.Bench{Name: "receiver", Title: "A flood of alerts, and one among many", Measure: measure}
}

func measure(ctx context.Context, l *lab.Lab) ([]lab.Row, error) {
	rows, err := measureFlood(ctx, l)
	if err != nil {
		return rows, err
	}
	row, err := measureOne(ctx, l)
	return append(rows, row), err
}

// site is a receiver with its phone.
type site struct {
	*pager.Receiver
	phone *pager.Phone

	mu   sync.Mutex
	told map[string]time.Time // when each service's first message came
}

func open(ctx context.Context, l *lab.Lab, name string, services int) (*site, error) {
	phone, err := pager.NewPhone(ctx)
	if err != nil {
		return nil, err
	}
	s := &site{phone: phone, told: map[string]time.Time{}}
	phone.OnTold(s.note)
	e := pager.Estate{Dir: filepath.Join(l.Dir, name), Services: services, PageAfter: time.Minute, StepFor: 15 * time.Minute, Before: l.First()}
	if err = e.Write(phone); err == nil {
		s.Receiver, err = e.Start(ctx, l.Program("tocsin_receiver"), filepath.Join(l.Dir, name+".log"), "--log.level=warn")
	}
	return s, err
}

func (s *site) close() {
	s.Kill()
	_ = s.phone.Close()
}

func (s *site) note(push pager.Push) {
	service := ""
	for word := range strings.FieldsSeq(push.Title) {
		if name := strings.TrimSuffix(word, ":"); strings.HasPrefix(name, "s") && name != "s" && strings.Trim(name[1:], "0123456789") == "" {
			service = name
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.told[service]; !known && service != "" {
		s.told[service] = push.At
	}
}

// heard waits until so many services were told of, for a while.
func (s *site) heard(ctx context.Context, l *lab.Lab, count int, patience time.Duration) error {
	for until := time.Now().Add(patience); time.Now().Before(until); {
		s.mu.Lock()
		n := len(s.told)
		s.mu.Unlock()
		if n >= count {
			return nil
		}
		if err := l.Wait(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// shot is one alert posted.
type shot struct {
	began  time.Time
	took   time.Duration
	stored bool
}

// post posts the alerts of services from one number to another, evenly over a
// time, whether or not the earlier ones were answered.
func (s *site) post(ctx context.Context, from, to int, over time.Duration) []shot {
	shots := make([]shot, to-from)
	var all sync.WaitGroup
	began := time.Now()
	for n := range shots {
		due := began.Add(over * time.Duration(n) / time.Duration(len(shots)))
		select {
		case <-ctx.Done():
			return shots
		case <-time.After(time.Until(due)):
		}
		all.Go(func() {
			at := time.Now()
			status, err := s.Post(ctx, pager.Down(fmt.Sprint("s", from+n), at))
			shots[n] = shot{at, time.Since(at), err == nil && status == http.StatusOK}
		})
	}
	all.Wait()
	return shots
}

// stored counts what was answered with success.
func stored(shots []shot) (n int) {
	for _, shot := range shots {
		if shot.stored {
			n++
		}
	}
	return n
}

func measureFlood(ctx context.Context, l *lab.Lab) ([]lab.Row, error) {
	n := l.Number(flood)
	s, err := open(ctx, l, "flood", n)
	if err != nil {
		return nil, err
	}
	defer s.close()
	began := time.Now()
	shots := s.post(ctx, 0, n, time.Duration(float64(floodFor)*float64(n)/flood))
	now, _, err := lab.Resident(s.PID())
	if err != nil {
		return nil, err
	}
	if err := s.heard(ctx, l, stored(shots), 5*time.Minute); err != nil {
		return nil, err
	}
	after, _, err := lab.Resident(s.PID())
	if err != nil {
		return nil, err
	}
	incidents, err := s.Incidents(ctx)
	if err != nil {
		return nil, err
	}
	refused, lost := s.judge(shots, incidents)
	answer, first := quantile(shots, 0.99), s.first().Sub(began)
	memory := max(now, after)
	name := fmt.Sprintf("%d alerts in %s, each of a service of its own", n, floodFor*time.Duration(n)/flood)
	return []lab.Row{
		{Case: name, Measured: fmt.Sprintf("99 %% answered within %.0f ms, %d refused", answer.Seconds()*1e3, refused), Wanted: "99 % within 100 ms, none refused", Reached: answer <= mostAnswer && refused == 0},
		{Case: "the same", Measured: fmt.Sprintf("the first message after %.2f s; %d lost", first.Seconds(), lost), Wanted: "within 10 s, none lost", Reached: first <= mostFirst && lost == 0},
		{Case: fmt.Sprintf("%d open incidents", len(incidents)), Measured: fmt.Sprintf("%s resident at the end of the flood, %s when all were told", lab.MB(now), lab.MB(after)), Wanted: "at most 100 MB", Reached: memory <= mostMemory},
	}, nil
}

// judge counts what was refused, and what was taken and is nowhere, or was told
// to nobody.
func (s *site) judge(shots []shot, incidents []pager.Incident) (refused, lost int) {
	known := map[string]bool{}
	for _, i := range incidents {
		known[i.Service] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for n, shot := range shots {
		service := fmt.Sprint("s", n)
		if !shot.stored {
			refused++
		} else if s.told[service].IsZero() || !known[service] {
			lost++
		}
	}
	return refused, lost
}

func (s *site) first() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := time.Now()
	for _, at := range s.told {
		if at.Before(first) {
			first = at
		}
	}
	return first
}

// measureOne measures from the post to the phone, one alert after the other.
func measureOne(ctx context.Context, l *lab.Lab) (lab.Row, error) {
	n := l.Number(among)
	samples := max(10, n/5)
	s, err := open(ctx, l, "among", n+samples)
	if err != nil {
		return lab.Row{}, err
	}
	defer s.close()
	before := stored(s.post(ctx, 0, n, floodFor*time.Duration(n)/flood))
	if err := s.heard(ctx, l, before, time.Minute); err != nil {
		return lab.Row{}, err
	}
	// Until the pages of the first minute are over, too.
	if err := l.Settle(ctx, 80*time.Second); err != nil {
		return lab.Row{}, err
	}
	shots := s.post(ctx, n, n+samples, time.Duration(samples)*100*time.Millisecond)
	if err := s.heard(ctx, l, before+stored(shots), 30*time.Second); err != nil {
		return lab.Row{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range shots {
		at := s.told[fmt.Sprint("s", n+i)]
		if shots[i].took = at.Sub(shots[i].began); at.IsZero() {
			shots[i].took = time.Hour
		}
	}
	p50, p99 := quantile(shots, 0.5), quantile(shots, 0.99)
	return lab.Row{
		Case:     fmt.Sprintf("from the post to the first message, among %d open incidents, %d times", n, samples),
		Measured: fmt.Sprintf("median %.0f ms, 99 %% within %.0f ms", p50.Seconds()*1e3, p99.Seconds()*1e3),
		Wanted:   "99 % within 300 ms", Reached: p99 <= mostOver,
	}, nil
}

// quantile is the time within which a share of the shots was over.
func quantile(shots []shot, q float64) time.Duration {
	sorted := slices.SortedFunc(slices.Values(shots), func(a, b shot) int { return int(a.took - b.took) })
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))].took
}
