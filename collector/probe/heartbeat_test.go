package probe

import (
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/collector/heartbeat"
)

// watched is the heartbeat shop/backup of a catalogue, and where its job calls.
func watched(t *testing.T, spec string, store *heartbeat.Store) (look func() Result) {
	t.Helper()
	c, err := catalog.Parse("tocsin.yml", []byte("monitoring: {team: crew}\nteams: {crew: {channels: {github: {repository: example/crew}}}}\nservices: {shop: {team: crew, probes: {backup: {heartbeat: "+spec+"}}}}\n"))
	require.NoError(t, err)
	b, err := NewBuilder(Options{Heartbeats: store}).New(c, c.Services["shop"].Probes["backup"])
	require.NoError(t, err)
	return func() Result { return b.Attempt(t.Context()) }
}

// Each story begins at midnight on the first of January 2000, which is when the
// bubble's clock begins.
func TestHeartbeatStories(t *testing.T) {
	const (
		hour = time.Hour
	)
	type moment struct {
		at      time.Duration
		signal  heartbeat.Signal
		exit    int
		outcome Outcome
		reason  Reason
		text    string
	}
	for _, story := range []struct {
		name, spec string
		moments    []moment
	}{
		{"in time, late, and well again", "{every: 24h, grace: 1h}", []moment{
			{at: 0, outcome: Waiting, text: "waiting for the job's first success, until 2000-01-02 00:00:00 UTC"},
			{at: 2 * hour, signal: heartbeat.Success},
			{at: 26 * hour},
			{at: 27*hour + time.Minute, outcome: Failure, reason: ReasonLate, text: "the job succeeded last 25h1m ago, want a success every 1d: it was due at 2000-01-02 02:00:00 UTC"},
			{at: 75 * hour, outcome: Failure, reason: ReasonLate, text: "the job succeeded last 3d1h ago, want a success every 1d: it was due at 2000-01-02 02:00:00 UTC"},
			{at: 76 * hour, signal: heartbeat.Success},
		}},
		{"never seen", "{every: 24h, grace: 1h}", []moment{
			{at: 0, outcome: Waiting, text: "waiting for the job's first success, until 2000-01-02 00:00:00 UTC"},
			{at: 25 * hour, outcome: Waiting, text: "waiting for the job's first success, until 2000-01-02 00:00:00 UTC"},
			{at: 26 * hour, outcome: Failure, reason: ReasonUnseen, text: "the job has never succeeded in the 26h0m since it is awaited, want a success every 1d"},
			{at: 27 * hour, signal: heartbeat.Start, outcome: Failure, reason: ReasonUnseen, text: "the job has never succeeded in the 27h0m since it is awaited, want a success every 1d"},
			{at: 28 * hour, signal: heartbeat.Success},
		}},
		{"fails, and stays failed while it tries again", "{every: 24h}", []moment{
			{at: hour, signal: heartbeat.Success},
			{at: 2 * hour, signal: heartbeat.Failure, exit: 3, outcome: Failure, reason: ReasonFailed, text: "the job failed 0s ago with exit status 3: the log's end"},
			{at: 3 * hour, signal: heartbeat.Start, outcome: Failure, reason: ReasonFailed, text: "the job failed 1h0m ago with exit status 3: the log's end"},
			{at: 4 * hour, signal: heartbeat.Success},
		}},
		{"runs too long, and is not late while it runs", "{every: 24h, grace: 1h, max_runtime: 4h}", []moment{
			{at: 0, signal: heartbeat.Success},
			{at: 24 * hour, signal: heartbeat.Start},
			{at: 26 * hour},
			{at: 28*hour + time.Minute, outcome: Failure, reason: ReasonOverrun, text: "the job runs for 4h1m, want at most 4h"},
			{at: 29 * hour, signal: heartbeat.Success},
		}},
		{"by the clock, in the summer too", `{schedule: "30 3 * * *", timezone: Europe/London, grace: 30m}`, []moment{
			{at: 4 * hour, signal: heartbeat.Success},
			{at: 27*hour + 59*time.Minute},
			{at: 28*hour + time.Minute, outcome: Failure, reason: ReasonLate, text: `the job succeeded last 24h1m ago, want a success at "30 3 * * *" in Europe/London: it was due at 2000-01-02 03:30:00 UTC`},
			{at: 200 * 24 * hour, signal: heartbeat.Success},
			{at: 200*24*hour + 2*hour + 59*time.Minute},
			{at: 200*24*hour + 3*hour + time.Minute, outcome: Failure, reason: ReasonLate, text: `the job succeeded last 3h1m ago, want a success at "30 3 * * *" in Europe/London: it was due at 2000-07-19 02:30:00 UTC`},
		}},
	} {
		t.Run(story.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := heartbeat.NewStore("")
				look := watched(t, story.spec, store)
				begun := time.Now()
				for _, m := range story.moments {
					time.Sleep(time.Until(begun.Add(m.at)))
					if m.signal != "" {
						require.NoError(t, store.Note("shop", "backup", m.signal, m.exit, "many lines\nthe log's end\n"))
					}
					r := look()
					require.Equal(t, m.text, r.Text, "after %s", m.at)
					require.Equal(t, m.outcome, r.Outcome, "after %s", m.at)
					require.Equal(t, m.reason, r.Reason, "after %s", m.at)
				}
			})
		})
	}
}

func TestHeartbeatMeasuresTheJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := heartbeat.NewStore("")
		look := watched(t, "{every: 24h}", store)
		require.NoError(t, store.Note("shop", "backup", heartbeat.Start, 0, ""))
		time.Sleep(90 * time.Second)
		require.NoError(t, store.Note("shop", "backup", heartbeat.Success, 0, "1,234 files"))
		r := look()
		require.Equal(t, []Measured{{JobDuration, 90}, {JobSuccess, float64(time.Now().Unix())}}, r.Measures)
		require.Equal(t, "1,234 files", r.Detail.Output)
	})
}

func TestHeartbeatThatCannotBeRead(t *testing.T) {
	folder := t.TempDir() + "/file"
	require.NoError(t, os.WriteFile(folder, nil, 0o600))
	r := watched(t, "{every: 24h}", heartbeat.NewStore(folder))()
	require.Equal(t, ReasonInternal, r.Reason)
	require.Contains(t, r.Text, "what is known of the job")
}
