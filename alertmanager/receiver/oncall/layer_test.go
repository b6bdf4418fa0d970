package oncall_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the test must not depend on the machine

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return at
}

// told writes shifts as a reader would: who, from when until when.
func told(shifts []oncall.Shift) string {
	lines := make([]string, len(shifts))
	for n, s := range shifts {
		who := s.Primary
		if who == "" {
			who = "nobody"
		}
		lines[n] = fmt.Sprintf("%s %s %s", who, s.From.Format("Mon 02 15:04"), s.Until.Format("Mon 02 15:04"))
	}
	return strings.Join(lines, "\n")
}

func TestTheLastLayerOnDutyCounts(t *testing.T) {
	r := rota(t, catalog.Rota{Timezone: "Europe/London", Backup: []string{"mo"}, Layers: []catalog.Layer{
		{People: []string{"asha", "ben"}, Handover: "monday 09:30", Start: "2026-12-14"},
		{People: []string{"chi"}, Handover: "daily 09:00", Only: &catalog.Only{Days: "saturday-sunday", Times: "09:00-17:00"}},
		{People: []string{"dee", "eve"}, Handover: "daily 00:00", Start: "2026-12-25", Only: &catalog.Only{
			Holidays: []catalog.Holidays{{Calendar: "england-and-wales"}},
		}},
	}})
	got := told(r.Shifts(instant(t, "2026-12-19T00:00:00Z"), instant(t, "2026-12-29T12:00:00Z")))
	require.Equal(t, strings.TrimSpace(`
asha Mon 14 09:30 Sat 19 09:00
chi Sat 19 09:00 Sat 19 17:00
asha Sat 19 17:00 Sun 20 09:00
chi Sun 20 09:00 Sun 20 17:00
asha Sun 20 17:00 Mon 21 09:30
ben Mon 21 09:30 Fri 25 00:00
dee Fri 25 00:00 Sat 26 00:00
ben Sat 26 00:00 Sat 26 09:00
chi Sat 26 09:00 Sat 26 17:00
ben Sat 26 17:00 Sun 27 09:00
chi Sun 27 09:00 Sun 27 17:00
ben Sun 27 17:00 Mon 28 00:00
eve Mon 28 00:00 Tue 29 00:00
asha Tue 29 00:00 Fri 01 00:00`), got)
	require.Empty(t, r.Gaps(instant(t, "2026-12-01T00:00:00Z"), instant(t, "2027-12-01T00:00:00Z")))
}

func TestGapsAreFoundToTheSecond(t *testing.T) {
	r := rota(t, catalog.Rota{Timezone: "Europe/London", Gaps: catalog.GapsAllowed, Layers: []catalog.Layer{{
		People: []string{"asha"}, Handover: "daily 09:00",
		Only: &catalog.Only{Days: "monday-friday", Times: "09:00-17:30", Except: []catalog.Holidays{{Calendar: "england-and-wales"}}},
	}}})
	require.True(t, r.GapsAllowed())
	from := instant(t, "2026-04-02T12:00:00Z")
	require.Equal(t, "nobody Thu 02 17:30 Tue 07 09:00", told(r.Gaps(from, instant(t, "2026-04-07T08:30:00Z"))), "Easter")
	gap := r.At(instant(t, "2026-04-05T00:00:00Z"))
	require.Equal(t, "nobody Thu 02 17:30 Tue 07 09:00", told([]oncall.Shift{gap}))
	require.Equal(t, "asha", r.At(from).Primary)
}

func TestTheSunIsFollowedWithoutAGap(t *testing.T) {
	r := rota(t, catalog.Rota{Timezone: "UTC", Layers: []catalog.Layer{
		{People: []string{"asha", "ben"}, Handover: "monday 08:00", Timezone: "Europe/London", Only: &catalog.Only{Times: "08:00-20:00"}},
		{People: []string{"pat", "mo"}, Handover: "monday 08:00", Timezone: "Pacific/Auckland", Start: "2026-01-05", Only: &catalog.Only{Times: "07:00-21:00"}},
	}})
	require.Empty(t, r.Gaps(instant(t, "2026-01-01T00:00:00Z"), instant(t, "2028-01-01T00:00:00Z")))
	require.Contains(t, []string{"asha", "ben"}, r.At(instant(t, "2026-07-01T12:00:00Z")).Primary)
	require.Contains(t, []string{"pat", "mo"}, r.At(instant(t, "2026-07-01T23:00:00Z")).Primary)
}

func TestHalfDays(t *testing.T) {
	r := rota(t, catalog.Rota{
		Timezone: "Europe/London", Handover: "daily 09:00", Shift: catalog.Duration(12 * time.Hour), Start: "2026-10-24", People: []string{"day", "night", "off"},
	})
	require.Equal(t, strings.TrimSpace(`
day Sat 24 09:00 Sat 24 21:00
night Sat 24 21:00 Sun 25 09:00
off Sun 25 09:00 Sun 25 21:00
day Sun 25 21:00 Mon 26 09:00`), told(r.Shifts(instant(t, "2026-10-24T08:00:00Z"), instant(t, "2026-10-26T08:00:00Z"))))
	night := r.At(instant(t, "2026-10-25T00:00:00Z"))
	require.Equal(t, 13*time.Hour, night.Until.Sub(night.From), "clocks were put back")
}

func TestWhoIsAwayIsPassedOver(t *testing.T) {
	spec := catalog.Rota{Timezone: "UTC", Handover: "monday 09:00", Start: "2026-11-02", People: []string{"asha", "ben", "chi"}, Backup: []string{"ben", "dee"}}
	away := func(person, from, until string) oncall.Absence {
		return oncall.Absence{Person: person, From: instant(t, from), Until: instant(t, until)}
	}
	r, err := oncall.New(&spec, oncall.Calendars{Away: []oncall.Absence{
		away("asha", "2026-11-04T00:00:00Z", "2026-11-06T00:00:00Z"),
		away("ben", "2026-11-05T00:00:00Z", "2026-11-05T12:00:00Z"),
	}})
	require.NoError(t, err)
	from, until := instant(t, "2026-11-02T09:00:00Z"), instant(t, "2026-11-16T09:00:00Z")
	require.Equal(t, strings.TrimSpace(`
asha Mon 02 09:00 Wed 04 00:00
ben Wed 04 00:00 Thu 05 00:00
chi Thu 05 00:00 Thu 05 12:00
ben Thu 05 12:00 Fri 06 00:00
asha Fri 06 00:00 Mon 09 09:00
ben Mon 09 09:00 Mon 16 09:00`), told(r.Shifts(from, until)))
	require.Equal(t, "dee", r.At(instant(t, "2026-11-04T12:00:00Z")).Backup, "ben is on call himself")
	require.Equal(t, "ben", r.At(from).Backup)

	spec.Backup = nil
	everybody, err := oncall.New(&spec, oncall.Calendars{Away: []oncall.Absence{
		away("asha", "2026-11-04T00:00:00Z", "2026-11-06T00:00:00Z"),
		away("ben", "2026-11-04T00:00:00Z", "2026-11-06T00:00:00Z"),
		away("chi", "2026-11-05T00:00:00Z", "2026-11-07T00:00:00Z"),
	}})
	require.NoError(t, err)
	require.Equal(t, "nobody Thu 05 00:00 Fri 06 00:00", told(everybody.Gaps(from, until)))
}
