// Package retry reads for how long a server asks not to be asked again.
//
// All clients of ours use it: channels, GitHub, registries of domains, and the
// Kubernetes API. Each bounds the wish as suits it, because a hostile answer
// may wish for a year.
//
// What a reader would not guess: an instant is compared with the server's own
// clock where it shows it, because ours may differ by more than the wish.
package retry

import (
	"net/http"
	"strconv"
	"time"
)

// After is what the header Retry-After asks for, in seconds or as an instant
// (RFC 9110, 10.2.3); never less than nothing. It is false when the header is
// missing or neither.
func After(header http.Header, now time.Time) (time.Duration, bool) {
	text := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil {
		const most = 10 * 365 * 24 * 3600 // the number of nanoseconds is one, too
		return time.Duration(min(max(seconds, 0), most)) * time.Second, true
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		now = date
	}
	return max(at.Sub(now), 0), true
}
