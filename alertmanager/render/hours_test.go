package render_test

import (
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/render"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// Every hour of a week is asked of Alertmanager's own intervals.
func TestChannelHours(t *testing.T) {
	for _, test := range []struct {
		days, times string
		inside      func(day time.Weekday, hour int) bool
	}{
		{"monday-friday", "09:00-17:00", func(d time.Weekday, h int) bool { return d >= 1 && d <= 5 && h >= 9 && h < 17 }},
		{"sunday", "00:00-24:00", func(d time.Weekday, _ int) bool { return d == 0 }},
		{"saturday-monday", "10:00-12:00", func(d time.Weekday, h int) bool { return (d == 6 || d <= 1) && h >= 10 && h < 12 }},
		{"monday, wednesday-thursday", "08:00-09:00, 18:00-20:00", func(d time.Weekday, h int) bool {
			return (d == 1 || d == 3 || d == 4) && (h == 8 || h == 18 || h == 19)
		}},
		{"friday-saturday", "22:00-06:00", func(d time.Weekday, h int) bool {
			return (d == 5 && h >= 22) || (d == 6 && (h < 6 || h >= 22)) || (d == 0 && h < 6)
		}},
		{"tuesday", "20:00-00:00", func(d time.Weekday, h int) bool { return d == 2 && h >= 20 }},
	} {
		t.Run(test.days+" "+test.times, func(t *testing.T) {
			c := ministry()
			c.Hours["office"] = &catalog.Hours{Name: "office", Days: test.days, Times: test.times, Timezone: "Europe/London"}
			text, err := render.Config(c, options())
			require.NoError(t, err)
			r := newRouter(t, text)
			labels := model.LabelSet{"alertname": "MemoryHigh", "team": "schools", "audience": "developers", "severity": "warning"}
			london, err := time.LoadLocation("Europe/London")
			require.NoError(t, err)
			for hour := range 7 * 24 {
				at := time.Date(2026, 7, 12, hour, 30, 0, 0, london)
				want := []string{"receiver"}
				if test.inside(at.Weekday(), at.Hour()) {
					want = append(want, "team/schools")
				}
				require.Equal(t, want, r.told(t, labels, at), at)
			}
		})
	}
}

// Wall clocks: nine in London is nine in summer and in winter.
func TestChannelHoursFollowTheClocks(t *testing.T) {
	text, err := render.Config(ministry(), options())
	require.NoError(t, err)
	r := newRouter(t, text)
	labels := model.LabelSet{"alertname": "MemoryHigh", "team": "schools", "audience": "developers", "severity": "warning"}
	winter, summer := time.Date(2026, 1, 14, 8, 30, 0, 0, time.UTC), time.Date(2026, 7, 15, 8, 30, 0, 0, time.UTC)
	require.Equal(t, []string{"receiver"}, r.told(t, labels, winter))
	require.Equal(t, []string{"receiver", "team/schools"}, r.told(t, labels, summer))
}

// The catalogue's own answer, asked around both changes of the clocks, a
// Christmas on a weekend and Easter.
func TestChannelHoursAgreeWithTheCatalogue(t *testing.T) {
	for _, office := range []*catalog.Hours{
		{Days: "monday-friday", Times: "09:00-17:30", Timezone: "Europe/London", Holidays: []string{"england-and-wales"}},
		{Days: "monday-sunday", Times: "00:00-24:00", Timezone: "Europe/London", Holidays: []string{"scotland", "northern-ireland"}},
		{Days: "sunday", Times: "00:30-03:30", Timezone: "Europe/London"},
		{Days: "friday-monday", Times: "21:00-05:00", Timezone: "Australia/Lord_Howe"},
	} {
		t.Run(office.Days+" "+office.Timezone, func(t *testing.T) {
			c := ministry()
			c.Hours["office"] = office
			text, err := render.Config(c, options())
			require.NoError(t, err)
			r := newRouter(t, text)
			labels := model.LabelSet{"alertname": "MemoryHigh", "team": "schools", "audience": "developers", "severity": "warning"}
			day := func(year int, month time.Month, day int) time.Time {
				return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
			}
			for _, days := range [][2]time.Time{
				{day(2027, 10, 28), day(2027, 11, 2)},
				{day(2027, 12, 23), day(2028, 1, 6)},
				{day(2028, 3, 24), day(2028, 4, 19)},
			} {
				for at := days[0]; at.Before(days[1]); at = at.Add(45 * time.Minute) {
					require.Equal(t, office.Contains(at), len(r.told(t, labels, at)) == 2, at)
				}
			}
		})
	}
}
