package notify_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// examples are the YAML texts of a page.
func examples(t *testing.T, page string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../../docs", page))
	require.NoError(t, err)
	var found []string
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		found = append(found, block[1])
	}
	return found
}

func TestTheExamplesOfThePagesWork(t *testing.T) {
	for page, way := range map[string]string{"slack.md": incident.WaySlack, "github.md": incident.WayIssue} {
		found := examples(t, page)
		folder := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(folder, "secrets"), 0o700))
		for _, name := range []string{"receiver", "slack-bot", "slack-signing", "github"} {
			require.NoError(t, os.WriteFile(filepath.Join(folder, "secrets", name), []byte("x\n"), 0o600))
		}
		c, err := catalog.Parse(filepath.Join(folder, "tocsin.yml"), []byte(found[len(found)-1]))
		require.NoError(t, err)
		opened, err := notify.Open(notify.Settings{Catalog: c})
		require.NoError(t, err)
		require.Contains(t, opened, way)
		require.Len(t, notify.Tools(c.Teams["schools"]), 1)
	}
}

// TestTheManifestHasTheScopesOfWhatIsCalled: the documented scopes of each
// method that the channel calls.
func TestTheManifestHasTheScopesOfWhatIsCalled(t *testing.T) {
	var manifest struct {
		OAuth struct {
			Scopes struct{ Bot []string }
		} `yaml:"oauth_config"`
		Settings struct {
			Interactivity struct {
				URL string `yaml:"request_url"`
			}
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(examples(t, "slack.md")[0]), &manifest))
	require.True(t, strings.HasSuffix(manifest.Settings.Interactivity.URL, "/callback/slack"))
	scopes := map[string][]string{
		"chat.postMessage": {"chat:write"}, "chat.update": {"chat:write"}, "chat.postEphemeral": {"chat:write"},
		"conversations.history": {"channels:history", "groups:history", "metadata.message:read"},
		"conversations.replies": {"channels:history", "groups:history", "metadata.message:read"},
		"users.conversations":   {"channels:read", "groups:read"},
	}
	code := ""
	for _, file := range []string{"slack.go", "slack_api.go"} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		code += string(text)
	}
	for _, call := range regexp.MustCompile(`"((?:chat|conversations|users)\.[a-zA-Z]+)"`).FindAllStringSubmatch(code, -1) {
		require.Contains(t, scopes, call[1])
		require.Subset(t, manifest.OAuth.Scopes.Bot, scopes[call[1]])
	}
}
