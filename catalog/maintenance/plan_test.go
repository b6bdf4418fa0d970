package maintenance_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the test must not depend on the machine

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/catalog/maintenance"
)

const estate = `
monitoring: {team: platform}
teams: {platform: {}, shop: {}}
services:
  postgres: {team: platform}
  queue: {team: platform}
  shop: {team: shop}
  sign-in: {external: true}
defaults: {longest_maintenance: 30d}
maintenance:
`

func parsed(t *testing.T, windows ...string) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Parse("tocsin.yml", []byte(estate+"  "+strings.Join(windows, "\n  ")+"\n"))
	require.NoError(t, err)
	return c
}

func planned(t *testing.T, windows ...string) *maintenance.Plan {
	t.Helper()
	p, err := maintenance.New(parsed(t, windows...))
	require.NoError(t, err)
	return p
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	instant, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return instant
}

// Each window opens next, after an instant, from and until the given ones.
func TestWhenWindowsOpen(t *testing.T) {
	const london = "timezone: Europe/London"
	cases := []struct{ name, window, after, from, until string }{
		{"first Sunday", "days: first sunday, at: 02:00, duration: 3h, " + london, "2026-12-01T00:00:00Z", "2026-12-06T02:00:00Z", "2026-12-06T05:00:00Z"},
		{"the next first Sunday", "days: first sunday, at: 02:00, duration: 3h, " + london, "2026-12-06T02:00:00Z", "2027-01-03T02:00:00Z", "2027-01-03T05:00:00Z"},
		{"second Tuesday", "days: second tuesday, at: 20:00, duration: 1h, " + london, "2026-09-01T00:00:00Z", "2026-09-08T19:00:00Z", "2026-09-08T20:00:00Z"},
		{"last Friday of five", "days: last friday, at: 20:00, duration: 1h, " + london, "2026-10-01T00:00:00Z", "2026-10-30T20:00:00Z", "2026-10-30T21:00:00Z"},
		{"of several days the next", `days: "first sunday, third sunday, 9", at: 02:00, duration: 1h, ` + london, "2026-12-06T03:00:00Z", "2026-12-09T02:00:00Z", "2026-12-09T03:00:00Z"},
		{"the 31st", "days: 31, at: 02:00, duration: 1h, timezone: UTC", "2026-09-01T00:00:00Z", "2026-10-31T02:00:00Z", "2026-10-31T03:00:00Z"},
		{"the last day of February", "days: last day, at: 23:30, duration: 1h, timezone: UTC", "2028-02-01T00:00:00Z", "2028-02-29T23:30:00Z", "2028-03-01T00:30:00Z"},
		{"one date", "days: 2026-12-05, at: 22:00, duration: 4h, timezone: America/New_York", "2026-11-26T00:00:00Z", "2026-12-06T03:00:00Z", "2026-12-06T07:00:00Z"},
		{"skipped in spring", "days: sunday, at: 01:30, duration: 2h, " + london, "2026-03-28T00:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T03:00:00Z"},
		{"twice in autumn: its length is real", "days: sunday, at: 01:30, duration: 2h, " + london, "2026-10-24T00:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T02:30:00Z"},
		{"far in the east the day begins earlier", "days: monday, at: 00:15, duration: 1h, timezone: Pacific/Auckland", "2026-12-01T00:00:00Z", "2026-12-06T11:15:00Z", "2026-12-06T12:15:00Z"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := planned(t, "a: {services: [shop], reason: r, "+c.window+"}")
			next, found := p.Next("shop", at(t, c.after))
			require.True(t, found)
			require.Equal(t, []string{c.from, c.until}, []string{next.From.UTC().Format(time.RFC3339), next.Until.UTC().Format(time.RFC3339)})
			require.Empty(t, p.At("shop", next.From.Add(-time.Second)))
			require.Equal(t, []maintenance.Window{next}, p.At("shop", next.From))
			require.Equal(t, []maintenance.Window{next}, p.At("shop", next.Until.Add(-time.Second)))
			require.Empty(t, p.At("shop", next.Until))
		})
	}
}

func TestADateIsOnce(t *testing.T) {
	p := planned(t, "a: {services: [shop], days: 2026-12-05, at: 22:00, duration: 4h, timezone: UTC, reason: r}")
	_, found := p.Next("shop", at(t, "2026-12-05T22:00:00Z"))
	require.False(t, found)
	require.Zero(t, p.Edge(at(t, "2026-12-06T02:00:00Z")))
}

