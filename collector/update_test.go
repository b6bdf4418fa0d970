package collector

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestReloadingLeavesUnchangedProbesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		h, _ := running(t, w, oneProbe+"  cart: {team: crew, probes: {home: {http: {url: http://cart.example.org/}}}}\n  gone: {team: crew, probes: {home: {http: {url: http://gone.example.org/}}}}\n")
		time.Sleep(time.Minute)
		synctest.Wait()
		require.NotEmpty(t, exported(t, h, `service="gone"`))

		require.NoError(t, h.Update(parse(t, "# A line above moves every position.\n"+oneProbe+"  cart: {team: crew, probes: {home: {http: {url: http://cart.example.org/new}}}}\n")))
		synctest.Wait()
		require.Empty(t, exported(t, h, `service="gone"`), "a removed service leaves no series")
		require.Contains(t, exported(t, h, "tocsin_probe_up"), `tocsin_probe_up{location="here",probe="home",service="shop"} 1`)
		require.Empty(t, exported(t, h, `tocsin_probe_up{location="here",probe="home",service="cart"}`), "a changed probe starts anew")

		gone := len(w.times("gone/home"))
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		require.Len(t, w.times("gone/home"), gone)
		asked := w.times("shop/home")
		for i := 2; i < len(asked); i++ {
			require.Equal(t, 15*time.Second, asked[i].Sub(asked[i-1]), "the schedule goes on")
		}
	})
}

func TestABadCatalogueChangesNothing(t *testing.T) {
	w := newWorld()
	h := New(Options{Location: "here", Build: w.build})
	good := parse(t, oneProbe)
	require.NoError(t, h.Update(good))
	err := h.Update(parse(t, "  shop: {team: crew, probes: {impossible: {http: {url: http://shop.example.org/}}, impossible2: {http: {url: http://shop.example.org/}}}}\n"))
	require.EqualError(t, err, "impossible\nimpossible")
	require.Same(t, good, h.Catalog())
	require.Len(t, h.Statuses(0), 1)
}
