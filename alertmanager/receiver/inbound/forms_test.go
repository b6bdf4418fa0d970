package inbound

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

var update = flag.Bool("update", false, "write what is made of testdata/*.json")

// told is what the golden files hold of one event.
type told struct {
	Key, Expire         string
	At                  time.Time
	Ended               bool
	Labels, Annotations map[string]string
}

// TestForms reads each testdata/FORM-WHAT.json by the form of that name; what
// becomes of it stands in the .golden beside it.
func TestForms(t *testing.T) {
	c, err := catalog.Load("testdata/catalogue.yml")
	require.NoError(t, err)
	paths, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.Greater(t, len(paths), 10)
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			body, err := os.ReadFile(path)
			require.NoError(t, err)
			in, events := readBy(t, c, strings.Split(strings.TrimSuffix(filepath.Base(path), ".json"), "-")[0], body)
			var all []told
			for _, e := range events {
				one := told{Key: e.Key, Expire: e.Expire.String(), At: e.At, Ended: e.Ended}
				one.Labels, one.Annotations = Label(c, in, e)
				all = append(all, one)
			}
			got, err := json.MarshalIndent(all, "", "  ")
			require.NoError(t, err)
			golden := strings.TrimSuffix(path, ".json") + ".golden"
			if *update {
				require.NoError(t, os.WriteFile(golden, append(got, '\n'), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), string(got)+"\n")
		})
	}
}

func readBy(t *testing.T, c *catalog.Catalog, form string, body []byte) (in *catalog.Inbound, events []Event) {
	t.Helper()
	var err error
	switch form {
	case "azure":
		in = c.Inbound["azure"]
		events, err = readAzure(in.Azure, body)
	case "cloudwatch":
		in = c.Inbound["aws"]
		events = readCloudWatch(in.CloudWatch, snsMessage{Message: string(body), MessageID: "m", TopicArn: in.CloudWatch.Topics[0]})
	case "grafana":
		in = c.Inbound["grafana"]
		events, err = readGrafana(in.Grafana, body)
	default:
		in = c.Inbound["json"]
		events, err = readJSON(in.JSON, body)
	}
	require.NoError(t, err)
	return in, events
}

// An end bears the key of its beginning.
func TestEndsFindTheirBeginnings(t *testing.T) {
	c, err := catalog.Load("testdata/catalogue.yml")
	require.NoError(t, err)
	for begin, end := range map[string]string{
		"azure-metric": "azure-metric-resolved", "azure-service-health": "azure-service-health-resolved",
		"azure-resource-health": "azure-resource-health-resolved", "cloudwatch-alarm": "cloudwatch-ok",
	} {
		load := func(name string) Event {
			body, err := os.ReadFile("testdata/" + name + ".json")
			require.NoError(t, err)
			_, events := readBy(t, c, strings.Split(name, "-")[0], body)
			return events[0]
		}
		first, last := load(begin), load(end)
		require.Equal(t, first.Key, last.Key, begin)
		require.False(t, first.Ended, begin)
		require.True(t, last.Ended, end)
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	c, err := catalog.Load("testdata/catalogue.yml")
	require.NoError(t, err)
	for body, want := range map[string]string{
		"":                                       "the body is not JSON: it is empty",
		"[]":                                     "the body is not JSON: want an object",
		"{":                                      "the body is not JSON: unexpected EOF",
		`{"schemaId":"AzureMonitorMetricAlert"}`: `schemaId is "AzureMonitorMetricAlert", want "azureMonitorCommonAlertSchema": enable the common alert schema in the action group`,
		`{"schemaId":"azureMonitorCommonAlertSchema","data":{"essentials":[]}}`: "data.essentials has neither alertId nor originAlertId",
	} {
		_, err := readAzure(c.Inbound["azure"].Azure, []byte(body))
		require.EqualError(t, err, want)
	}
	_, err = readGrafana(c.Inbound["grafana"].Grafana, []byte(`{"alerts":[]}`))
	require.EqualError(t, err, "the body has no alerts: want the default payload of Grafana's webhook contact point")
	_, err = readGrafana(c.Inbound["grafana"].Grafana, []byte(`{"alerts":[{}]}`))
	require.EqualError(t, err, "alerts[0] has neither a fingerprint nor labels")
	_, err = readJSON(c.Inbound["json"].JSON, []byte(`{"events":[{"status":"OK"}]}`))
	require.EqualError(t, err, `alert 0: the key "{{$.id}}" is empty: without it an end finds no beginning`)
}

func TestLike(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"shop", "SHOP", true},
		{"shop", "shop-1", false},
		{"shop*", "shop-1", true},
		{"*shop", "my-shop", true},
		{"*shop", "shop-1", false},
		{"*", "", true},
		{"a*b*c", "a-b-c", true},
		{"a*b*c", "a-c-b", false},
		{"*a*a*", "a", false},
		{"*a*a*", "aa", true},
		{"ab*ba", "aba", false},
		{"[shop]", "s", false},
		{"a?", "ab", false},
	} {
		require.Equal(t, c.want, like(c.pattern, c.text), "%s fits %s", c.text, c.pattern)
	}
}

