package collector

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestShardsCoverEachServiceExactlyOnceAndEvenly(t *testing.T) {
	const services, shards = 4000, 8
	owned := make([]int, shards+1)
	for s := range services {
		name := fmt.Sprintf("service-%d", s)
		owners := 0
		for i := 1; i <= shards; i++ {
			if (Shard{Index: i, Count: shards}).Owns(name) {
				owners++
				owned[i]++
			}
		}
		require.Equalf(t, 1, owners, "owners of %s", name)
	}
	for i := 1; i <= shards; i++ {
		require.InDeltaf(t, services/shards, owned[i], services/shards/5, "shard %d", i)
	}
}

func TestAnotherShardMovesOnlyItsShare(t *testing.T) {
	const services = 4000
	moved := 0
	for s := range services {
		name := fmt.Sprintf("service-%d", s)
		before, after := Shard{Count: 8}.Owner(name).Index, Shard{Count: 9}.Owner(name).Index
		if before != after {
			require.Equal(t, 9, after, "a service moves to the new shard only")
			moved++
		}
	}
	require.InDelta(t, services/9, moved, services/9/5)
}

func TestParseShard(t *testing.T) {
	for _, test := range []struct {
		text string
		want Shard
		err  string
	}{
		{text: "", want: Shard{1, 1}},
		{text: "1/1", want: Shard{1, 1}},
		{text: "2/8", want: Shard{2, 8}},
		{text: "0/8", err: `shard "0/8": want i/n with i from 1 to n, such as 2/8`},
		{text: "9/8", err: `shard "9/8": want i/n with i from 1 to n, such as 2/8`},
		{text: "1/1001", err: `shard "1/1001": too many shards (want at most 1000)`},
		{text: "2", err: `shard "2": want i/n with i from 1 to n, such as 2/8`},
		{text: "a/b", err: `shard "a/b": want i/n with i from 1 to n, such as 2/8`},
	} {
		t.Run(test.text, func(t *testing.T) {
			got, err := ParseShard(test.text)
			if test.err != "" {
				require.EqualError(t, err, test.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
}

// Whatever the catalogue holds and however often a location is split, each
// service's probes run in exactly one of its exporters, and its other signals
// are read by exactly one exporter of all.
func TestExactlyOnceOverRandomCatalogues(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 5))
	for range 20 {
		var services strings.Builder
		names := make(map[string]bool)
		for range 1 + random.IntN(60) {
			names[fmt.Sprintf("%c%x", 'a'+rune(random.IntN(26)), random.Uint64()>>random.IntN(60))] = true
		}
		for _, name := range slices.Sorted(maps.Keys(names)) {
			fmt.Fprintf(&services, "  %s: {team: crew, probes: {home: {locations: [%s], http: {url: http://shop.example.org/}}}}\n", name, []string{"here", "there", "here, there"}[random.IntN(3)])
		}
		c := parse(t, services.String())
		shards := map[string]int{"here": 1 + random.IntN(12), "there": 1 + random.IntN(12)}
		probed, read := make(map[string]int), make(map[string]int)
		for location, count := range shards {
			for i := 1; i <= count; i++ {
				scope := Scope{Location: location, Shard: Shard{Index: i, Count: count}}
				for _, p := range (&Harness{options: Options{Location: location, Shard: scope.Shard}}).mine(c) {
					probed[location+"/"+p.Service]++
				}
				for name := range c.Services {
					if scope.Owns(c, name) {
						read[name]++
					}
				}
			}
		}
		for name, s := range c.Services {
			require.Equal(t, 1, read[name], name)
			for location := range shards {
				require.Equal(t, slices.Contains(s.Probes["home"].Locations, location), probed[location+"/"+name] == 1, name)
				require.LessOrEqual(t, probed[location+"/"+name], 1, name)
			}
		}
	}
}

func TestAPushIsRefusedWithTheOwnersName(t *testing.T) {
	c := parse(t, "  nightly: {team: crew}\n")
	owner := Shard{Count: 8}.Owner("nightly")
	other := Shard{Index: owner.Index%8 + 1, Count: 8}
	for _, test := range []struct {
		name string
		here Scope
		err  string
	}{
		{name: "the owner", here: Scope{"here", owner}},
		{name: "the only exporter", here: Scope{"here", Shard{}}},
		{name: "another shard", here: Scope{"here", other}, err: fmt.Sprintf(`service "nightly" belongs to shard %s at here, and this is shard %s at here`, owner, other)},
		{name: "another location, which has other shards", here: Scope{"there", Shard{1, 1}}, err: `service "nightly" belongs to an exporter at here, and this is shard 1/1 at there`},
		{name: "another location with shards", here: Scope{"there", owner}, err: fmt.Sprintf(`service "nightly" belongs to an exporter at here, and this is shard %s at there`, owner)},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.here.Refuse(c, "nightly")
			require.Equal(t, err == nil, test.here.Owns(c, "nightly"))
			if test.err == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, test.err)
			refused := new(NotOwnerError)
			require.ErrorAs(t, err, &refused)
			require.Equal(t, "here", refused.Owner.Location)
		})
	}
}
