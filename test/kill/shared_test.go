package kill_test

import (
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/test/pager"
	"github.com/tocsin-monitoring/tocsin/test/servers"
)

var sharedRounds = flag.Int("shared-rounds", 6, "how often one of two receivers is killed")

// TestRealEitherOfTwoIsKilled has two receivers over one PostgreSQL, of which
// one is killed in each round, and begins again in the next.
func TestRealEitherOfTwoIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and kills programs")
	}
	h := newHarness(t, *sharedRounds)
	h.dsn = filepath.Join(h.estate.Dir, "dsn")
	require.NoError(t, os.WriteFile(h.dsn, []byte("postgres://probe:hunter-two@"+servers.Postgres(t)+"/postgres?sslmode=disable\n"), 0o600))
	pair := []*pager.Receiver{h.start(), h.start()}
	for round := range *sharedRounds {
		told, killed := rand.IntN(2), rand.IntN(2)
		h.load(round, pair[told], func() {
			time.Sleep(time.Duration(rand.Int64N(int64(2 * time.Second))))
			h.kill(pair[killed])
		})
		pair[killed] = h.start()
	}
	pair[0].Kill() // finally begins another life beside the second
	h.kills = append(h.kills, time.Now())
	h.finally()
	pair[1].Kill()
}
