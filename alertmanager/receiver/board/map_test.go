package board_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// town is a catalogue of sixty services, in four layers and some alone.
func town() string {
	var b strings.Builder
	b.WriteString("monitoring: {team: shop}\npeople: {asha: {name: Asha Rao}}\nteams: {shop: {}}\nservices:\n")
	for n := range 60 {
		needs := ""
		if n < 45 {
			needs = fmt.Sprintf(", depends_on: [s%02d]", n+15)
		}
		if n < 30 {
			needs = fmt.Sprintf(", depends_on: [s%02d, s%02d]", n+15, 45+n%15)
		}
		fmt.Fprintf(&b, "  s%02d: {team: shop%s}\n", n, needs)
	}
	return b.String()
}

func open(id incident.ID, service string, severity incident.Severity) incident.Incident {
	return incident.Incident{ID: id, Key: incident.Key{Service: service, Audience: "users"}, Team: "shop", Severity: severity, Opened: now, Since: now}
}

func TestTheMap(t *testing.T) {
	d := &desk{all: []incident.Incident{open(4, "shop", "warning"), open(5, "shop", "critical"), open(6, "cart", "info"), open(7, "gone", "critical")}, written: `
monitoring: {team: shop}
people: {asha: {name: Asha Rao}}
teams: {shop: {}}
services:
  cart: {team: shop, depends_on: [shop, sign-in]}
  shop: {team: shop, probes: {home: {http: {url: http://127.0.0.1:1/}}}}
  sign-in: {external: true}
  mail: {team: shop, probes: {home: {http: {url: http://127.0.0.1:1/}}}}
`}
	_, text := ask(t, "GET", serve(t, d).URL+"/map", "")
	for _, want := range []string{
		`<a href="/incidents/5" class="node critical" aria-label="shop: critical #5">`,
		`<a href="/incidents/6" class="node info" aria-label="cart: information #6">`,
		`<a href="/history?service=sign-in" class="node unwatched" aria-label="sign-in: not watched">`,
		`<a href="/history?service=mail" class="node fine" aria-label="mail: fine">`,
		`class="edge hot"`, `class="edge"`, `<b>1</b> critical`, `<th scope="row"><a href="/incidents/5">shop</a></th>`, "shop, sign-in",
	} {
		require.Contains(t, text, want)
	}
	require.NotContains(t, text, "style=", "the policy allows no style in place")
	require.Less(t, strings.Index(text, `class="node info"`), strings.Index(text, `class="node critical"`), "the keyboard goes down the columns, from the left")
}

// TestAMapOfSixtyServices: none lies over another, and all are inside.
func TestAMapOfSixtyServices(t *testing.T) {
	d := &desk{all: []incident.Incident{}, written: town()}
	_, text := ask(t, "GET", serve(t, d).URL+"/map", "")
	size := regexp.MustCompile(`viewBox="0 0 (\d{3,}) (\d+)"`).FindStringSubmatch(text)
	require.NotNil(t, size)
	var width, height int
	_, err := fmt.Sscan(size[1]+" "+size[2], &width, &height)
	require.NoError(t, err)
	type corner struct{ x, y int }
	var corners []corner
	for _, found := range regexp.MustCompile(`<rect x="(\d+)" y="(\d+)" width="190"`).FindAllStringSubmatch(text, -1) {
		var c corner
		_, err := fmt.Sscan(found[1]+" "+found[2], &c.x, &c.y)
		require.NoError(t, err)
		require.LessOrEqual(t, c.x+190, width)
		require.LessOrEqual(t, c.y+48, height)
		for _, other := range corners {
			apart := c.x >= other.x+190 || other.x >= c.x+190 || c.y >= other.y+48 || other.y >= c.y+48
			require.True(t, apart, "%v lies over %v", c, other)
		}
		corners = append(corners, c)
	}
	require.Len(t, corners, 60)
}

// TestManyOpenIncidents: a page has some of them, the worst first, and counts
// all.
func TestManyOpenIncidents(t *testing.T) {
	d := &desk{all: []incident.Incident{}}
	for n := range 120 {
		d.all = append(d.all, open(incident.ID(n+1), fmt.Sprintf("s%d", n), []incident.Severity{"warning", "critical"}[n%2]))
	}
	server := serve(t, d)
	for path, c := range map[string]struct {
		cards, critical int
		text            string
	}{
		"/":        {50, 50, "1 to 50 of 120"},
		"/?page=2": {50, 10, "51 to 100 of 120"},
		"/?page=3": {20, 0, "101 to 120 of 120"},
		"/?page=9": {20, 0, "101 to 120 of 120"},
		"/?page=x": {50, 50, "1 to 50 of 120"},
	} {
		_, text := ask(t, "GET", server.URL+path, "")
		require.Equal(t, c.cards, strings.Count(text, "<article"), path)
		require.Equal(t, c.critical, strings.Count(text, `<article class="card critical"`), path)
		require.Contains(t, text, "120 open incidents, 60 critical")
		require.Contains(t, text, c.text)
	}
}

// TestAnIncidentInDoubt is one of which nothing counts yet: it is open, and there
// is no severity to name.
func TestAnIncidentInDoubt(t *testing.T) {
	server := serve(t, &desk{all: []incident.Incident{open(1, "shop", "")}})
	_, text := ask(t, "GET", server.URL+"/", "")
	require.Contains(t, text, "1 open incident")
	require.Contains(t, text, ">In doubt<")
	require.NotContains(t, text, "No incident is open")
}
