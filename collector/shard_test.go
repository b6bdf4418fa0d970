package collector

import (
	"fmt"
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
		before, after := Shard{Count: 8}.owner(name), Shard{Count: 9}.owner(name)
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
