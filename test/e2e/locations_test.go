//go:build linux

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/test/estate"
)

// Three exporters in three networks look at one shop. What each of them cannot
// see, and what some of them see and others do not, is told for what it is.
func TestThreeLocations(t *testing.T) {
	if !inWorld(t) {
		return
	}
	s := newStory(t)
	s.slowInOne(t)
	s.oneIsCutOff(t)
	s.oneSeesAnOutage(t)
	s.twoSeeIt(t)
	s.theyDieAndNothingEnds(t)
	s.recovery(t)
}

// Who hears of developers' and of Tocsin's own alerts at once, from the receiver;
// the teams' mailboxes follow, since Alertmanager waits for more of the same.
const (
	asha = "asha@example.org"
	ben  = "ben@example.org"
	mo   = "mo@example.org"
)

type story struct {
	world  *world
	front  *front
	estate *estate.Estate
}

func newStory(t *testing.T) *story {
	t.Helper()
	s := &story{world: newWorld(t, "dublin", "london", "paris"), front: newFront()}
	s.front.set(s.world.source("paris"), slow) // from the first visit, so that five minutes' median knows nothing else
	s.estate = startWith(t, estate.Options{Exporters: s.world.exporters(), Front: s.front.before(t.Context(), worldHost), Edit: s.edit(t)})
	s.count(t, "each location votes", 3, `service_probe_location:tocsin_probe_up:min{service="shop",probe="home"} == 1`)
	return s
}

// edit names the three locations, their references and their exporters.
func (s *story) edit(t *testing.T) func(*estate.Files) {
	t.Helper()
	var references, locations, targets []string
	for range 3 {
		references = append(references, fmt.Sprintf("%q", "tcp://"+listening(t, worldHost)))
	}
	for _, one := range s.world.exporters() {
		locations = append(locations, fmt.Sprintf("  %s: {references: [%s]}\n", one.Location, strings.Join(references, ", ")))
		targets = append(targets, fmt.Sprintf("%q", one.Address))
	}
	return func(f *estate.Files) {
		f.Catalogue = strings.NewReplacer(
			"  local: {}\n", strings.Join(locations, ""),
			"http://127.0.0.1:10210", "http://"+s.world.exporters()[0].Address,
			`address: "127.0.0.1:10282"`, `address: "127.0.0.1:10282", server_name: localhost`,
		).Replace(f.Catalogue)
		f.Prometheus = strings.Replace(f.Prometheus, `"127.0.0.1:10210"`, strings.Join(targets, ", "), 1)
	}
}

// slowInOne: nothing is down, and slowness is told with its place.
func (s *story) slowInOne(t *testing.T) {
	began := time.Time{}
	message := told(t, s.estate, began, asha, "shop is slow in paris only", "threshold of 1s in paris (1.", "The typical location takes")
	t.Logf("%s\n%s", message.Subject, message.Text)
	s.never(t, "ServiceSlow", "ServiceDown", "PartialOutage")
	s.front.set(s.world.source("paris"), nothing)
}

// oneIsCutOff: the fault is the location's, which loses its vote and probes on.
func (s *story) oneIsCutOff(t *testing.T) {
	began := time.Now()
	s.world.cut(t, "dublin")
	told(t, s.estate, began, mo, "Location dublin is cut off", "2 other locations see")
	s.count(t, "dublin has no vote", 2, `service_probe_location:tocsin_probe_up:min{service="shop",probe="home"} == 1`)
	s.count(t, "dublin probes on", 1, `changes(tocsin_probe_last_run_timestamp_seconds{service="shop",probe="home",location="dublin"}[20s]) > 0`)
	s.never(t, "ServiceDown", "JourneyFailing", "PartialOutage", "DependencyDown")

	began = time.Now()
	s.world.mend(t, "dublin")
	told(t, s.estate, began, mo, "RESOLVED", "Location dublin is cut off")
	s.count(t, "dublin votes again", 3, `service_probe_location:tocsin_probe_up:min{service="shop",probe="home"} == 1`)
	s.never(t, "ServiceDown", "JourneyFailing", "PartialOutage", "DependencyDown")
}

