// Package reading reads things on a schedule: again and again, each bounded in
// time, none delaying another.
//
// It is the loop beneath the resource, usage and pipeline collectors of the
// exporter, which hand it one [Task] per thing in the catalogue and keep what
// the tasks found for the next scrape. Probes have a harness of their own,
// because they confirm and must not be late.
//
// A failure is logged when it begins and when it ends, not each time; what
// panics has failed. A task whose specification did not change keeps its
// schedule over a reload.
package reading

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"reflect"
	"runtime/debug"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
)

// Task is one thing to read. Key tells it from the others over a reload; Spec
// is compared with reflect.DeepEqual, and a change starts it anew.
type Task struct {
	Key      string
	At       string // file:line:column of what the catalogue says about it, for the log; may be empty
	Spec     any
	Interval time.Duration
	Timeout  time.Duration                   // of one reading
	Jitter   float64                         // share of Interval by which each pause is lengthened at random, at most
	Read     func(ctx context.Context) error // its error is the reading's failure
	Failed   func(err error)                 // told of each failure, panics and time-outs included; may be nil
}

// Loop runs tasks. Make it with [New]; Set may be called before and during Run.
type Loop struct {
	logger log.Logger

	mu      sync.Mutex
	ctx     context.Context //nolint:containedctx // the context of Run, which starts the tasks that Set adds later
	group   sync.WaitGroup
	tasks   []Task
	running map[string]*running

	failures sync.Mutex
	failing  map[string]bool // by key; guarded by failures
}

type running struct {
	spec   any
	cancel context.CancelFunc
	done   chan struct{}
}

// New returns a loop without tasks. A nil logger is none.
func New(logger log.Logger) *Loop {
	if logger == nil {
		logger = log.NewNopLogger()
	}
	return &Loop{logger: logger, running: map[string]*running{}, failing: map[string]bool{}}
}

// Set replaces the tasks. Those that are gone or changed have ended when it
// returns, so a reading of the old catalogue never lands after it.
func (l *Loop) Set(tasks []Task) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tasks = tasks
	l.apply()
}

// apply ends and starts what the tasks demand. It needs mu.
func (l *Loop) apply() {
	if l.ctx == nil || l.ctx.Err() != nil {
		return
	}
	wanted := make(map[string]Task, len(l.tasks))
	for _, t := range l.tasks {
		wanted[t.Key] = t
	}
	var ending []*running
	for key, r := range l.running {
		if t, ok := wanted[key]; ok && reflect.DeepEqual(t.Spec, r.spec) {
			continue
		}
		r.cancel()
		ending = append(ending, r)
		delete(l.running, key)
	}
	for _, r := range ending {
		<-r.done
	}
	for _, t := range l.tasks {
		if l.running[t.Key] == nil {
			l.start(t)
		}
	}
}

// Run reads until ctx ends and every reading has returned. Its error is nil.
func (l *Loop) Run(ctx context.Context) error {
	l.mu.Lock()
	l.ctx = ctx
	l.apply()
	l.mu.Unlock()
	<-ctx.Done()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.group.Wait()
	clear(l.running)
	return nil
}

// Once reads every task one time, one after the other, instead of Run. It
// returns when all have ended.
func (l *Loop) Once(ctx context.Context) {
	l.mu.Lock()
	tasks := l.tasks
	l.mu.Unlock()
	for _, t := range tasks {
		l.attempt(ctx, t)
	}
}

// start needs mu.
func (l *Loop) start(t Task) {
	ctx, cancel := context.WithCancel(l.ctx)
	r := &running{spec: t.Spec, cancel: cancel, done: make(chan struct{})}
	l.running[t.Key] = r
	l.group.Go(func() {
		defer close(r.done)
		defer cancel()
		l.repeat(ctx, t)
	})
}

// repeat reads at once, then at the task's own phase of the interval, so that
// a hundred tasks that start together do not read together for ever.
func (l *Loop) repeat(ctx context.Context, t Task) {
	for pause := phase(t.Key, t.Interval); ; pause = t.Interval {
		l.attempt(ctx, t)
		timer := time.NewTimer(pause + time.Duration(t.Jitter*rand.Float64()*float64(t.Interval)))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// phase is the first pause: between half and one and a half intervals.
func phase(key string, interval time.Duration) time.Duration {
	h := fnv.New32a()
	h.Write([]byte(key))
	return interval/2 + time.Duration(float64(interval)*float64(h.Sum32())/(1<<32))
}

// attempt reads once and passes a failure on, unless the loop is ending.
func (l *Loop) attempt(ctx context.Context, t Task) {
	err := read(ctx, t)
	if ctx.Err() != nil {
		return
	}
	if err != nil && t.Failed != nil {
		t.Failed(err)
	}
	l.note(t, err)
}

func read(ctx context.Context, t Task) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, t.Timeout, fmt.Errorf("no answer within %s", t.Timeout))
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("reading %q: panic: %v\n%s", t.Key, p, debug.Stack())
		}
	}()
	return t.Read(ctx)
}

func (l *Loop) note(t Task, err error) {
	l.failures.Lock()
	failedBefore := l.failing[t.Key]
	l.failing[t.Key] = err != nil
	l.failures.Unlock()
	switch {
	case err != nil && !failedBefore:
		_ = level.Warn(l.logger).Log("msg", "reading fails", "what", t.Key, "at", t.At, "err", err)
	case err == nil && failedBefore:
		_ = level.Info(l.logger).Log("msg", "reading works again", "what", t.Key)
	}
}
