package reload

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// RunHangup reloads at each SIGHUP until ctx ends. What goes wrong is logged
// and shown by Status.
func (r *Reloader) RunHangup(ctx context.Context) error {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hangup:
			_ = r.Reload() // it logs its error
		}
	}
}
