package demo

import (
	"context"
	"runtime/debug"
	"time"
)

// The leak: a step is small enough to see the line rise on a dashboard, and
// the whole stays under the 256 MiB that tocsin.yml declares as the limit,
// with the program's own 20 or so MiB.
const (
	leakStep  = 8 << 20
	leakMax   = 208 << 20
	leakEvery = 250 * time.Millisecond
	pageSize  = 4096
)

// leak holds memory while the switch is on, more with each tick up to leakMax,
// and gives it back to the system when the switch goes off.
func leak(ctx context.Context, switches *state) error {
	ticker := time.NewTicker(leakEvery)
	defer ticker.Stop()
	var held [][]byte
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		switch on := switches.is("leak"); {
		case on && len(held)*leakStep < leakMax:
			held = append(held, touched(leakStep))
		case !on && held != nil:
			held = nil
			debug.FreeOSMemory()
		}
	}
}

// touched is memory whose every page was written to, or else the system would
// not count it.
func touched(size int) []byte {
	block := make([]byte, size)
	for i := 0; i < size; i += pageSize {
		block[i] = 1
	}
	return block
}
