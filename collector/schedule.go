package collector

import (
	"container/heap"
	"context"
	"hash/fnv"
	"io"
	"sync"
	"time"
)

// firstRound is the time over which first runs are spread: nobody waits five
// minutes for the first result of a probe that runs every five minutes.
const firstRound = 10 * time.Second

// schedule holds who is due when.
type schedule struct {
	mu    sync.Mutex
	queue dueQueue
	wake  chan struct{}
}

// due is one run to be started.
type due struct {
	target *target
	at     time.Time
}

func newSchedule() *schedule { return &schedule{wake: make(chan struct{}, 1)} }

// add puts a run on the schedule.
func (s *schedule) add(t *target, at time.Time) {
	s.mu.Lock()
	heap.Push(&s.queue, due{t, at})
	first := s.queue[0].target == t
	s.mu.Unlock()
	if first {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
}

// run calls start for each run when it is due, until ctx ends. start must not
// block.
func (s *schedule) run(ctx context.Context, start func(due)) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(s.startDue(start))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-s.wake:
		}
	}
}

// startDue starts what is due and returns the time until the next.
func (s *schedule) startDue(start func(due)) time.Duration {
	for {
		s.mu.Lock()
		if len(s.queue) == 0 {
			s.mu.Unlock()
			return time.Hour
		}
		next := s.queue[0]
		if wait := time.Until(next.at); wait > 0 && !next.target.gone() {
			s.mu.Unlock()
			return wait
		}
		heap.Pop(&s.queue)
		s.mu.Unlock()
		if !next.target.gone() {
			start(next)
		}
	}
}

// firstDue is when a probe runs first: spread over the first round by its place.
func firstDue(now time.Time, place uint64, interval time.Duration) time.Time {
	return now.Add(phase(place, min(interval, firstRound)))
}

// slotAfter is the first slot of a probe after now: the slots of a probe are
// the same on every day and after every restart.
func slotAfter(now time.Time, place uint64, interval time.Duration) time.Time {
	since := time.Duration(now.UnixNano()) - phase(place, interval)
	return now.Add(interval - since%interval)
}

// phase is where in its interval a probe runs. Its place is a hash of its name,
// so all probes are spread evenly.
func phase(place uint64, interval time.Duration) time.Duration {
	if interval <= 0 {
		return 0
	}
	return time.Duration(place % uint64(interval))
}

// together moves a place to a multiple of step, so that probes whose interval is
// one too run with others at the same instant. Without a step it stays.
func together(place uint64, step time.Duration) uint64 {
	if step <= 0 {
		return place
	}
	return place - place%uint64(step)
}

// hash is FNV-1a with a finalizer, because FNV alone leaves names that differ
// in the last letter close together (the constants are MurmurHash3's).
func hash(parts ...string) uint64 {
	h := fnv.New64a()
	for _, part := range parts {
		_, _ = io.WriteString(h, part)
		_, _ = h.Write([]byte{0})
	}
	sum := h.Sum64()
	sum = (sum ^ sum>>33) * 0xff51afd7ed558ccd
	sum = (sum ^ sum>>33) * 0xc4ceb9fe1a85ec53
	return sum ^ sum>>33
}

// dueQueue is a heap by time.
type dueQueue []due

// Len is the number of runs.
func (q dueQueue) Len() int { return len(q) }

// Less puts the earlier first.
func (q dueQueue) Less(i, j int) bool { return q[i].at.Before(q[j].at) }

// Swap swaps two runs.
func (q dueQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push appends a run.
func (q *dueQueue) Push(x any) { *q = append(*q, x.(due)) }

// Pop takes the last run.
func (q *dueQueue) Pop() any {
	last := (*q)[len(*q)-1]
	(*q)[len(*q)-1] = due{}
	*q = (*q)[:len(*q)-1]
	return last
}
