package collector

import (
	"bytes"
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/collector/probe"
)

func TestALocationWithoutSightHasNoVote(t *testing.T) {
	for _, test := range []struct {
		name    string
		answers []probe.Func
		want    float64
	}{
		{"no references", nil, 1},
		{"all answer", []probe.Func{succeed, succeed, succeed}, 1},
		{"one fails", []probe.Func{succeed, refuse, succeed}, 1},
		{"most fail", []probe.Func{refuse, refuse, succeed}, 0},
		{"half fail", []probe.Func{refuse, succeed}, 1},
		{"the only one fails", []probe.Func{refuse}, 0},
		{"the only one loses a packet", []probe.Func{sequence(refuse, succeed)}, 1},
		{"most hang", []probe.Func{hang, hang, succeed}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var logged bytes.Buffer
				s := NewSight("here", level.NewFilter(log.NewLogfmtLogger(log.NewSyncWriter(&logged)), level.AllowInfo()), prometheus.NewRegistry())
				healthy := s.healthy.WithLabelValues("here")
				require.Equal(t, 1.0, testutil.ToFloat64(healthy), "healthy until it has looked")
				s.references, s.names = test.answers, make([]string, len(test.answers))
				ctx, stop := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- s.Run(ctx) }()
				time.Sleep(2 * referenceTimeout)
				synctest.Wait()
				require.Equal(t, test.want, testutil.ToFloat64(healthy))
				require.Equal(t, test.want == 1, logged.Len() == 0)
				s.mu.Lock()
				s.references = nil
				s.mu.Unlock()
				time.Sleep(2 * referenceInterval)
				synctest.Wait()
				require.Equal(t, 1.0, testutil.ToFloat64(healthy), "and back")
				stop()
				require.NoError(t, <-ended)
			})
		})
	}
}

func TestReferencesComeFromTheCatalogue(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	s := NewSight("here", nil, prometheus.NewRegistry())
	update := func(references string) {
		c, err := catalog.Parse("tocsin.yml", []byte("monitoring: {team: crew}\nteams: {crew: {channels: {github: {repository: example/crew}}}}\nlocations: {here: {references: ["+references+"]}}\nservices:\n"+oneProbe))
		require.NoError(t, err)
		require.NoError(t, s.Update(c))
	}
	update(`"tcp://` + l.Addr().String() + `"`)
	require.True(t, s.look(t.Context()))
	require.NoError(t, l.Close())
	require.False(t, s.look(t.Context()))
	update("")
	require.True(t, s.look(t.Context()))
}

func TestLocate(t *testing.T) {
	c := parse(t, oneProbe)
	for _, test := range []struct{ name, flag, want, err string }{
		{name: "the first by name", flag: "", want: "here"},
		{name: "a known one", flag: "there", want: "there"},
		{name: "an unknown one", flag: "nowhere", err: `location "nowhere" is not in the catalogue (have here, there): name one of its locations with --location`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Locate(c, test.flag)
			if test.err != "" {
				require.EqualError(t, err, test.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
}
