package oncall_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

func rota(t *testing.T, spec catalog.Rota) *oncall.Rota {
	t.Helper()
	r, err := oncall.New(&spec, oncall.Calendars{})
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

func TestARotaThatCannotBe(t *testing.T) {
	good := catalog.Rota{Name: "r", Timezone: "UTC", Handover: "monday 09:30", People: []string{"a"}}
	cases := []struct {
		name   string
		change func(*catalog.Rota)
		want   string
	}{
		{"nobody", func(r *catalog.Rota) { r.People = nil }, `rota "r": there are no people`},
		{"zone", func(r *catalog.Rota) { r.Timezone = "Mars/Base" }, `rota "r": timezone`},
		{"handover", func(r *catalog.Rota) { r.Handover = "moonday 09:30" }, `malformed handover (got "moonday 09:30"`},
		{"clock", func(r *catalog.Rota) { r.Handover = "monday noon" }, `want one such as`},
		{"start", func(r *catalog.Rota) { r.Start = "soon" }, `start: want YYYY-MM-DD, got "soon"`},
		{"shift", func(r *catalog.Rota) { r.Shift = catalog.Duration(time.Minute) }, `want at least 1h`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			spec := good
			c.change(&spec)
			_, err := oncall.New(&spec, oncall.Calendars{})
			require.ErrorContains(t, err, c.want)
		})
	}
}
