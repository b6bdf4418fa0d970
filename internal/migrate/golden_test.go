package migrate

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

var update = flag.Bool("update", false, "write the expected catalogues and reports")

// estates are the folders of testdata: what people have, and beside it what
// becomes of it (expected.yml, expected.md).
var estates = []string{
	"urls", "blackbox", "gatus", "kuma", "statuscake-terraform", "statuscake-tfvars", "statuscake-api",
	"azure-arm", "azure-bicep", "azure-terraform", "blackbox-cluster", "thresholds", "mixed",
}

func TestEstates(t *testing.T) {
	for _, estate := range estates {
		t.Run(estate, func(t *testing.T) {
			inputs := inputsOf(t, estate)
			result, err := Run(inputs, Options{ReportFile: "expected.md"})
			require.NoError(t, err)
			folder := filepath.Join("testdata", estate)
			golden(t, filepath.Join(folder, "expected.yml"), string(result.Catalogue))
			golden(t, filepath.Join(folder, "expected.md"), result.Report.Markdown("What was carried over"))
			_, err = catalog.Parse("tocsin.yml", result.Catalogue)
			require.NoError(t, err)
			require.NotEmpty(t, result.Sources)
		})
	}
}

// inputsOf are the files of an estate, in the order of their names.
func inputsOf(t *testing.T, estate string) []Input {
	t.Helper()
	folder := filepath.Join("testdata", estate)
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	var inputs []Input
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), "expected.") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		require.NoError(t, err)
		inputs = append(inputs, Input{Name: entry.Name(), Text: text})
	}
	return inputs
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Empty(t, string(diff.Diff(file, want, "now", []byte(got))))
}

// carried are the kinds whose checks arrive whole. A kind that comes into the
// catalogue is added here, and mapped until the test passes.
var carried = []string{"http", "redis", "mysql", "icmp", "mqtt", "heartbeat", "mongodb", "browser", "tcp", "snmp", "domain", "mssql", "kafka", "sip"}

// The estate holds one check of each kind: it is carried over, or reported.
func TestKinds(t *testing.T) {
	i := &importer{report: new(Report), estate: &estate{teams: make(map[string]*Team)}, secretNames: names{}}
	require.NoError(t, i.open(inputsOf(t, "kinds")))
	require.NoError(t, i.read())
	result, err := Run(inputsOf(t, "kinds"), Options{})
	require.NoError(t, err)
	c, err := catalog.Parse("tocsin.yml", result.Catalogue)
	require.NoError(t, err)
	arrived := make(map[string]int)
	for _, service := range c.Services {
		for _, probe := range service.Probes {
			arrived[probe.Kind()]++
		}
	}
	left := 0
	for _, e := range result.Report.Entries {
		if strings.HasPrefix(e.Reason, "the catalogue refuses") || strings.HasPrefix(e.Reason, "the catalogue has no probe") || strings.HasPrefix(e.Reason, "asks ") {
			left++
		}
	}
	require.Equal(t, len(i.estate.checks), result.Probes+left)
	for _, kind := range carried {
		require.Positive(t, arrived[kind], "%s\n%s", kind, result.Report.Summary())
		for _, e := range result.Report.Entries {
			require.NotContains(t, e.Reason, "the catalogue refuses it: "+kind+".", e.Subject)
			require.False(t, strings.HasPrefix(e.Key, kind+".") && e.Reason == "the catalogue has no such key", "%s %s", e.Subject, e.Key)
		}
	}
}