// oneSeesAnOutage: a warning names it, and nobody is paged.
func (s *story) oneSeesAnOutage(t *testing.T) {
	began := time.Now()
	s.front.set(s.world.source("london"), refusing)
	message := told(t, s.estate, began, asha, "shop fails in london only: home", "fails in 1 of 3 locations (london)", "passes in the others")
	t.Logf("%s\n%s", message.Subject, message.Text)
	s.never(t, "ServiceDown")
	require.Subset(t, []string{developers, platform, asha, ben, mo}, mailboxes(s.estate), "no phone rang, and no product side was told")
}

// twoSeeIt: that is an outage, and somebody is called.
func (s *story) twoSeeIt(t *testing.T) {
	began := time.Now()
	s.front.set(s.world.source("dublin"), refusing)
	told(t, s.estate, began, developers, "shop is down", "fails in 2 of 3 locations (dublin, london)")
	told(t, s.estate, began, pat, "shop is down")
	eventually(t, "the phone of whoever is on call rings", func() error {
		for _, person := range []string{asha, ben} {
			if find(s.estate, began, "push:"+name(person), "shop is down") != nil {
				return nil
			}
		}
		return fmt.Errorf("nobody's does; told are %v", mailboxes(s.estate))
	})
	eventually(t, "it is not told as a partial one any more", func() error {
		return count(t, s.estate, 0, `ALERTS{alertname="PartialOutage",service="shop"}`)
	})
}

// theyDieAndNothingEnds: the exporters that saw the outage are gone, and the
// one that is left has never seen it. Losing sight is not recovery.
func (s *story) theyDieAndNothingEnds(t *testing.T) {
	began := time.Now()
	before := incident(t, s.estate)
	s.estate.Kill(estate.ExporterAt("dublin"))
	s.estate.Kill(estate.ExporterAt("london"))
	s.count(t, "both are missed", 2, `ALERTS{alertname="ExporterDown",alertstate="firing"}`)
	s.count(t, "paris alone votes", 1, `service_probe_location:tocsin_probe_up:min{service="shop",probe="home"} == 1`)
	eventually(t, "the alert says what is left of it", func() error {
		return described(t, s.estate, "ServiceDown", "shop", "passes in the 1 location that can see; it failed in dublin, london before sight was lost there")
	})
	require.Nil(t, find(s.estate, began, developers, "Over", "shop is down"), "nobody was told that it is over")
	require.Nil(t, find(s.estate, began, pat, "RESOLVED"), "nobody was told that it is over")
	require.True(t, incident(t, s.estate).Open())
	require.Equal(t, before.ID, incident(t, s.estate).ID)
}

// recovery is what those say who can see again.
func (s *story) recovery(t *testing.T) {
	began := time.Now()
	for _, location := range []string{"dublin", "london"} {
		s.front.set(s.world.source(location), nothing)
		require.NoError(t, s.estate.StartPart(t.Context(), estate.ExporterAt(location)))
	}
	told(t, s.estate, began, pat, "RESOLVED after", "shop")
	told(t, s.estate, began, developers, "Over")
	eventually(t, "every incident of the shop's users is closed", func() error {
		return count(t, s.estate, 0, `ALERTS{alertname=~"ServiceDown|PartialOutage|LocationIsolated"}`)
	})
}

func (s *story) count(t *testing.T, what string, want int, promql string) {
	t.Helper()
	eventually(t, what, func() error { return count(t, s.estate, want, promql) })
}

// never wants that none of the alerts has fired or been about to since the
// estate was started.
func (s *story) never(t *testing.T, alerts ...string) {
	t.Helper()
	require.NoError(t, count(t, s.estate, 0, fmt.Sprintf(`count_over_time(ALERTS{alertname=~%q}[30m])`, strings.Join(alerts, "|"))))
}
