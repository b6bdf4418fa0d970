package oncall_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

func rota(t *testing.T, spec catalog.Rota) *oncall.Rota {
	t.Helper()
	r, err := oncall.New(&spec)
	require.NoError(t, err)
	return r
}

func TestTheTurnGoesRound(t *testing.T) {
	r := rota(t, catalog.Rota{
		Name: "shop", Timezone: "Europe/London", Handover: "monday 09:30", Shift: catalog.Duration(7 * 24 * time.Hour),
		Start: "2026-11-02", People: []string{"asha", "ben", "chi"}, Backup: []string{"dee"},
	})
	cases := []struct {
		at, primary string
	}{
		{"2026-11-02T09:29:59Z", "chi"}, // before the start the order runs on
		{"2026-11-02T09:30:00Z", "asha"},
		{"2026-11-09T09:29:59Z", "asha"},
		{"2026-11-09T09:30:00Z", "ben"},
		{"2026-11-16T12:00:00Z", "chi"},
		{"2026-11-23T09:30:00Z", "asha"},
		{"2027-06-14T08:30:00Z", "chi"}, // summer: 09:30 on the clock
	}
	for _, c := range cases {
		t.Run(c.at, func(t *testing.T) {
			at, err := time.Parse(time.RFC3339, c.at)
			require.NoError(t, err)
			shift := r.At(at)
			require.Equal(t, c.primary, shift.Primary)
			require.Equal(t, "dee", shift.Backup)
			require.False(t, shift.From.After(at))
			require.True(t, shift.Until.After(at))
		})
	}
}

func TestAChangeOfClocksMovesNothingThatPeopleSee(t *testing.T) {
	cases := []struct {
		name, zone, handover, around string
		want                         string // the instant of the handover on that day, in UTC
	}{
		{"an ordinary time before", "Europe/London", "daily 09:30", "2026-03-28", "2026-03-28T09:30:00Z"},
		{"an ordinary time after", "Europe/London", "daily 09:30", "2026-03-29", "2026-03-29T08:30:00Z"},
		{"skipped: the instant of the change", "Europe/London", "daily 01:30", "2026-03-29", "2026-03-29T01:00:00Z"},
		{"twice: the first", "Europe/London", "daily 01:30", "2026-10-25", "2026-10-25T00:30:00Z"},
		{"half an hour skipped", "Australia/Lord_Howe", "daily 02:15", "2026-10-04", "2026-10-03T15:30:00Z"},
		{"half an hour twice", "Australia/Lord_Howe", "daily 01:45", "2026-04-05", "2026-04-04T14:45:00Z"},
		{"midnight skipped", "Africa/Cairo", "daily 00:00", "2026-04-24", "2026-04-23T22:00:00Z"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := rota(t, catalog.Rota{Timezone: c.zone, Handover: c.handover, Start: c.around, People: []string{"a", "b"}})
			want, err := time.Parse(time.RFC3339, c.want)
			require.NoError(t, err)
			require.Equal(t, "a", r.At(want).Primary)
			require.Equal(t, want, r.At(want).From.UTC())
			require.Equal(t, "b", r.At(want.Add(-time.Second)).Primary)
		})
	}
}

// TestExactlyOnePrimary walks through years in steps that hit the changes of
// clocks: shifts join without a gap, and instants inside one agree.
func TestExactlyOnePrimary(t *testing.T) {
	for _, zone := range []string{"UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Tehran", "Pacific/Apia"} {
		for _, handover := range []string{"monday 09:30", "sunday 01:30", "daily 02:00", "daily 00:00"} {
			for _, shift := range []time.Duration{0, 12 * time.Hour, 24 * time.Hour} {
				t.Run(fmt.Sprint(zone, " ", handover, " ", shift), func(t *testing.T) {
					r := rota(t, catalog.Rota{
						Timezone: zone, Handover: handover, Shift: catalog.Duration(shift), People: []string{"a", "b", "c"}, Backup: []string{"c", "b"},
					})
					at := time.Date(2010, 12, 1, 0, 0, 0, 0, time.UTC)
					for at.Year() < 2013 {
						s := r.At(at)
						require.True(t, s.Until.After(s.From), "%v", s)
						require.Equal(t, s, r.At(s.From))
						require.Equal(t, s, r.At(s.Until.Add(-time.Nanosecond)))
						require.Equal(t, s.Until, r.At(s.Until).From)
						if zone != "Pacific/Apia" { // where a whole day was left out, and whoever's turn lay in it
							require.NotEqual(t, s.Primary, r.At(s.Until).Primary)
						}
						require.NotEqual(t, s.Primary, s.Backup)
						at = s.Until
					}
				})
			}
		}
	}
}

func TestARotaThatCannotBe(t *testing.T) {
	good := catalog.Rota{Name: "r", Timezone: "UTC", Handover: "monday 09:30", People: []string{"a"}}
	cases := []struct {
		name   string
		change func(*catalog.Rota)
		want   string
	}{
		{"nobody", func(r *catalog.Rota) { r.People = nil }, `rota "r" has no people`},
		{"zone", func(r *catalog.Rota) { r.Timezone = "Mars/Base" }, `rota "r": timezone`},
		{"handover", func(r *catalog.Rota) { r.Handover = "moonday 09:30" }, `want a day of the week or "daily", got "moonday"`},
		{"clock", func(r *catalog.Rota) { r.Handover = "monday noon" }, `want one such as`},
		{"start", func(r *catalog.Rota) { r.Start = "soon" }, `start: want YYYY-MM-DD, got "soon"`},
		{"shift", func(r *catalog.Rota) { r.Shift = catalog.Duration(time.Minute) }, `want at least 1h`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			spec := good
			c.change(&spec)
			_, err := oncall.New(&spec)
			require.ErrorContains(t, err, c.want)
		})
	}
}