func TestWhomAWindowCovers(t *testing.T) {
	const when = "days: daily, at: 12:00, duration: 1h, timezone: UTC, reason: r}"
	p := planned(t, "one: {services: [postgres, shop], "+when, "team: {teams: [platform], "+when, "whole: {all: true, "+when)
	noon := at(t, "2026-11-26T12:30:00Z")
	for service, want := range map[string][]string{
		"postgres": {"one", "team", "whole"}, "queue": {"team", "whole"}, "shop": {"one", "whole"}, "sign-in": {"whole"},
		"tocsin": nil, "unassigned": nil,
	} {
		var names []string
		for _, w := range p.At(service, noon) {
			names = append(names, w.Name)
		}
		require.Equal(t, want, names, service)
	}
	var scopes []string
	for _, w := range p.Open(noon) {
		scopes = append(scopes, w.Scope.String())
	}
	require.Equal(t, []string{"postgres, shop", "team platform", "every service"}, scopes)
}

func TestTheWindowThatEndsLastCounts(t *testing.T) {
	c := parsed(t, "short: {services: [shop], days: daily, at: 12:00, duration: 1h, timezone: UTC, reason: r}",
		"long: {services: [shop], days: daily, at: 12:30, duration: 2h, timezone: UTC, reason: r}")
	p, err := maintenance.New(c)
	require.NoError(t, err)
	for clock, want := range map[string]string{"11:59": "", "12:00": "short", "12:30": "long", "13:30": "long", "14:30": ""} {
		now := at(t, "2026-11-26T"+clock+":00Z")
		last, _ := maintenance.Last(p.Open(now), c.Services["shop"], now)
		require.Equal(t, want, last.Name, clock)
	}
	require.Equal(t, "2026-11-26T12:30:00Z", p.Edge(at(t, "2026-11-26T12:00:00Z")).UTC().Format(time.RFC3339))
	require.Equal(t, "2026-11-26T13:00:00Z", p.Edge(at(t, "2026-11-26T12:30:00Z")).UTC().Format(time.RFC3339))
}

// TestPlansOverYearsAndZones walks random windows from edge to edge over three
// years. Every occurrence begins on one of its days, at its time of the day or
// at the change of clocks that skips it; it lasts as long as was said; and
// what is open between two edges is the same everywhere between them.
func TestPlansOverYearsAndZones(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 11))
	zones := []string{
		"Europe/London", "Europe/Berlin", "America/New_York", "America/Santiago", "America/St_Johns", "Australia/Lord_Howe",
		"Africa/Cairo", "Africa/Casablanca", "Asia/Kolkata", "Pacific/Auckland", "Pacific/Apia", "UTC",
	}
	days := []string{"daily", "monday-friday", "sunday", "first sunday", "last sunday", "second tuesday", "1", "31", "last day", "saturday, 15"}
	for _, zone := range zones {
		for range 4 {
			window := fmt.Sprintf("a: {services: [shop], days: %q, at: %02d:%02d, duration: %dm, timezone: %s, reason: r}",
				days[random.IntN(len(days))], random.IntN(24), random.IntN(4)*15, 15+random.IntN(90)*15, zone)
			t.Run(window, func(t *testing.T) { walk(t, window, zone, random) })
		}
	}
}

func walk(t *testing.T, window, zone string, random *rand.Rand) {
	c, err := catalog.Parse("tocsin.yml", []byte(estate+"  "+window+"\n"))
	require.NoError(t, err)
	p, err := maintenance.New(c)
	require.NoError(t, err)
	spec := c.Maintenance["a"]
	where, err := time.LoadLocation(zone)
	require.NoError(t, err)
	now, seen := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), 0
	for end := now.AddDate(3, 0, 0); now.Before(end); {
		edge := p.Edge(now)
		require.True(t, edge.After(now), now)
		within := now.Add(time.Duration(random.Int64N(int64(edge.Sub(now)))))
		require.Equal(t, p.At("shop", now), p.At("shop", within), "%s to %s", now, within)
		require.Equal(t, p.At("shop", now), p.At("shop", edge.Add(-time.Nanosecond)))
		for _, w := range p.At("shop", edge) {
			begins(t, spec, w, where)
			seen++
		}
		now = edge
	}
	require.Greater(t, seen, 20)
}

func begins(t *testing.T, spec *catalog.Maintenance, w maintenance.Window, where *time.Location) {
	t.Helper()
	require.Equal(t, spec.Duration.Std(), w.Until.Sub(w.From))
	local := w.From.In(where)
	clock := local.Hour()*60 + local.Minute()
	if clock == int(spec.At) && spec.Days.Contain(local) {
		return
	}
	change, _ := local.ZoneBounds()
	require.Truef(t, change.Equal(w.From), "%s is neither %s nor a change of clocks", local, spec.At)
	require.True(t, slices.ContainsFunc([]time.Time{local, local.AddDate(0, 0, -1)}, spec.Days.Contain), "%s", local)
}
