package pipeline

import (
	"slices"
	"time"
)

// Result is how a run, a job or a check ended, in the words of OpenTelemetry's
// conventions for CI/CD.
type Result string

// The results, from the worst to the best.
const (
	Failure      Result = "failure"
	Timeout      Result = "timeout"
	Error        Result = "error" // the run never got as far as its jobs
	Cancellation Result = "cancellation"
	Partial      Result = "partial"
	Success      Result = "success"
	Skip         Result = "skip"
)

// Results lists all results, the worst first.
func Results() []Result {
	return []Result{Failure, Timeout, Error, Cancellation, Partial, Success, Skip}
}

// verdict reports whether a run with this result says anything about the
// pipeline. A cancelled or skipped run does not.
func (r Result) verdict() bool { return r != Cancellation && r != Skip && r != "" }

func (r Result) failed() bool { return r == Failure || r == Timeout || r == Error }

// worst is the worst of results; "" when there are none.
func worst(results []Result) Result {
	for _, r := range Results() {
		if slices.Contains(results, r) {
			return r
		}
	}
	return ""
}

// Run is one finished attempt of one run.
type Run struct {
	ID       int64
	Number   int
	Attempt  int
	URL      string
	Commit   string
	Result   Result
	Started  time.Time
	Finished time.Time
	Jobs     []Job
	looked   bool // Jobs were asked for
}

// Job is one finished job of a run.
type Job struct {
	Name   string
	URL    string
	Result Result
	Check  string // the catalogue's name for it, or ""
}

// Status is what is known of one pipeline.
type Status struct {
	Last        *Run              // the last run that reached a verdict; without one the last that finished; nil before any
	LastSuccess time.Time         // end of the last success; zero when there is none
	Counts      map[Result]uint64 // finished runs seen since the program began
	Checks      map[string]Result // of Last; "" where no job bears the name
}
