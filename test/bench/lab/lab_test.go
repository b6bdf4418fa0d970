package lab

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

const page = Page(`# HELP tocsin_probe_runs_total Scheduled runs by confirmed outcome.
# TYPE tocsin_probe_runs_total counter
tocsin_probe_runs_total{location="a",outcome="success",probe="p0",service="s"} 3
tocsin_probe_runs_total{location="a",outcome="success",probe="p1",service="s"} 4
tocsin_probe_runs_total{location="a",outcome="failure",probe="p1",service="s"} 1
tocsin_probe_runs_total_of_another 9
tocsin_probe_lag_seconds_bucket{le="0.01"} 98
tocsin_probe_lag_seconds_bucket{le="0.05"} 99
tocsin_probe_lag_seconds_bucket{le="1"} 100
tocsin_probe_lag_seconds_bucket{le="+Inf"} 100
tocsin_probe_lag_seconds_count 100
`)

func TestPagesAreRead(t *testing.T) {
	require.Equal(t, 7.0, page.Runs("success"))
	require.Equal(t, 1.0, page.Runs("failure"))
	require.Equal(t, 9, page.Series())
	require.Equal(t, 3, page.OfProbes())
	require.Equal(t, 0.98, Within("", page, "0.01"))
	require.Equal(t, 0.05, Deviation("", page, 0.99))
	require.Equal(t, 1.0, Deviation("", page, 0.995))
}

func TestTheTableSaysWhatWasReached(t *testing.T) {
	require.Equal(t, `| case | measured | wanted | reached |
|---|---|---|---|
| a | 1 | 2 | yes |
| b | 3 | 2 | **no** |
| c | 4 | linear |  |
`, Table([]Row{{Case: "a", Measured: "1", Wanted: "2", Reached: true}, {Case: "b", Measured: "3", Wanted: "2"}, {Case: "c", Measured: "4", Wanted: "linear", Untold: true}}))
}

func TestCataloguesAreGood(t *testing.T) {
	l := &Lab{Target: Target{HTTP: "127.0.0.1:1", HTTPS: "127.0.0.1:2", Hang: []string{"127.0.0.1:3", "127.0.0.1:4"}, Authority: "/ca.pem"}}
	text := Catalogue{Interval: 5 * time.Second, Timeout: 2 * time.Second, Confirm: 2, Groups: append(l.Hanging(11), l.HTTP(25), l.HTTPS(1))}.text()
	c, err := catalog.Parse("tocsin.yml", []byte(text))
	require.NoError(t, err)
	require.Len(t, c.Services, 3+1+2)
	require.Len(t, c.Services["hanging-0-0"].Probes, 6)
	require.Len(t, c.Services["hanging-1-0"].Probes, 5)
	require.Equal(t, "http://127.0.0.1:1/24", c.Services["plain-2"].Probes["p4"].HTTP.URL)
}

func TestOnlyTheSectionIsRewritten(t *testing.T) {
	const begins, ends = "<!-- from here -->\n", "<!-- to here -->\n"
	path := filepath.Join(t.TempDir(), "performance.md")
	require.NoError(t, os.WriteFile(path, []byte("before\n"+begins+"old\n"+ends+"after\n"), 0o600))
	require.NoError(t, WriteSection(path, begins, ends, "new\n"))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "before\n"+begins+"\nnew\n\n"+ends+"after\n", string(text))

	require.NoError(t, os.WriteFile(path, []byte("nothing\n"), 0o600))
	require.ErrorContains(t, WriteSection(path, begins, ends, "new\n"), "it lacks the lines")
}
