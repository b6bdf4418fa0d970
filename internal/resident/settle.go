package resident

import (
	"context"
	"runtime/debug"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
)

// settled is after how long a program has done once what it does every minute.
const settled = time.Minute

// Begin gives back what initialising the packages took, and has the heap grow by
// at most so many percent between two collections, which trades processor time
// for memory, unless the operator has made the choice with GOGC or GOMEMLIMIT.
func Begin(percent int, getenv func(string) string) {
	_ = Release() // what goes wrong will again, where it can be logged: see Settle
	if getenv("GOGC") == "" && getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(percent)
	}
}

// Settle is a part of a program that gives back what was only needed for the
// start: at once what the catalogue took, and what is left once everything that
// happens every minute has happened. It ends with its context.
func Settle(logger log.Logger) func(context.Context) error {
	return func(ctx context.Context) error {
		release(logger)
		debug.FreeOSMemory()
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(settled):
		}
		release(logger)
		<-ctx.Done()
		return nil
	}
}

func release(logger log.Logger) {
	if err := Release(); err != nil {
		level.Debug(logger).Log("msg", "More memory is held than needed", "err", err)
	}
}
