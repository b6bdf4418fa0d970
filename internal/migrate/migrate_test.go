package migrate

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// No secret of an input may appear in the catalogue or in the report, and every
// one that a carried check needs is handed out apart.
func TestSecretsStayOut(t *testing.T) {
	const fruit = `Pomme-de-terre s3cr3t-tok3n gooseberry-9 damson-12 quince medlar loganberry sloe greengage mulberry bilberry
		elderberry redcurrant boysenberry whitecurrant tayberry cloudberry huckleberry juneberry salmonberry dewberry chokeberry
		thimbleberry olallieberry serviceberry goldenberry lingonberry feijoa kumquat`
	handed := 0
	for _, estate := range estates {
		inputs := inputsOf(t, estate)
		result, err := Run(inputs, Options{})
		require.NoError(t, err)
		for _, word := range strings.Fields(fruit) {
			require.NotContains(t, string(result.Catalogue), word, estate)
			require.NotContains(t, result.Report.Markdown("x"), word, estate)
			require.NotContains(t, result.Report.Summary(), word, estate)
		}
		for _, secret := range result.Secrets {
			require.Contains(t, string(result.Catalogue), secret.Path)
			if secret.Value != "" {
				handed++
			}
		}
	}
	require.Greater(t, handed, 15)
}

// A key that nobody has heard of is never dropped silently, wherever it stands.
func TestUnknownKeysAreReported(t *testing.T) {
	tests := []struct{ name, file, text string }{
		{"blackbox module", "b.yml", "modules: {m: {prober: http, novelty: 1}}\nscrape_configs: [{job_name: j, params: {module: [m], target: [\"http://a.example\"]}, metrics_path: /probe, static_configs: [{targets: [b]}]}]"},
		{"blackbox prober", "b.yml", "modules: {m: {prober: http, http: {novelty: 1}}}\nscrape_configs: [{job_name: j, params: {module: [m], target: [\"http://a.example\"]}, metrics_path: /probe, static_configs: [{targets: [b]}]}]"},
		{"prometheus job", "b.yml", "modules: {m: {prober: http}}\nscrape_configs: [{job_name: j, novelty: 1, params: {module: [m], target: [\"http://a.example\"]}, metrics_path: /probe, static_configs: [{targets: [b]}]}]"},
		{"gatus", "g.yml", "novelty: 1\nendpoints: [{name: a, url: \"http://a.example\", conditions: [\"[STATUS] == 200\"]}]"},
		{"gatus endpoint", "g.yml", "endpoints: [{name: a, url: \"http://a.example\", novelty: 1, conditions: [\"[STATUS] == 200\"]}]"},
		{"gatus client", "g.yml", "endpoints: [{name: a, url: \"http://a.example\", client: {novelty: 1}, conditions: [\"[STATUS] == 200\"]}]"},
		{"gatus suite", "g.yml", "suites: [{name: s, endpoints: [{name: a, url: \"http://a.example\", novelty: 1, conditions: [\"[STATUS] == 200\"]}]}]"},
		{"kuma", "k.json", `{"novelty": 1, "monitorList": [{"id": 1, "name": "a", "type": "http", "url": "http://a.example"}]}`},
		{"kuma monitor", "k.json", `{"monitorList": [{"id": 1, "name": "a", "type": "http", "url": "http://a.example", "novelty": 1}]}`},
		{"statuscake resource", "s.tf", "resource \"statuscake_uptime_check\" \"a\" {\n novelty = 1\n monitored_resource {\n address = \"http://a.example\"\n }\n}"},
		{"statuscake block", "s.tf", "resource \"statuscake_uptime_check\" \"a\" {\n http_check {\n novelty = 1\n }\n monitored_resource {\n address = \"http://a.example\"\n }\n}"},
		{"statuscake map", "s.tfvars.json", `{"tests": {"a": {"website_url": "http://a.example", "novelty": 1}}}`},
		{"statuscake answer", "s.json", `{"data": [{"name": "a", "website_url": "http://a.example", "test_type": "HTTP", "check_rate": 60, "novelty": 1}]}`},
		{"azure test", "a.json", `{"type": "Microsoft.Insights/webtests", "name": "a", "properties": {"novelty": 1, "Request": {"RequestUrl": "http://a.example"}}}`},
		{"azure request", "a.json", `{"type": "Microsoft.Insights/webtests", "name": "a", "properties": {"Request": {"novelty": 1, "RequestUrl": "http://a.example"}}}`},
		{"azure XML", "a.json", `{"type": "Microsoft.Insights/webtests", "name": "a", "properties": {"Configuration": {"WebTest": "<WebTest><Items><Request Url='http://a.example' novelty='1'/></Items></WebTest>"}}}`},
		{"thresholds", "t.tfvars.json", `{"apps": {"n/a": {"max_cpu": 0.5, "novelty": 1}}}`},
		{"variable", "t.tfvars.json", `{"apps": {"n/a": {"max_cpu": 0.5}}, "novelty": 1}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			result, err := Run([]Input{{Name: test.file, Text: []byte(test.text)}}, Options{})
			require.NoError(t, err)
			require.Equal(t, 1, result.Services, string(result.Catalogue))
			found := false
			for _, e := range result.Report.Entries {
				if strings.HasSuffix(e.Key, "novelty") {
					found = true
					require.Equal(t, test.file, e.At.File)
					require.Positive(t, e.At.Line)
				}
			}
			require.True(t, found, result.Report.Markdown("x"))
		})
	}
}

// A file that cannot be read is one error with its place and the mend.
func TestBrokenInput(t *testing.T) {
	tests := []struct{ name, file, text, want string }{
		{"tab", "g.yml", "endpoints:\n\t- name: a", `g.yml:2:2: a tab in the indentation (YAML wants spaces)`},
		{"unclosed bracket", "g.yml", "endpoints: [\n", `g.yml:1:1: not YAML from here on: did not find expected node content (is it another format? --from says which tool the file comes from)`},
		{"cut off", "k.json", "{\"monitorList\": [{\"id\": 1,", `k.json:1:27: the JSON ends in the middle (is the file whole?)`},
		{"comma", "k.json", "{\"a\": 1,\n \"b\" 2}", `k.json:2:6: not JSON from here on: invalid character '2' after object key (a comma too many or too few, or a quote that is not closed?)`},
		{"second document", "k.json", "{}\n{}", `k.json:2:1: something follows the JSON document (want one document a file)`},
		{"brace", "m.tf", "resource \"statuscake_uptime_check\" \"a\" {\n  name = \"x\"\n", `m.tf:1:40: not Terraform from here on: Unclosed configuration block: There is no closing brace for this block before the end of the file. This may be caused by incorrect brace nesting elsewhere in this file.`},
		{"variables", "v.tfvars", "a = [1,\n", `v.tfvars:2:1: not Terraform from here on: Missing expression: Expected the start of an expression, but found the end of the file.`},
		{"like nothing", "x.yml", "colour: red", `x.yml:1:1: the file is like none that tocsin import knows (say --from, one of uptime-kuma, gatus, blackbox, statuscake, azure, thresholds, urls)`},
		{"empty", "x.txt", "", `x.txt:1:1: the file is like none that tocsin import knows (say --from, one of uptime-kuma, gatus, blackbox, statuscake, azure, thresholds, urls)`},
		{"endless", "x.yml", "a: &a [*a]", `x.yml:1:4: the values nest or repeat without end (write the aliases out)`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Run([]Input{{Name: test.file, Text: []byte(test.text)}}, Options{})
			require.EqualError(t, err, test.want)
		})
	}
	_, err := Run(nil, Options{From: "nagios"})
	require.EqualError(t, err, `unknown source "nagios" (want one of uptime-kuma, gatus, blackbox, statuscake, azure, thresholds, urls)`)
}

// All broken files are told of at once.
func TestBrokenInputsTogether(t *testing.T) {
	_, err := Run([]Input{{Name: "a.json", Text: []byte("{")}, {Name: "b.json", Text: []byte("[")}}, Options{})
	require.EqualError(t, err, "a.json:1:2: the JSON ends in the middle (is the file whole?)\nb.json:1:2: the JSON ends in the middle (is the file whole?)")
}

// Whatever people call things, the names are the catalogue's, and no two clash.
func TestNames(t *testing.T) {
	require.Equal(t, "cafe-zurich-1", named("Café Zürich #1"))
	require.Equal(t, "", named("Страница"))
	require.Equal(t, "a_b", named("__a_b--"))
	require.Len(t, named(strings.Repeat("x", 200)), longestName)
	taken := names{}
	long := strings.Repeat("x", longestName)
	require.Equal(t, long, taken.take(long, "y"))
	require.Equal(t, long[:61]+"-2", taken.take(long, "y"))
	require.Equal(t, "y", taken.take("", "y"))
	require.Equal(t, "y-2", taken.take("", "y"))

	result, err := Run([]Input{{Name: "u.txt", Text: []byte("https://a.example Tocsin\nhttps://b.example Shop!\nhttps://c.example shop\nhttps://d.example Магазин\n")}}, Options{})
	require.NoError(t, err)
	require.Contains(t, string(result.Catalogue), "tocsin-service:")
	require.Contains(t, string(result.Catalogue), "d-example:")
	require.Equal(t, 3, result.Services) // "Shop!" and "shop" are one service with two probes
	require.Equal(t, 4, result.Probes)
}

// Two runs over the same files say the same.
func TestRunIsStable(t *testing.T) {
	for _, estate := range estates {
		first, err := Run(inputsOf(t, estate), Options{})
		require.NoError(t, err)
		for range 2 {
			again, err := Run(inputsOf(t, estate), Options{})
			require.NoError(t, err)
			require.Equal(t, string(first.Catalogue), string(again.Catalogue), estate)
			require.Equal(t, first.Report.Markdown("x"), again.Report.Markdown("x"), estate)
		}
	}
}

// The environment that gatus' files name is looked at.
func TestEnvironment(t *testing.T) {
	input := Input{Name: "g.yml", Text: []byte("endpoints: [{name: a, url: \"https://${HOST}/\", headers: {Authorization: \"${TOKEN}\"}, conditions: [\"[STATUS] == 200\"]}]")}
	result, err := Run([]Input{input}, Options{Environment: func(name string) (string, bool) {
		value, set := map[string]string{"HOST": "a.example", "TOKEN": "Bearer sorb-apple"}[name]
		return value, set
	}})
	require.NoError(t, err)
	require.Contains(t, string(result.Catalogue), "https://a.example/")
	require.NotContains(t, string(result.Catalogue), "sorb")
	result, err = Run([]Input{input}, Options{})
	require.NoError(t, err)
	require.Equal(t, 0, result.Services)
	require.Equal(t, 1, result.Report.Count(LeftOut))
}

// A schedule that cannot be is made possible, and said.
func TestSchedulesFit(t *testing.T) {
	result, err := Run([]Input{{Name: "k.json", Text: []byte(`{"monitorList": [
		{"id": 1, "name": "a", "type": "http", "url": "http://a.example", "interval": 20, "timeout": 48, "maxretries": 3, "retryInterval": 20},
		{"id": 2, "name": "b", "type": "http", "url": "http://b.example", "interval": 20, "timeout": 2, "maxretries": 99}
	]}`)}}, Options{})
	require.NoError(t, err)
	require.Equal(t, 2, result.Services)
	text := result.Report.Markdown("x")
	require.Contains(t, text, "48s × 4 attempts are longer than the interval of 20s; the timeout is 5s from now on")
	require.Contains(t, text, "100 attempts in a row until it counts, and 10 from now on")
}

// What the catalogue would refuse is taken out and reported, wherever it
// stands; the rest is written.
func TestRefusedPartsAreTakenOut(t *testing.T) {
	tests := []struct{ name, file, text, want string }{
		{"window", "g.yml", "maintenance: {start: \"23:00\", duration: 1h, timezone: Mars}\nendpoints: [{name: good, url: \"http://a.example\", conditions: []}]", `unknown timezone "Mars"`},
		{"relay", "k.json", `{"notificationList": [{"id": 1, "name": "m", "config": "{\"type\": \"smtp\", \"smtpHost\": \"a b\", \"smtpPort\": 25, \"smtpFrom\": \"x@a.example\", \"smtpTo\": \"y@a.example\"}"}], "monitorList": [{"id": 1, "name": "good", "type": "http", "url": "http://a.example", "notificationIDList": {"1": true}}]}`, "malformed address"},
		{"repository", "g.yml", "alerting: {github: {repository-url: nowhere, token: x}}\nendpoints: [{name: good, url: \"http://a.example\", conditions: [], alerts: [{type: github}]}]", "malformed repository"},
		{"address", "k.json", `{"monitorList": [{"id": 1, "name": "bad", "type": "http", "url": "gopher://a.example"}, {"id": 2, "name": "worse", "type": "port", "hostname": "", "port": 1}, {"id": 3, "name": "good", "type": "http", "url": "http://a.example"}]}`, "want an address with http:// or https:// and a host"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			result, err := Run([]Input{{Name: test.file, Text: []byte(test.text)}}, Options{})
			require.NoError(t, err)
			require.Equal(t, 1, result.Services)
			require.Contains(t, string(result.Catalogue), "good:")
			require.Contains(t, result.Report.Markdown("x"), test.want)
		})
	}
}
