package oncall_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // the test must not depend on the machine

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// zones have every kind of change of clocks: by half an hour, at midnight,
// around Ramadan, abolished, by two hours, and a day that was left out.
func zones() []string {
	return []string{
		"UTC", "Europe/London", "Europe/Lisbon", "America/New_York", "America/Sao_Paulo", "America/Santiago", "Australia/Lord_Howe",
		"Africa/Cairo", "Africa/Casablanca", "Asia/Tehran", "Asia/Kolkata", "Pacific/Apia",
		"Antarctica/Troll", "Asia/Gaza", "Asia/Kathmandu", "Pacific/Chatham",
	}
}

// shapes are rotas that leave no gap, in one zone.
func shapes(zone string) map[string]catalog.Rota {
	people := []string{"a", "b", "c"}
	return map[string]catalog.Rota{
		"weeks":     {Timezone: zone, Handover: "monday 09:30", People: people},
		"days":      {Timezone: zone, Handover: "daily 00:00", People: people},
		"half days": {Timezone: zone, Handover: "daily 02:30", Shift: catalog.Duration(12 * time.Hour), People: people},
		"hours":     {Timezone: zone, Handover: "daily 01:30", Shift: catalog.Duration(time.Hour), People: people[:2]},
		"day and night": {Timezone: zone, Layers: []catalog.Layer{
			{Handover: "sunday 02:00", People: people, Only: &catalog.Only{Times: "02:30-14:15"}},
			{Handover: "daily 00:30", People: []string{"d", "e"}, Only: &catalog.Only{Times: "14:15-02:30"}},
		}},
		"weekends": {Timezone: zone, Layers: []catalog.Layer{
			{Handover: "monday 09:00", People: people},
			{Handover: "daily 00:00", People: []string{"d", "e"}, Only: &catalog.Only{Days: "saturday-sunday", Except: []catalog.Holidays{{Calendar: "scotland"}}}},
		}},
	}
}

// Ten years in twelve zones have no gap. Shifts join, each has exactly one
// primary, and the instants within one agree with it.
func TestExactlyOnePrimaryForTenYears(t *testing.T) {
	for _, zone := range zones() {
		for shape, spec := range shapes(zone) {
			t.Run(zone+" "+shape, func(t *testing.T) {
				t.Parallel()
				r := rota(t, spec)
				from, until := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
				if zone == "Pacific/Apia" { // which left out the 30th of December
					from, until = from.AddDate(-10, 0, 0), until.AddDate(-10, 0, 0)
				}
				if shape != "hours" {
					require.Empty(t, r.Gaps(from, until), "looks between all edges")
				}
				if shape != "weeks" { // the same changes of clocks come every year
					from, until = from.AddDate(1, 0, 0), from.AddDate(3, 0, 0)
				}
				last := r.At(from)
				for _, s := range r.Shifts(from, until)[1:] {
					if s.Primary == "" || !s.From.Equal(last.Until) || !s.Until.After(s.From) {
						require.Failf(t, "shifts do not join", "%v then %v", last, s)
					}
					if middle := r.At(s.From.Add(s.Until.Sub(s.From) / 2)); middle.Primary != s.Primary || !middle.From.Equal(s.From) {
						require.Failf(t, "the middle of a shift is another", "%v in %v", middle, s)
					}
					last = s
				}
			})
		}
	}
}

// Under any entries: no panic, shifts join, whoever entered that they are
// away last is not on call, and an override without a later word holds.
func TestAnyEntries(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 2026))
	for n := range 60 {
		zone := zones()[random.IntN(len(zones()))]
		for _, shape := range []string{"weeks", "day and night"} {
			checkEntries(t, rota(t, shapes(zone)[shape]), anyEntries(random, n%12))
		}
	}
}

var year = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func anyEntries(random *rand.Rand, count int) []oncall.Entry {
	people := []string{"a", "b", "c", "d", "x", ""}
	whom := func() string { return people[random.IntN(len(people))] }
	var entries []oncall.Entry
	for id := range count {
		e := oncall.Entry{ID: int64(id + 1), Rota: "r", Person: whom(), Instead: whom()}
		e.Kind = []oncall.Kind{oncall.Override, oncall.Swap, oncall.Absent, "nonsense"}[random.IntN(4)]
		e.From = year.Add(time.Duration(random.IntN(60*24)) * time.Hour)
		e.Until = e.From.Add(time.Duration(random.IntN(400)-20) * time.Hour)
		if random.IntN(3) == 0 {
			e.Return = &oncall.Span{From: e.Until, Until: e.Until.Add(time.Duration(random.IntN(100)-20) * time.Hour)}
		}
		entries = append(entries, e)
	}
	return entries
}

func checkEntries(t *testing.T, r *oncall.Rota, entries []oncall.Entry) {
	t.Helper()
	r = r.With("r", entries)
	until := year.AddDate(0, 3, 0)
	at := year
	for _, s := range r.Shifts(year, until) {
		require.True(t, !s.From.After(at) && s.Until.After(at), "%v at %s in %v", s, at, entries)
		at = s.Until
		for _, e := range entries {
			last := !slices.ContainsFunc(entries, func(o oncall.Entry) bool { return o.ID > e.ID })
			middle := s.From.Add(s.Until.Sub(s.From) / 2)
			if !last || middle.Before(e.From) || !middle.Before(e.Until) {
				continue
			}
			switch e.Kind {
			case oncall.Absent:
				require.NotEqual(t, e.Person, orNobody(r.At(middle).Primary), "%v in %v", s, entries)
			case oncall.Override:
				require.Equal(t, e.Instead, r.At(middle).Primary, "%v in %v", s, entries)
			case oncall.Swap:
				if e.Person != e.Instead {
					require.NotEqual(t, e.Person, orNobody(r.At(middle).Primary), "%v in %v", s, entries)
				}
			}
		}
	}
	require.False(t, at.Before(until))
}

func orNobody(person string) string {
	if person == "" {
		return "nobody"
	}
	return person
}

func FuzzEntries(f *testing.F) {
	f.Add(uint64(1), uint8(3), uint8(0))
	f.Fuzz(func(t *testing.T, seed uint64, count, zone uint8) {
		random := rand.New(rand.NewPCG(seed, 1))
		checkEntries(t, rota(t, shapes(zones()[int(zone)%len(zones())])["weekends"]), anyEntries(random, int(count%40)))
	})
}
