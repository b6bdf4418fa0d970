package probe

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/collector/heartbeat"
)

// beat is what stays the same from look to look.
type beat struct {
	spec *catalog.HeartbeatProbe
	next func(success time.Time) time.Time
	job  func() (heartbeat.Job, error)
}

// newHeartbeat builds the kind heartbeat: a look at what a job said last.
func newHeartbeat(s site) (Func, error) {
	next, err := s.probe.Heartbeat.Timetable()
	if err != nil {
		return nil, s.errorf("heartbeat.schedule", "%v", err)
	}
	store := s.shared.options.Heartbeats
	service, name := s.probe.Service, s.probe.Name
	b := &beat{spec: s.probe.Heartbeat, next: next, job: func() (heartbeat.Job, error) { return store.Job(service, name) }}
	return b.run, nil
}

func (b *beat) run(context.Context) Result {
	var r Result
	job, err := b.job()
	if err != nil {
		return r.fail(ReasonInternal, err.Error())
	}
	if job.Runtime > 0 {
		r.Measures = append(r.Measures, Measured{JobDuration, job.Runtime.Seconds()})
	}
	if !job.Succeeded.IsZero() {
		r.Measures = append(r.Measures, Measured{JobSuccess, float64(job.Succeeded.UnixMilli()) / 1e3})
	}
	if job.Output != "" {
		r.Detail = &Detail{Output: job.Output}
	}
	return b.judge(r, job, time.Now())
}

// judge says whether all is well with a job now.
func (b *beat) judge(r Result, job heartbeat.Job, now time.Time) Result {
	since := job.Succeeded
	if since.IsZero() {
		since = job.Known
	}
	due, limit := b.next(since), b.spec.MaxRuntime.Std()
	switch {
	case job.Broken():
		return r.fail(ReasonFailed, "the job failed "+ago(now, job.Failed)+exitText(job)+lastLine(job.Output))
	case job.Running() && limit > 0 && now.Sub(job.Started) > limit:
		return r.fail(ReasonOverrun, fmt.Sprintf("the job runs for %s, want at most %s", brief(now.Sub(job.Started)), b.spec.MaxRuntime))
	case job.Running() && limit > 0, !now.After(due.Add(b.spec.Grace.Std())):
	case job.Succeeded.IsZero():
		return r.fail(ReasonUnseen, fmt.Sprintf("the job has never succeeded in the %s since it is awaited, want a success %s", brief(now.Sub(job.Known)), b.spec))
	default:
		return r.fail(ReasonLate, fmt.Sprintf("the job succeeded last %s, want a success %s: it was due at %s", ago(now, job.Succeeded), b.spec, due.UTC().Format(time.DateTime+" MST")))
	}
	if job.Succeeded.IsZero() {
		r.Outcome, r.Text = Waiting, "waiting for the job's first success, until "+due.UTC().Format(time.DateTime+" MST")
	}
	return r
}

func exitText(job heartbeat.Job) string {
	if job.Exit == 0 {
		return ""
	}
	return fmt.Sprintf(" with exit status %d", job.Exit)
}

// lastLine is the last line of a log, as the end of a sentence.
func lastLine(log string) string {
	log = strings.TrimSpace(log)
	if log == "" {
		return ""
	}
	return ": " + log[strings.LastIndexByte(log, '\n')+1:]
}

// ago is how long something is past, in words.
func ago(now, then time.Time) string { return brief(now.Sub(then)) + " ago" }

// brief is a length of time as people say it: two units at most.
func brief(d time.Duration) string {
	switch {
	case d < time.Minute:
		return d.Round(time.Second).String()
	case d < 48*time.Hour:
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
	hours := int(d.Round(time.Hour).Hours())
	return fmt.Sprintf("%dd%dh", hours/24, hours%24)
}
