package discovery

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

func TestFilesAreInspected(t *testing.T) {
	const text = `monitoring: {team: crew}
teams: {crew: {}}
locations: {here: {}, there: {}}
services: {written: {team: crew}}
discovery:
  here: {locations: [here], file: {paths: [here/*.json, here/*.yml]}, name: "{{label name|}}{{host}}", service: {team: crew, thresholds: {memory: "{{label memory|}}"}}}
  there: {locations: [there], file: {paths: [here/good.yml]}, hosts: ["*.example.org"], service: {team: crew}}
  inventory: {http: {url: "https://inventory.example.org/"}, service: {team: crew}}
`
	for _, test := range []struct {
		name, file, text string
		want             []string
	}{
		{"all is well", "good.json", `[{"targets": ["a.example.org:1"]}]`, nil},
		{"a bad value in JSON", "bad.json", "[\n  {\"targets\": [\"ö.example.org:1\", \"b.example.org:1\"],\n   \"labels\": {\"memory\": \"much\"}},\n  {\"targets\": [\"a.example.org:1\"]}]", []string{
			`bad.json:2:16: here: ö.example.org:1: thresholds.memory: malformed ratio (got "much", want one such as 80% or 0.8)`,
			`bad.json:2:35: here: b.example.org:1: thresholds.memory: malformed ratio (got "much", want one such as 80% or 0.8)`,
		}},
		{"a bad value in YAML", "bad.yml", "- targets:\n  - a.example.org:1\n  labels: {memory: much}\n", []string{
			`bad.yml:2:5: here: a.example.org:1: thresholds.memory: malformed ratio (got "much", want one such as 80% or 0.8)`,
		}},
		{"the name is written", "bad.yml", "- targets: ['written:1']\n", []string{
			`bad.yml:1:13: here: written:1: a service of this name is written in the catalogue, and wins`,
		}},
		{"a malformed group", "bad.json", `[{"targets": ["a.example.org:1"]},
  {"targets": 5}]`, []string{
			`bad.json:2:3: here: group 2 of bad.json: json: cannot unmarshal number into Go struct field group.targets of type []string`,
		}},
		{"no JSON", "bad.json", "[\n  {]", []string{
			`bad.json:2:4: here: : bad.json is not a JSON list of groups of targets: invalid character ']' looking for beginning of object key string`,
		}},
		{"empty", "bad.yml", "", []string{`bad.yml: here: : bad.yml is empty (write [] for no targets)`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			require.NoError(t, os.Mkdir(filepath.Join(folder, "here"), 0o750))
			put(t, filepath.Join(folder, "here", test.file), test.text)
			c, err := catalog.Parse(filepath.Join(folder, "tocsin.yml"), []byte(strings.Replace(text, "here/good.yml", "here/"+test.file, 1)))
			require.NoError(t, err)
			found := Inspect(c)
			require.Equal(t, []string{"inventory"}, found.Others)
			var lines []string
			for _, f := range found.Findings {
				if f.Source != "here" {
					continue
				}
				at := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%s:%d:%d", f.Position.File, f.Position.Line, f.Position.Column), folder+"/here/"), ":0:0")
				lines = append(lines, fmt.Sprintf("%s: %s: %s: %s", at, f.Source, f.Target, f.Problem))
			}
			for i := range lines {
				lines[i] = strings.ReplaceAll(lines[i], folder+"/here/", "")
			}
			require.Equal(t, test.want, lines)
		})
	}
}

func TestAFileThatIsNotHere(t *testing.T) {
	c, err := catalog.Parse(filepath.Join(t.TempDir(), "tocsin.yml"), []byte(`monitoring: {team: crew}
teams: {crew: {}}
services: {written: {team: crew}}
discovery: {a: {file: {paths: [targets.json]}, service: {team: crew}}}
`))
	require.NoError(t, err)
	found := Inspect(c).Findings
	require.Len(t, found, 1)
	require.True(t, found[0].Absent)
	require.Equal(t, "targets.json", filepath.Base(found[0].Position.File))
}
