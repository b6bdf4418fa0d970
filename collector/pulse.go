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
// sleeps for short times and adds up by how much it oversleeps.
type pulse struct{ lost atomic.Int64 }

func (p *pulse) run(ctx context.Context) {
	timer := time.NewTimer(beat)
	defer timer.Stop()
	for last := time.Now(); ; last = time.Now() {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if late := time.Since(last) - beat; late > skipped {
			p.lost.Add(int64(late))
		}
		timer.Reset(beat)
	}
}

// since is the time lost since lost was read.
func (p *pulse) since(lost int64) time.Duration { return time.Duration(p.lost.Load() - lost) }
