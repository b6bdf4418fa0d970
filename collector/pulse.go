package collector

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	beat = 50 * time.Millisecond
	// skipped is what a beat may be late by before the process counts as held up.
	skipped = 10 * time.Millisecond
)

// pulse tells for how long the process did not get to run: because the machine
// has too little for it, was suspended, or a control group holds it back. It
// sleeps for short times and adds up by how much it oversleeps. Its beats are at
// the instants at which runs start that start together (probe.Kind), because an
// awakening of a process costs more than what is done in it.
type pulse struct{ lost atomic.Int64 }

func (p *pulse) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		now := time.Now()
		next := now.Add(beat - time.Duration(now.UnixNano())%beat)
		timer.Reset(next.Sub(now))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if late := time.Since(next); late > skipped {
			p.lost.Add(int64(late))
		}
	}
}

// since is the time lost since lost was read.
func (p *pulse) since(lost int64) time.Duration { return time.Duration(p.lost.Load() - lost) }
