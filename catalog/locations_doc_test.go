package catalog

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// What docs/locations.md says to write is a part of a catalogue.
func TestLocationsExampleLoads(t *testing.T) {
	text, err := os.ReadFile("../docs/locations.md")
	require.NoError(t, err)
	example := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(text)
	require.NotNil(t, example)
	const rest = `
monitoring: {team: crew}
teams: {crew: {channels: {github: {repository: example/crew}}}}
services: {shop: {team: crew, alerts: {PartialOutage: critical}, probes: {home: {locations: [london, paris], http: {url: https://shop.example.org/}}}}}
`
	c, err := Parse("tocsin.yml", append(example[1], rest...))
	require.NoError(t, err)
	require.Len(t, c.Locations, 3)
	require.Len(t, c.Locations["paris"].References, 3)
}
