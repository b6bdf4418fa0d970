package wallclock_test

import (
	"testing"
	"time"
	_ "time/tzdata" // the test must not depend on the machine

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog/wallclock"
)

func TestInstants(t *testing.T) {
	cases := []struct{ name, zone, reading, want string }{
		{"winter", "Europe/London", "2026-01-15T02:30", "2026-01-15T02:30:00Z"},
		{"summer", "Europe/London", "2026-07-15T02:30", "2026-07-15T01:30:00Z"},
		{"skipped in spring", "Europe/London", "2026-03-29T01:30", "2026-03-29T01:00:00Z"},
		{"twice in autumn: the first", "Europe/London", "2026-10-25T01:30", "2026-10-25T00:30:00Z"},
		{"half an hour skipped", "Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30:00Z"},
		{"half an hour twice", "Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45:00Z"},
		{"a day that Samoa skipped", "Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00:00Z"},
		{"clocks change at midnight", "Africa/Cairo", "2026-04-24T00:30", "2026-04-23T22:00:00Z"},
		{"without a change of clocks", "Asia/Kolkata", "2026-03-29T01:30", "2026-03-28T20:00:00Z"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			zone, err := time.LoadLocation(c.zone)
			require.NoError(t, err)
			at, err := time.Parse("2006-01-02T15:04", c.reading)
			require.NoError(t, err)
			reading := wallclock.On(at.Year(), at.Month(), at.Day(), at.Hour()*60+at.Minute())
			require.Equal(t, c.want, reading.In(zone).UTC().Format(time.RFC3339))
		})
	}
}

// For four years of quarters of an hour: the clock shows the reading at its
// instant and not at an earlier one, or the instant is that of a change which
// jumps over the reading; and time goes forward.
func TestInstantsOfFourYears(t *testing.T) {
	for _, name := range []string{"Europe/London", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Africa/Cairo", "America/Santiago", "Asia/Tehran", "UTC"} {
		zone, err := time.LoadLocation(name)
		require.NoError(t, err)
		last := time.Time{}
		end := wallclock.On(2028, 1, 1, 0)
		for r := wallclock.On(2024, 1, 1, 0); r < end; r += 15 * 60 {
			at := r.In(zone)
			if wallclock.Read(at, zone) != r {
				before := wallclock.Read(at.Add(-time.Second), zone)
				require.Truef(t, before < r && r < wallclock.Read(at, zone), "%s: %s is no jump over %d", name, at, r)
			}
			require.NotEqualf(t, r, wallclock.Read(at.Add(-time.Hour), zone), "%s: %s is not the first", name, at)
			require.NotEqualf(t, r, wallclock.Read(at.Add(-30*time.Minute), zone), "%s: %s is not the first", name, at)
			require.Falsef(t, at.Before(last), "%s: %s lies before %s", name, at, last)
			last = at
		}
	}
}