// A sender's texts cannot break the line, the page or the alert.
func TestTextsAreTamed(t *testing.T) {
	c, err := catalog.Load("testdata/catalogue.yml")
	require.NoError(t, err)
	long := strings.Repeat("ä", 5000)
	labels, annotations := Label(c, c.Inbound["grafana"], Event{
		Key: long, Title: "a\nb\x00\u202ec\xff" + long, Summary: " \t\n", Detail: "one\n\ttwo\x1b[31m" + long, Link: "https://user:hunter2@example.org/",
		Service: "nobody", Team: "nobody", Severity: "",
	})
	require.Equal(t, "data", labels["team"], "the source's team takes what is nobody's")
	require.NotContains(t, labels, "service")
	require.Equal(t, AlertName, labels["alertname"])
	require.True(t, strings.HasPrefix(labels["rule"], "a bc"), labels["rule"])
	require.LessOrEqual(t, len(labels["rule"]), maxLine+len("…"))
	require.Len(t, labels["key"], 16)
	require.True(t, strings.HasPrefix(annotations["description"], "one\ntwo[31m"), annotations["description"])
	require.LessOrEqual(t, len(annotations["description"]), maxText+len("…"))
	require.NotContains(t, annotations, "dashboard_url")
	for _, bad := range []string{"javascript:alert(1)", "/relative", "https://", "ftp://example.org/", "https://example.org/\x07"} {
		require.Empty(t, link(bad), bad)
	}
	require.Equal(t, "https://example.org/a?b", link("https://example.org/a?b"))
}

func FuzzForms(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.json")
	require.NoError(f, err)
	for _, path := range paths {
		body, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(body)
	}
	c, err := catalog.Load("testdata/catalogue.yml")
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, body []byte) {
		var all []Event
		for _, read := range []func() ([]Event, error){
			func() ([]Event, error) { return readAzure(c.Inbound["azure"].Azure, body) },
			func() ([]Event, error) { return readGrafana(c.Inbound["grafana"].Grafana, body) },
			func() ([]Event, error) { return readJSON(c.Inbound["json"].JSON, body) },
			func() ([]Event, error) {
				return readCloudWatch(c.Inbound["aws"].CloudWatch, snsMessage{Message: string(body), TopicArn: "a:b"}), nil
			},
		} {
			events, _ := read()
			all = append(all, events...)
		}
		for _, e := range all {
			labels, _ := Label(c, c.Inbound["azure"], e)
			require.NotEmpty(t, labels["team"])
			require.Contains(t, []string{"critical", "warning", "info"}, labels["severity"])
		}
	})
}
