package github

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/internal/retry"
)

// GitHub asks for at least a minute where it does not say how long, and for
// more each time; a primary limit is reset within the hour.
const (
	minPause = time.Minute
	maxPause = time.Hour
)

// limits knows until when GitHub does not want to hear from us.
type limits struct {
	now      func() time.Time
	until    time.Time
	what     string // which limit
	unstated int    // refusals in a row that did not say how long
}

// closed returns an error while a limit holds, and nil otherwise.
func (l *limits) closed() error {
	left := l.until.Sub(l.now())
	if left <= 0 {
		return nil
	}
	return &Error{Kind: RateLimited, RetryAfter: left, Message: l.what + " rate limit: asked to wait until " + l.until.UTC().Format(time.TimeOnly) + " UTC"}
}

// note reads how many requests are left and stops when none is.
func (l *limits) note(r response) (remaining float64, known bool) {
	remaining, err := strconv.ParseFloat(r.header.Get("X-Ratelimit-Remaining"), 64)
	if err != nil {
		return 0, false
	}
	if remaining <= 0 {
		l.stop("primary", l.untilReset(r.header))
	}
	return remaining, true
}

// refusal is the error for a status that is no success. It tells a limit from
// a lack of permission: GitHub uses 403 for both.
func (l *limits) refusal(method, target string, r response) error {
	e := &Error{Kind: kind(r.status), Status: r.status, Method: method, Path: pathOf(target), Message: message(r)}
	if r.status == http.StatusServiceUnavailable {
		after, _ := retry.After(r.header, l.now())
		e.RetryAfter = min(after, maxPause)
	}
	if r.status != http.StatusForbidden && r.status != http.StatusTooManyRequests {
		return e
	}
	pause, what := l.pause(r, e.Message)
	if pause == 0 {
		return e
	}
	l.stop(what, pause)
	e.Kind, e.RetryAfter = RateLimited, pause
	return e
}

// pause is how long a 403 or 429 wants us to stay away; 0 when it is no limit.
func (l *limits) pause(r response, text string) (time.Duration, string) {
	if after, said := retry.After(r.header, l.now()); said {
		l.unstated = 0
		return min(max(after, time.Second), maxPause), "secondary"
	}
	if r.header.Get("X-Ratelimit-Remaining") == "0" {
		return l.untilReset(r.header), "primary"
	}
	if r.status != http.StatusTooManyRequests && !strings.Contains(strings.ToLower(text), "rate limit") {
		return 0, ""
	}
	pause := min(minPause<<min(l.unstated, 6), maxPause)
	l.unstated++
	return pause, "secondary"
}

// untilReset is the time to the reset by GitHub's own clock where the answer
// is dated, so that a wrong clock here neither hurries nor sleeps too long.
func (l *limits) untilReset(h http.Header) time.Duration {
	seconds, err := strconv.ParseInt(h.Get("X-Ratelimit-Reset"), 10, 64)
	if err != nil {
		return minPause
	}
	now := l.now()
	if dated, err := http.ParseTime(h.Get("Date")); err == nil {
		now = dated
	}
	return min(max(time.Unix(seconds, 0).Sub(now), time.Second), maxPause)
}

func (l *limits) stop(what string, d time.Duration) {
	l.what, l.until = what, l.now().Add(min(d, maxPause))
}

func pathOf(target string) string {
	if u, err := url.Parse(target); err == nil {
		return u.Path
	}
	return ""
}
