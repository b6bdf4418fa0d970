package pages

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEveryFailureStoryIsShownByTests reads docs/failure-stories.md: no story
// stands there twice, each says where it is from and what is done about it, and
// the tests that it names exist.
func TestEveryFailureStoryIsShownByTests(t *testing.T) {
	page := filepath.Join(root, "docs", "failure-stories.md")
	named := regexp.MustCompile("\\[`(\\w+)\\.(Test\\w+)`\\]\\(([^)]+)\\)")
	titles, stories := map[string]bool{}, map[string]string{}
	found := strings.Split(read(t, page), "\n### ")[1:]
	require.Greater(t, len(found), 45, "one for each of the stories that we know")
	for _, section := range found {
		section, _, _ = strings.Cut(section, "\n## ")
		parts := strings.Split(strings.TrimSpace(section), "\n\n")
		require.Len(t, parts, 4, "want a title, a story, what is done and what shows it: %q", parts[0])
		title, story := parts[0], parts[1]
		require.False(t, titles[title], "%q stands there twice", title)
		titles[title] = true
		require.Empty(t, stories[story], "%q and %q tell the same", title, stories[story])
		stories[story] = title
		require.Regexp(t, `\(.*\[.+\]\(.+\).*\)$`, story, "%q names no source", title)
		tests := named.FindAllStringSubmatch(parts[3], -1)
		require.NotEmpty(t, tests, "%q is shown by no test", title)
		require.Equal(t, len(tests), strings.Count(parts[3], "["), "%q shows something that is no test", title)
		for _, one := range tests {
			require.Contains(t, testsOf(t, filepath.Join(root, "docs", one[3])), one[1]+"."+one[2], title)
		}
	}
}

// testsOf lists the tests in a folder, with their package.
func testsOf(t *testing.T, folder string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	require.NoError(t, err)
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, declaration := range file.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && f.Recv == nil {
				names = append(names, strings.TrimSuffix(file.Name.Name, "_test")+"."+f.Name.Name)
			}
		}
	}
	return names
}
