package architecture

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/tocsin-monitoring/tocsin"

// listed is what `go list -json` says of a package.
type listed struct {
	ImportPath string
	Dir        string
	Doc        string
	GoFiles    []string
	Imports    []string
	Deps       []string
}

// forbidden are the arrows that must not exist, over any number of packages.
// Paths are prefixes of import paths; ours are relative to the module.
var forbidden = []struct {
	name   string
	from   []string
	except []string
	to     []string
}{
	{
		name: "the catalogue stands before everything and imports nothing of ours",
		from: []string{module + "/catalog"},
		to:   []string{module + "/alertmanager", module + "/cmd", module + "/collector", module + "/dashboards", module + "/internal", module + "/review", module + "/rules"},
	},
	{
		name: "the flow from probe to metric does not know the flow from alert to person",
		from: []string{module + "/collector"},
		to:   []string{module + "/alertmanager"},
	},
	{
		name: "the flow from alert to person does not know the flow from probe to metric",
		from: []string{module + "/alertmanager"},
		to:   []string{module + "/collector"},
	},
	{
		name: "the long-running programs stay small",
		from: []string{module + "/cmd/tocsin_exporter", module + "/cmd/tocsin_receiver"},
		to:   []string{module + "/review", module + "/rules", module + "/catalog/schema", "github.com/prometheus/prometheus", "github.com/prometheus/alertmanager/notify"},
	},
	{
		name: "the pure engines know neither the database nor the channels",
		from: []string{module + "/alertmanager/receiver/incident", module + "/alertmanager/receiver/oncall"},
		to:   []string{"database/sql", module + "/alertmanager/receiver/store", module + "/alertmanager/receiver/notify"},
	},
	{
		name:   "only rules/promql imports Prometheus' parser and engine",
		from:   []string{module},
		except: []string{module + "/rules/promql", module + "/rules", module + "/review", module + "/cmd/tocsin", module + "/dashboards", module + "/internal/deps"},
		to:     []string{"github.com/prometheus/prometheus/promql"},
	},
}

// direct are imports that only some packages may write down themselves.
var direct = []struct {
	name    string
	allowed []string
	to      string
}{
	{"flags are parsed in cmd only", []string{module + "/cmd"}, "github.com/alecthomas/kingpin/v2"},
	{"log/slog is a matter of the logger and the server", []string{module + "/internal/logging", module + "/internal/httpserver"}, "log/slog"},
	{"Prometheus' parser has one adapter", []string{module + "/rules/promql"}, "github.com/prometheus/prometheus/promql/parser"},
	{"we log through the logger that was handed down", nil, "log"},
}

func TestArrowsPointOneWay(t *testing.T) {
	packages := list(t)
	for _, rule := range forbidden {
		t.Run(rule.name, func(t *testing.T) {
			for _, p := range packages {
				if !within(p.ImportPath, rule.from) || within(p.ImportPath, rule.except) {
					continue
				}
				for _, dep := range p.Deps {
					require.Falsef(t, within(dep, rule.to), "%s links %s: `go mod why -m` or `go list -deps` shows the chain", p.ImportPath, dep)
				}
			}
		})
	}
	for _, rule := range direct {
		t.Run(rule.name, func(t *testing.T) {
			for _, p := range packages {
				if !within(p.ImportPath, rule.allowed) {
					require.NotContainsf(t, p.Imports, rule.to, "%s imports %s", p.ImportPath, rule.to)
				}
			}
		})
	}
}

func TestEveryPackageIsDocumentedAndHasNoInit(t *testing.T) {
	for _, p := range list(t) {
		if len(p.GoFiles) == 0 {
			continue // tests only
		}
		require.NotEmptyf(t, p.Doc, "%s has no package documentation", p.ImportPath)
		for _, name := range p.GoFiles {
			file := filepath.Join(p.Dir, name)
			for _, f := range functions(t, file) {
				require.NotEqualf(t, "init", f.Name.Name, "%s has an init function", file)
			}
		}
	}
}

// TestSizes keeps files under 400 lines and functions under 61; a literal table
// or straight wiring that is longer is listed with its reason.
func TestSizes(t *testing.T) {
	for _, p := range list(t) {
		for _, name := range p.GoFiles {
			file := filepath.Join(p.Dir, name)
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			require.LessOrEqualf(t, strings.Count(string(text), "\n"), 400, "%s is too long: split it by what it does", file)
			for _, f := range functions(t, file) {
				require.LessOrEqualf(t, f.lines, 60, "%s: %s is too long", file, f.Name.Name)
			}
		}
	}
}

type function struct {
	*ast.FuncDecl
	lines int
}

func functions(t *testing.T, file string) []function {
	t.Helper()
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	var found []function
	for _, d := range tree.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			found = append(found, function{f, set.Position(f.End()).Line - set.Position(f.Pos()).Line + 1})
		}
	}
	return found
}

func within(path string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if path == prefix || strings.HasPrefix(path, prefix+"/") {
			return true
		}
	}
	return false
}

func list(t *testing.T) []listed {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Dir,Doc,GoFiles,Imports,Deps", module+"/...").Output()
	require.NoError(t, err)
	var packages []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		require.NoError(t, err)
		packages = append(packages, p)
	}
}
