package retry

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAfter(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		after, date string
		want        time.Duration
		said        bool
	}{
		{"", "", 0, false},
		{"soon", "", 0, false},
		{"1.5", "", 0, false},
		{"120", "", 2 * time.Minute, true},
		{"0", "", 0, true},
		{"-5", "", 0, true},
		{"9223372036854775807", "", 10 * 365 * 24 * time.Hour, true},
		{"99999999999999999999", "", 0, false},
		{"Thu, 26 Nov 2026 12:01:00 GMT", "", time.Minute, true},
		{"Thu, 26 Nov 2026 11:59:00 GMT", "", 0, true},
		{"Thursday, 26-Nov-26 12:01:00 GMT", "", time.Minute, true},
		{"Thu, 26 Nov 2026 15:01:00 GMT", "Thu, 26 Nov 2026 15:00:00 GMT", time.Minute, true}, // a clock that is ahead
		{"Thu, 26 Nov 2026 12:01:00 GMT", "yesterday", time.Minute, true},
	} {
		got, said := After(http.Header{"Retry-After": {test.after}, "Date": {test.date}}, now)
		require.Equal(t, test.said, said, test.after)
		require.Equal(t, test.want, got, test.after)
	}
	_, said := After(nil, now)
	require.False(t, said)
}
