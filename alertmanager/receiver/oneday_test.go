package receiver_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// threeTeams has a database of one team, and twenty services of it and of two
// others that cannot work without it. chi, asha and ben are on call.
func threeTeams() string {
	estate := strings.NewReplacer(
		"  shop: {members: [asha, ben, chi], manager: mo, rota: shop, escalation: page}\n", `  shop: {members: [asha], manager: mo, rota: shop, escalation: page}
  bank: {members: [ben], manager: mo, rota: bank, escalation: page}
  base: {members: [chi], manager: mo, rota: base, escalation: page}
`,
		"  shop: {timezone: Europe/London, handover: monday 06:00, shift: 8h, people: [asha, ben, chi], backup: [dee]}\n", `  shop: {timezone: Europe/London, handover: monday 06:00, people: [asha], backup: [dee]}
  bank: {timezone: Europe/London, handover: monday 06:00, people: [ben], backup: [dee]}
  base: {timezone: Europe/London, handover: monday 06:00, people: [chi], backup: [dee]}
`,
		"  database: {team: shop,", "  database: {team: base,",
	).Replace(fmt.Sprintf(chainOfServices, withTwilio))
	for n := range 20 {
		estate += fmt.Sprintf("  s%d: {team: %s, depends_on: [database], probes: {home: {http: {url: http://127.0.0.1:1/}}}}\n", n, []string{"shop", "bank", "base"}[n%3])
	}
	return estate
}

// newOneDay is a day on which nothing fails and only happens what the test does.
func newOneDay(t *testing.T, estate string) *anyDay {
	t.Helper()
	c := newCalendar(t)
	loaded, err := catalog.Load(c.write(t, "one.yml", estate))
	require.NoError(t, err)
	d := newAnyDay(t, 1, c.folder+"/one", loaded)
	d.calm = true
	t.Cleanup(func() { require.NoError(t, d.store.Close()) })
	return d
}

// goesDown has an alert of a service told.
func (d *anyDay) goesDown(service, team string) {
	d.post(incident.Alert{
		Source: "alertmanager", Fingerprint: "down-" + service, StartsAt: d.now,
		Labels: map[string]string{"alertname": "ServiceDown", "severity": "critical", "audience": "users", "service": service, "team": team},
	})
}

// alsoDown has twenty services of three teams go down, seconds apart.
func (d *anyDay) alsoDown() {
	for n := range 20 {
		d.goesDown(fmt.Sprint("s", n), "")
		d.passes(2 * time.Second)
	}
}

// rung lists the pages to somebody by push, in the order in which they rang.
func (d *anyDay) rung(person string) (found []ring) {
	require.Empty(d.t, d.broken, d.last())
	for _, r := range d.rings {
		if r.person == person && r.way == incident.WayPush {
			found = append(found, r)
		}
	}
	return found
}

// A team has a database in hand when it takes down twenty services of three
// teams, one after the other. Its own people hear of it without a page; the others
// are rung once, at once, and a minute later, unless they have answered, about
// all the rest.
func TestASharedDatabaseRingsEverybodyOnce(t *testing.T) {
	d := newOneDay(t, threeTeams())
	d.goesDown("database", "base")
	d.passes(90 * time.Second)
	require.Len(t, d.rung("chi"), 1)
	require.NoError(t, d.receiver.Acknowledge(t.Context(), 1, "chi", "the test"))
	d.passes(time.Minute)
	begun := d.now
	d.alsoDown()
	d.passes(11 * time.Minute)
	require.Len(t, d.rung("chi"), 1, "who has the cause has been rung about it")
	for person, services := range map[string][]incident.ID{"asha": {2, 5, 8, 11, 14, 17, 20}, "ben": {3, 6, 9, 12, 15, 18, 21}} {
		rung := d.rung(person)
		require.Len(t, rung, 2, person)
		require.Equal(t, services[:1], rung[0].about)
		require.Equal(t, services[1:], rung[1].about, "with everything in it")
		require.WithinDuration(t, begun.Add(10*time.Minute), rung[0].at, 3*time.Second, "the first is not held back")
		require.InDelta(t, incident.GatherFor, rung[1].at.Sub(rung[0].at), float64(6*time.Second)) // from when it was handed over
	}

	// Who answers has all of it; the other team's people ring on.
	require.NoError(t, d.receiver.Acknowledge(t.Context(), 2, "asha", "the test"))
	d.rings = nil
	d.passes(4 * time.Minute)
	require.Empty(t, d.rung("asha"))
	voice := slices.DeleteFunc(d.rings, func(r ring) bool { return r.way != incident.WayVoice })
	require.Len(t, voice, 1, "the next step rings once for all of them")
	require.Equal(t, "ben", voice[0].person)
	require.Len(t, voice[0].about, 7)
}

// Nobody answers about the database: after ten minutes the teams below are rung,
// each person with all in one.
func TestNobodyAnswersForASharedDatabase(t *testing.T) {
	d := newOneDay(t, threeTeams())
	d.goesDown("database", "base")
	d.alsoDown()
	d.passes(11*time.Minute + 30*time.Second)
	for _, person := range []string{"asha", "ben"} {
		require.Len(t, d.rung(person), 1, person)
		require.Len(t, d.rung(person)[0].about, 7)
	}
}

// Who answers the first page is not rung about the rest.
func TestAnAnswerToTheFirstPageIsForAllThatWaits(t *testing.T) {
	d := newOneDay(t, threeTeams())
	d.goesDown("database", "base")
	d.passes(90 * time.Second)
	require.NoError(t, d.receiver.Acknowledge(t.Context(), 1, "chi", "the test"))
	d.alsoDown()
	d.passes(10*time.Minute - 20*time.Second)
	require.Len(t, d.rung("asha"), 1)
	require.NoError(t, d.receiver.Acknowledge(t.Context(), 2, "asha", "the test"))
	d.passes(time.Hour)
	require.Len(t, d.rung("asha"), 1)
}

// A service that its cause has left down belongs to the next cause, which is rung
// about at once, and the service with it.
func TestTheNextCauseRingsForWhatAnEarlierOneLeft(t *testing.T) {
	d := newOneDay(t, fmt.Sprintf(chainOfServices, withTwilio)+`  cache: {team: shop, probes: {home: {http: {url: http://127.0.0.1:1/}}}}
  page: {team: shop, depends_on: [database, cache], probes: {home: {http: {url: http://127.0.0.1:1/}}}}
`)
	d.goesDown("cache", "shop")
	d.goesDown("page", "shop")
	d.passes(90 * time.Second)
	require.NoError(t, d.receiver.Act(t.Context(), 1, incident.Resolve{Incident: 1, Person: "chi"}))
	d.passes(time.Minute)
	d.rings = nil
	d.goesDown("database", "shop")
	d.passes(9 * time.Minute)
	rings := slices.DeleteFunc(slices.Clone(d.rings), func(r ring) bool { return r.way != incident.WayPush })
	require.NotEmpty(t, rings)
	for _, r := range rings {
		require.Equal(t, []incident.ID{3}, r.about)
	}
	i, err := d.receiver.Incident(t.Context(), 2)
	require.NoError(t, err)
	require.Equal(t, incident.ID(3), i.Parent)
}
