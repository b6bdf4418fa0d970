package migrate

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// The same test, in every form in which Terraform keeps it.
func TestTerraformForms(t *testing.T) {
	const resource = `{"name": "Shop", "check_interval": 60, "confirmation": 1, "http_check": [{"timeout": 20, "status_codes": ["500"]}], "monitored_resource": [{"address": "https://shop.orchard.example/"}]`
	tests := []struct{ name, file, text string }{
		{"configuration", "main.tf", `
locals { host = join(".", ["shop", var.domain]) }
variable "domain" { default = "orchard.example" }
resource "statuscake_uptime_check" "shop" {
  name           = title("shop")
  check_interval = 60
  confirmation   = 1
  http_check {
    timeout      = 20
    status_codes = [for code in [500] : tostring(code)]
  }
  monitored_resource { address = format("https://%s/", local.host) }
}`},
		{"configuration in JSON", "main.tf.json", `{
  "variable": {"domain": {"default": "orchard.example"}},
  "locals": {"host": "shop.${var.domain}"},
  "resource": {"statuscake_uptime_check": {"shop": {
    "name": "Shop", "check_interval": 60, "confirmation": 1, "http_check": {"timeout": 20, "status_codes": ["500"]},
    "monitored_resource": {"address": "https://${local.host}/"}}}}}`},
		{"state", "terraform.tfstate.json", `{"version": 4, "terraform_version": "1.9.8", "serial": 3, "lineage": "x", "outputs": {}, "resources": [
  {"mode": "data", "type": "statuscake_contact_group", "name": "x", "instances": [{"attributes": {"id": "1"}}]},
  {"mode": "managed", "type": "statuscake_uptime_check", "name": "shop", "provider": "p", "instances": [{"schema_version": 0, "attributes": ` + resource + `, "id": "77", "novelty": 1}}]}]}`},
		{"plan", "plan.json", `{"format_version": "1.2", "terraform_version": "1.9.8", "planned_values": {"root_module": {"child_modules": [{"address": "module.a", "resources": [
  {"address": "module.a.statuscake_uptime_check.shop", "mode": "managed", "type": "statuscake_uptime_check", "name": "shop", "values": ` + resource + `}}]}]}}}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			result, err := Run([]Input{{Name: test.file, Text: []byte(test.text)}}, Options{})
			require.NoError(t, err)
			c, err := catalog.Parse("tocsin.yml", result.Catalogue)
			require.NoError(t, err)
			require.Contains(t, c.Services, "shop", result.Report.Markdown("x"))
			probe := c.Services["shop"].Probes["home"]
			require.Equal(t, "https://shop.orchard.example/", probe.HTTP.URL)
			require.Equal(t, "1m", probe.Interval.String())
			require.Equal(t, "20s", probe.Timeout.String())
			require.Equal(t, 2, probe.Confirm)
			require.Equal(t, "!500", probe.HTTP.Status.String())
			require.Equal(t, 0, result.Report.Count(LeftOut), result.Report.Markdown("x"))
			if test.name == "state" {
				require.Contains(t, result.Report.Markdown("x"), "novelty")
			}
		})
	}
}

// What only Terraform can tell is reported with the name of what is missing.
func TestTerraformUnknown(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"variable", `monitored_resource { address = var.url }`, "the address is not known here: var.url has no value (import the .tfvars file, too)"},
		{"resource", `monitored_resource { address = "https://${aws_lb.main.dns_name}/" }`, "the address is not known here: aws_lb.main.dns_name is known only to Terraform (import the output of terraform show -json instead)"},
		{"local", `monitored_resource { address = local.url }`, "the address is not known here: local.url could not be worked out"},
		{"for_each", "for_each = var.urls\n monitored_resource { address = each.value }", "for_each is not known here: var.urls has no value (import the .tfvars file, too)"},
		{"count", "count = var.on ? 1 : 0\n monitored_resource { address = \"https://a.example\" }", "count is not known here: var.on has no value (import the .tfvars file, too)"},
		{"function", `monitored_resource { address = file("url.txt") }`, `the address is not known here: Call to unknown function: There is no function named "file". Did you mean "title"?`},
		{"element", "for_each = {a = {}}\n monitored_resource { address = each.value.url }", "the address is not known here: each.value.url is not in what for_each or count gives"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := "variable \"url\" {}\nvariable \"urls\" {}\nvariable \"on\" {}\nlocals {\n url = aws_lb.main.dns_name\n}\nresource \"statuscake_uptime_check\" \"a\" {\n " + test.body + "\n}\n"
			result, err := Run([]Input{{Name: "main.tf", Text: []byte(text)}}, Options{})
			require.NoError(t, err)
			require.Equal(t, 0, result.Services)
			require.Equal(t, 1, result.Report.Count(LeftOut), result.Report.Markdown("x"))
			for _, e := range result.Report.Entries {
				if e.Category == LeftOut {
					require.Equal(t, test.want, e.Reason)
					require.Equal(t, "main.tf", e.At.File)
				}
			}
		})
	}
}
