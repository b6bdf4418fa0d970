package reload

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// follower is a part that says which catalogues it was handed, and may refuse.
type follower struct {
	taken  chan *catalog.Catalog
	refuse func(*catalog.Catalog) error
}

func newFollower() *follower { return &follower{taken: make(chan *catalog.Catalog, 100)} }

func (f *follower) Update(c *catalog.Catalog) error {
	if f.refuse != nil {
		if err := f.refuse(c); err != nil {
			return err
		}
	}
	f.taken <- c
	return nil
}

func (f *follower) next(t *testing.T) string {
	t.Helper()
	select {
	case c := <-f.taken:
		return c.Monitoring.Team
	case <-t.Context().Done():
		t.Fatal("no catalogue was handed over")
		return ""
	}
}

// written is a good catalogue that says who looks after Tocsin.
func written(team string) string {
	return "monitoring: {team: " + team + "}\nteams: {" + team + ": {channels: {github: {repository: example/crew}}}}\nservices: {shop: {team: " + team + ", probes: {home: {http: {url: http://shop.example.org/}}}}}\n"
}

const bad = "monitoring: {team: nobody}\nservices: {}\n"

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path+".new", []byte(text), 0o600))
	require.NoError(t, os.Rename(path+".new", path))
}

func TestABadCatalogueLeavesEverythingAsItWas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tocsin.yml")
	write(t, path, written("first"))
	registry := prometheus.NewRegistry()
	var logged bytes.Buffer
	r := New(Options{Path: path, Registerer: registry, Logger: log.NewLogfmtLogger(&logged)})
	part := newFollower()
	require.NoError(t, r.Start(part))
	require.Equal(t, "first", part.next(t))
	require.Empty(t, logged.String())
	hash := testutil.ToFloat64(r.metrics.hash)
	require.Equal(t, float64(r.Status().Catalog.Hash()), hash)
	require.Less(t, hash, float64(1<<48))

	write(t, path, bad)
	err := r.Reload()
	require.ErrorContains(t, err, path+":1:20: monitoring.team: unknown team \"nobody\"")
	require.Contains(t, logged.String(), "everything goes on with the old one")
	require.Contains(t, logged.String(), "unknown team")
	require.Empty(t, part.taken)
	require.Zero(t, testutil.ToFloat64(r.metrics.successful))
	require.Equal(t, hash, testutil.ToFloat64(r.metrics.hash))
	require.Equal(t, err, r.Status().Err)

	write(t, path, written("second"))
	require.NoError(t, r.Reload())
	require.Equal(t, "second", part.next(t))
	require.Equal(t, 1.0, testutil.ToFloat64(r.metrics.successful))
	require.NotEqual(t, hash, testutil.ToFloat64(r.metrics.hash))
}

func TestACatalogueIsHandedToAllPartsOrToNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tocsin.yml")
	write(t, path, written("first"))
	r := New(Options{Path: path, Registerer: prometheus.NewRegistry()})
	one, two := newFollower(), newFollower()
	two.refuse = func(c *catalog.Catalog) error {
		if c.Monitoring.Team == "second" {
			return errors.New("not this one")
		}
		return nil
	}
	require.NoError(t, r.Start(one, two))
	require.Equal(t, "first", one.next(t))
	require.Equal(t, "first", two.next(t))
	write(t, path, written("second"))
	require.EqualError(t, r.Reload(), "not this one")
	require.Equal(t, "second", one.next(t))
	require.Equal(t, "first", one.next(t), "and back")
	require.Equal(t, "first", r.Status().Catalog.Monitoring.Team)
}

func TestTheLastGoodCatalogueIsUsedAfterARestart(t *testing.T) {
	folder := t.TempDir()
	path, storage := filepath.Join(folder, "tocsin.yml"), filepath.Join(folder, "data")
	options := Options{Path: path, Storage: storage, Registerer: prometheus.NewRegistry()}
	write(t, path, bad)
	require.ErrorContains(t, New(options).Start(newFollower()), "unknown team", "nothing is kept yet")

	write(t, path, written("first"))
	options.Registerer = prometheus.NewRegistry()
	first := New(options)
	require.NoError(t, first.Start(newFollower()))

	write(t, path, bad)
	var logged bytes.Buffer
	options.Registerer, options.Logger = prometheus.NewRegistry(), log.NewLogfmtLogger(&logged)
	again := New(options)
	c, err := again.Load()
	require.NoError(t, err)
	require.Equal(t, "first", c.Monitoring.Team)
	part := newFollower()
	require.NoError(t, again.Start(part))
	require.Equal(t, "first", part.next(t))
	require.Contains(t, logged.String(), "running with the last good one")
	require.Contains(t, logged.String(), "unknown team")
	require.True(t, again.Status().Stored)
	require.Equal(t, first.Status().Catalog.Hash(), again.Status().Catalog.Hash())
	require.Equal(t, first.Status().Catalog.Modified().UnixMilli(), again.Status().Catalog.Modified().UnixMilli())
	require.Zero(t, testutil.ToFloat64(again.metrics.successful))

	write(t, path, written("second"))
	require.NoError(t, again.Reload())
	require.False(t, again.Status().Stored)
	require.Equal(t, "second", part.next(t))
}

func TestFilesAreFollowed(t *testing.T) {
	replace := func(t *testing.T, folder, text string) { write(t, filepath.Join(folder, "tocsin.yml"), text) }
	inPlace := func(t *testing.T, folder, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, "tocsin.yml"), []byte(text), 0o600))
	}
	swap := func(t *testing.T, folder, text string) {
		version, err := os.MkdirTemp(folder, "..version")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(version, "tocsin.yml"), []byte(text), 0o600))
		require.NoError(t, os.Symlink(filepath.Base(version), filepath.Join(folder, "..data_tmp")))
		require.NoError(t, os.Rename(filepath.Join(folder, "..data_tmp"), filepath.Join(folder, "..data")))
		if _, err := os.Lstat(filepath.Join(folder, "tocsin.yml")); err != nil {
			require.NoError(t, os.Symlink("..data/tocsin.yml", filepath.Join(folder, "tocsin.yml")))
		}
	}
	for _, test := range []struct {
		name  string
		file  string
		write func(t *testing.T, folder, text string)
	}{
		{"a file that is replaced", "tocsin.yml", replace},
		{"a file that is written in place", "tocsin.yml", inPlace},
		{"a folder", "", replace},
		{"a file that Kubernetes mounts", "tocsin.yml", swap},
		{"a folder that Kubernetes mounts", "", swap},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			test.write(t, folder, written("first"))
			r := New(Options{Path: filepath.Join(folder, test.file), Registerer: prometheus.NewRegistry(), Watch: true})
			part := newFollower()
			require.NoError(t, r.Start(part))
			require.Equal(t, "first", part.next(t))
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- r.Run(ctx) }()
			<-r.watching
			test.write(t, folder, written("second"))
			require.Equal(t, "second", part.next(t))
			require.NoError(t, os.WriteFile(filepath.Join(folder, "neighbour.txt"), []byte("x"), 0o600))
			test.write(t, folder, written("third"))
			require.Equal(t, "third", part.next(t))
			stop()
			require.NoError(t, <-ended)
			require.Empty(t, part.taken)
		})
	}
}
