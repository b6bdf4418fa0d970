package pages

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const root = "../.."

// block is a fenced part of a page.
type block struct {
	page, language, text string
	line                 int
}

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#\s]+)(#[^)]*)?\)`)
	for _, page := range allPages(t) {
		for _, found := range link.FindAllStringSubmatch(read(t, page), -1) {
			if strings.Contains(found[1], "://") {
				continue
			}
			_, err := os.Stat(filepath.Join(filepath.Dir(page), found[1]))
			require.NoErrorf(t, err, "%s links to %s", page, found[1])
		}
	}
}

func TestEveryCommandRuns(t *testing.T) {
	targets := makeTargets(t)
	tool := build(t)
	scripts := allScripts(t)
	for _, b := range blocks(t) {
		if b.language != "sh" || filepath.Base(b.page) == "heartbeats.md" { // collector/heartbeat runs that page's scripts whole
			continue
		}
		for line := range strings.SplitSeq(strings.TrimSpace(b.text), "\n") {
			command := strings.Fields(strings.SplitN(line, "#", 2)[0])
			if len(command) == 0 {
				continue
			}
			t.Run(strings.Join(command, " "), func(t *testing.T) {
				switch command[0] {
				case "make":
					// The targets themselves run in CI and in the end-to-end tests.
					require.Containsf(t, targets, command[1], "%s:%d", b.page, b.line)
				case "bin/tocsin":
					runTool(t, tool, command[1:])
				case "tocsin":
					for part := range strings.SplitSeq(strings.Join(command, " "), " && ") {
						require.Containsf(t, scripts, "exec "+part+"\n", "%s:%d shows a command that no script of cmd/tocsin/testdata runs", b.page, b.line)
					}
				case "curl":
					require.Containsf(t, read(t, root+"/test/e2e/documented_test.go"), strings.Join(command, " "),
						"%s:%d shows a request that test/e2e/documented_test.go does not make", b.page, b.line)
				default:
					t.Fatalf("%s:%d: no test knows how to run %q", b.page, b.line, command[0])
				}
			})
		}
	}
}

// TestShownMistakesArePrintedByTheCode compares each shown configuration error
// with the texts that the catalogue's tests expect.
func TestShownMistakesArePrintedByTheCode(t *testing.T) {
	expected := strings.Builder{}
	texts, err := filepath.Glob(root + "/catalog/testdata/bad-*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, texts)
	for _, file := range texts {
		expected.WriteString(read(t, file))
	}
	mistake := regexp.MustCompile(`\.yml:\d+:\d+: (.*)`)
	for _, b := range blocks(t) {
		for _, found := range mistake.FindAllStringSubmatch(b.text, -1) {
			require.Containsf(t, expected.String(), found[1], "%s:%d", b.page, b.line)
		}
	}
}

// runTool runs the tool on a copy of the tree's configuration, so that a
// documented command which writes does not change the checkout.
func runTool(t *testing.T, tool string, args []string) {
	t.Helper()
	dir := t.TempDir()
	for _, part := range []string{"tocsin.yml", "demo", "alertmanager", "rules", "dashboards", "catalog/tocsin.schema.json"} {
		copyTree(t, filepath.Join(root, part), filepath.Join(dir, part))
	}
	cmd := exec.CommandContext(t.Context(), tool, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoErrorf(t, err, "tocsin %s:\n%s", strings.Join(args, " "), out)
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, text, 0o644)
	}))
}

func build(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tocsin")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", file, "../../cmd/tocsin").CombinedOutput()
	require.NoErrorf(t, err, "%s", out)
	return file
}

func makeTargets(t *testing.T) []string {
	t.Helper()
	var targets []string
	for _, found := range regexp.MustCompile(`(?m)^([a-z-]+):`).FindAllStringSubmatch(read(t, root+"/Makefile"), -1) {
		targets = append(targets, found[1])
	}
	return targets
}

func blocks(t *testing.T) []block {
	t.Helper()
	fence := regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```")
	var found []block
	for _, page := range allPages(t) {
		text := read(t, page)
		for _, at := range fence.FindAllStringSubmatchIndex(text, -1) {
			found = append(found, block{
				page: page, language: text[at[2]:at[3]], text: text[at[4]:at[5]],
				line: 1 + strings.Count(text[:at[0]], "\n"),
			})
		}
	}
	return found
}

func allPages(t *testing.T) []string {
	t.Helper()
	found := []string{filepath.Join(root, "README.md"), filepath.Join(root, "CHANGELOG.md")}
	for _, folder := range []string{"docs", "dashboards"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(root, folder), func(path string, _ fs.DirEntry, err error) error {
			if strings.HasSuffix(path, ".md") {
				found = append(found, path)
			}
			return err
		}))
	}
	return found
}

// allScripts is the text of every testscript of the tool.
func allScripts(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob(root + "/cmd/tocsin/testdata/script/*.txtar")
	require.NoError(t, err)
	var all strings.Builder
	for _, file := range files {
		all.WriteString(read(t, file))
	}
	return all.String()
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(text)
}
