package migrate

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// imported is what becomes of some files.
func imported(t *testing.T, files ...string) (*catalog.Catalog, *Result) {
	t.Helper()
	var inputs []Input
	for n := 0; n+1 < len(files); n += 2 {
		inputs = append(inputs, Input{Name: files[n], Text: []byte(files[n+1])})
	}
	result, err := Run(inputs, Options{})
	require.NoError(t, err)
	c, err := catalog.Parse("tocsin.yml", result.Catalogue)
	require.NoError(t, err, "%s", result.Catalogue)
	return c, result
}

// Two configurations of gatus that are imported together tell two teams, each
// by its own channels, also when they are of one kind.
func TestTwoTeamsOfGatus(t *testing.T) {
	config := func(name, webhook string) string {
		return "alerting: {slack: {webhook-url: \"https://hooks.slack.example/services/" + webhook + "\"}}" +
			"\nendpoints: [{name: " + name + ", url: \"https://" + name + ".example\", conditions: [\"[STATUS] == 200\"], alerts: [{type: slack}]}]\n"
	}
	c, result := imported(t, "orchard.yml", config("apples", "quince"), "cellar.yml", config("wine", "medlar"))
	require.Equal(t, "orchard", c.Services["apples"].Team)
	require.Equal(t, "cellar", c.Services["wine"].Team)
	found := map[string]string{}
	for _, secret := range result.Secrets {
		found[filepath.Base(secret.Path)] = secret.Value
	}
	require.Equal(t, "https://hooks.slack.example/services/quince", found[filepath.Base(c.Teams["orchard"].Channels.Slack.WebhookFile)])
	require.Equal(t, "https://hooks.slack.example/services/medlar", found[filepath.Base(c.Teams["cellar"].Channels.Slack.WebhookFile)])
	require.NotContains(t, string(result.Catalogue)+result.Report.Markdown("x"), "quince")

	c, _ = imported(t, "orchard.yml", config("apples", "quince"), "cellar.yml", config("wine", "quince"))
	require.Len(t, c.Teams, 3, "with one channel they are two teams all the same, and there is the default one")
}

const armInTerraform = `
variable "site" { default = "till" }
resource "azurerm_resource_group_template_deployment" "tests" {
  name                = "tests"
  resource_group_name = "orchard"
  deployment_mode     = "Incremental"
  parameters_content  = jsonencode({ address = { value = "https://${var.site}.orchard.example/" } })
  template_content    = TEMPLATE
}
`

// An ARM template inside of Terraform is read, wherever its text comes from; of
// one that cannot be known is said so.
func TestTemplatesInTerraform(t *testing.T) {
	const heredoc = "<<JSON\n" + `{"$schema": "x", "parameters": {"address": {"type": "string"}}, "resources": [
  {"type": "microsoft.insights/webtests", "name": "Till", "properties": {"Name": "Till", "Frequency": 300, "Novelty": 1, "Request": {"RequestUrl": "[parameters('address')]"}, "ValidationRules": {"ExpectedHttpStatusCode": 204}}}]}
JSON
`
	const encoded = `jsonencode({"$schema" = "x", parameters = { address = { type = "string" } }, resources = [
    { type = "Microsoft.Insights/webTests", name = "Till", properties = { Name = "Till", Frequency = 300, Novelty = 1, Request = { RequestUrl = "[parameters('address')]" }, ValidationRules = { ExpectedHttpStatusCode = 204 } } }] })`
	for name, template := range map[string]string{"heredoc": heredoc, "jsonencode": encoded} {
		t.Run(name, func(t *testing.T) {
			c, result := imported(t, "main.tf", strings.ReplaceAll(armInTerraform, "TEMPLATE", template))
			report := result.Report.Markdown("x")
			require.Contains(t, c.Services, "till", report)
			probe := c.Services["till"].Probes["home"]
			require.Equal(t, "https://till.orchard.example/", probe.HTTP.URL)
			require.Equal(t, "204", probe.HTTP.Status.String())
			require.Contains(t, report, "Novelty", "what is not read is reported")
			require.Equal(t, 0, result.Report.Count(LeftOut), report)
		})
	}
	for name, c := range map[string][2]string{
		"a template file": {`templatefile("${path.module}/tests.tftpl", { site = var.site })`, "its ARM template is not known here: "},
		"no JSON":         {`"{ microsoft.insights/webtests"`, "its ARM template is not JSON: "},
	} {
		t.Run(name, func(t *testing.T) {
			result, err := Run([]Input{{Name: "main.tf", Text: []byte(strings.ReplaceAll(armInTerraform, "TEMPLATE", c[0]))}, {Name: "urls.txt", Text: []byte("https://www.orchard.example/\n")}}, Options{})
			require.NoError(t, err)
			require.Equal(t, 1, result.Report.Count(LeftOut), result.Report.Markdown("x"))
			require.Contains(t, result.Report.Markdown("x"), c[1])
		})
	}
}

// What a name server must answer: all of some addresses, one of several, none.
func TestAnswersOfNameServers(t *testing.T) {
	module := func(rules string) string {
		return `modules: {dns: {prober: dns, dns: {query_name: www.orchard.example, query_type: A, validate_answer_rrs: {` + rules + `}}}}
scrape_configs: [{job_name: names, metrics_path: /probe, params: {module: [dns]}, static_configs: [{targets: ["192.0.2.53"]}],
  relabel_configs: [{source_labels: [__address__], target_label: __param_target}, {target_label: __address__, replacement: "blackbox:9115"}]}]`
	}
	for _, test := range []struct {
		rules                string
		all, anyAnswer, none []string
		lost                 bool
	}{
		{`fail_if_none_matches_regexp: ["192\\.0\\.2\\.1$"]`, []string{"192.0.2.1"}, nil, nil, false},
		{`fail_if_none_matches_regexp: [".*(192.0.2.1|192.0.2.2)"]`, nil, []string{"192.0.2.1", "192.0.2.2"}, nil, false},
		{`fail_if_not_matches_regexp: ["www.orchard.example.\\t.*\\tIN\\tA\\t(?:192.0.2.1|192.0.2.2)"], fail_if_matches_regexp: [".*192.0.2.9"]`, nil, []string{"192.0.2.1", "192.0.2.2"}, []string{"192.0.2.9"}, false},
		{`fail_if_none_matches_regexp: ["192\\.0\\.2\\.[0-9]"]`, nil, nil, nil, true},
		{`fail_if_all_match_regexp: [".*192.0.2.1"]`, nil, nil, nil, true},
	} {
		c, result := imported(t, "blackbox.yml", module(test.rules))
		for _, service := range c.Services {
			for _, probe := range service.Probes {
				require.Equal(t, test.all, probe.DNS.Answers, test.rules)
				require.Equal(t, test.anyAnswer, probe.DNS.AnyAnswer, test.rules)
				require.Equal(t, test.none, probe.DNS.Forbidden, test.rules)
			}
		}
		require.NotEmpty(t, c.Services)
		if test.lost {
			require.Contains(t, result.Report.Markdown("x"), "answers_any or answers_not", test.rules)
		} else {
			require.NotContains(t, result.Report.Markdown("x"), "answers_any or answers_not", test.rules)
		}
	}
}
