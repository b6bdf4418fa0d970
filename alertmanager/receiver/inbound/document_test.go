package inbound

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// What docs/inbound.md shows: the catalogue loads, and the post becomes an
// alert of the shop.
func TestThePageIsTrue(t *testing.T) {
	page, err := os.ReadFile("../../../docs/inbound.md")
	require.NoError(t, err)
	block := func(language string) []byte {
		found := regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllSubmatch(page, -1)
		require.Len(t, found, 1)
		return found[0][1]
	}
	c, err := catalog.Parse("tocsin.yml", block("yaml"))
	require.NoError(t, err)
	in := c.Inbound["ticker"]
	events, err := readJSON(in.JSON, block("json"))
	require.NoError(t, err)
	require.Len(t, events, 1)
	labels, annotations := Label(c, in, events[0])
	require.Equal(t, "shop", labels["service"])
	require.Equal(t, "critical", labels["severity"])
	require.Equal(t, "disk on shop-1", annotations["summary"])
	require.False(t, events[0].Ended)
}
