package receiver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// heartbeatLimit bounds one call.
const heartbeatLimit = 10 * time.Second

// heartbeatIdle is how soon a heartbeat that the catalogue has not is looked
// for again.
const heartbeatIdle = 10 * time.Second

// RunHeartbeat calls the address of monitoring.heartbeat again and again, so
// that somebody outside notices when the receiver is dead, until ctx ends. It
// does not while the store cannot be written: then nothing is kept, and the
// silence says so.
func (r *Receiver) RunHeartbeat(ctx context.Context) error {
	failing := false
	for ctx.Err() == nil {
		wait := heartbeatIdle
		if spec := r.current.Load().catalog.Monitoring.Heartbeat; spec != nil {
			wait = spec.Every.Std()
			failing = r.beatOut(ctx, spec, failing)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}

// beatOut calls once, and logs the first failure and its end.
func (r *Receiver) beatOut(ctx context.Context, spec *catalog.OutboundHeartbeat, failing bool) bool {
	if !r.store.Leads() {
		return failing // another receiver does; when all are dead nobody does
	}
	result, err := "success", error(nil)
	if err = r.store.Ready(ctx); err != nil {
		result = "withheld"
	} else if err = r.callOut(ctx, spec); err != nil {
		result = "failure"
	}
	if ctx.Err() != nil {
		return failing
	}
	r.metrics.heartbeats.WithLabelValues(result).Inc()
	switch {
	case err != nil && !failing:
		level.Error(r.logger).Log("msg", "The heartbeat does not go out; trying again", "result", result, "err", err)
	case err == nil && failing:
		level.Info(r.logger).Log("msg", "The heartbeat goes out again")
	}
	return err != nil
}

// callOut makes the call. The address is a secret: whoever has it can pretend
// that we live, so no error names it.
func (r *Receiver) callOut(ctx context.Context, spec *catalog.OutboundHeartbeat) error {
	address, err := spec.Address()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, heartbeatLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, spec.Method, address, nil)
	if err != nil {
		return errors.New("monitoring.heartbeat: the address is malformed")
	}
	answer, err := r.http.Do(request)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err
		}
		return fmt.Errorf("calling the address of monitoring.heartbeat: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10)
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("calling the address of monitoring.heartbeat: it answers %d", answer.StatusCode)
	}
	return nil
}
