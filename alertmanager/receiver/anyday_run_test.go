package receiver_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

var (
	onlyDay = flag.Uint64("seed", 0, "play this day only")
	days    = flag.Uint64("days", 8, "how many days are played")
	firstOf = flag.Uint64("from", 1, "which day is played first")
)

// calendar hands the days out to those who play them.
type calendar struct {
	folder   string
	catalogs []*catalog.Catalog
	begun    time.Time

	taken, played, crashes, pages atomic.Uint64
	broken                        atomic.Bool
}

// TestAnyDayKeepsThePromises plays days in which everything happens at any
// time and the power goes at any write. -days plays more, -from goes on where
// an earlier run has stopped, -seed repeats one.
func TestAnyDayKeepsThePromises(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // there is little to keep and much to forget
	c := newCalendar(t)
	if *onlyDay != 0 {
		d := c.play(t, *onlyDay)
		t.Log(strings.Join(d.log, "\n"))
		return
	}
	t.Run("days", func(t *testing.T) {
		for n := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint("player ", n+1), func(t *testing.T) {
				t.Parallel()
				c.playMany(t)
			})
		}
	})
	t.Log(c.sum())
}

// TestAnyDayAgain wants a seed to give the same day again.
func TestAnyDayAgain(t *testing.T) {
	c := newCalendar(t)
	require.Equal(t, c.play(t, 1).log, c.play(t, 1).log)
}

func newCalendar(t *testing.T) *calendar {
	t.Helper()
	c := &calendar{folder: inMemory(t), begun: time.Now()}
	c.write(t, "secret", signingKey)
	c.write(t, "key", govukKey)
	for n, person := range onCallPeople {
		c.write(t, person+".yml", fmt.Sprintf("phone: %q\nntfy: %s\nemail: %s@example.org", numberOf(n), person, person))
	}
	for n, delivery := range deliveries {
		loaded, err := catalog.Load(c.write(t, fmt.Sprintf("tocsin%d.yml", n), fmt.Sprintf(chainOfServices, delivery)))
		require.NoError(t, err)
		c.catalogs = append(c.catalogs, loaded)
	}
	return c
}

func (c *calendar) write(t *testing.T, name, text string) (path string) {
	t.Helper()
	path = filepath.Join(c.folder, name)
	require.NoError(t, os.WriteFile(path, []byte(text+"\n"), 0o600))
	return path
}

// inMemory gives a folder on which a flush costs nothing, where the system has
// one: what a crash leaves is the same.
func inMemory(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("/dev/shm", "tocsin-days-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(folder)) })
	return folder
}

// playMany plays one day after the other, until one is broken.
func (c *calendar) playMany(t *testing.T) {
	for taken := c.taken.Add(1); taken <= *days && !c.broken.Load(); taken = c.taken.Add(1) {
		c.play(t, *firstOf+taken-1)
		if c.played.Load()%100 == 0 {
			t.Log(c.sum())
		}
	}
}

func (c *calendar) play(t *testing.T, seed uint64) *anyDay {
	t.Helper()
	folder := filepath.Join(c.folder, fmt.Sprint("day", seed))
	d := newAnyDay(t, seed, folder, c.catalogs[seed%uint64(len(c.catalogs))])
	d.play()
	require.NoError(t, d.store.Close())
	require.NoError(t, os.RemoveAll(folder))
	if d.broken != "" {
		c.broken.Store(true)
		t.Fatalf("day %d, at %s: %s\n%s", seed, d.now.Format(time.RFC3339), d.broken, d.last())
	}
	c.played.Add(1)
	c.crashes.Add(uint64(d.crashes))
	c.pages.Add(uint64(d.pages))
	return d
}

func (c *calendar) sum() string {
	return fmt.Sprintf("%d days in %s: %d crashes, %d pages", c.played.Load(), time.Since(c.begun).Round(time.Second), c.crashes.Load(), c.pages.Load())
}
