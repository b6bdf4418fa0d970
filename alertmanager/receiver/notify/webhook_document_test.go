package notify

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// blocks are the examples of docs/tools.md in a language.
func blocks(t *testing.T, language string) []string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/tools.md")
	require.NoError(t, err)
	var found []string
	for _, block := range regexp.MustCompile("(?s)\n```([a-z]*)\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		if block[1] == language {
			found = append(found, block[2])
		}
	}
	return found
}

func TestTheDocumentsTemplateGivesWhatItShows(t *testing.T) {
	templates, shown := blocks(t, ""), blocks(t, "json")
	require.Len(t, templates, 1)
	path := filepath.Join(t.TempDir(), "hook.tmpl")
	require.NoError(t, os.WriteFile(path, []byte(templates[0]), 0o600))
	require.NoError(t, CheckWebhookTemplate(path, ""))
	body, err := readWebhookBody(path)
	require.NoError(t, err)
	text, err := body(webhookData(exampleMessage(incident.MessagePage)))
	require.NoError(t, err)
	require.Contains(t, shown, string(text))
}

// Every field stands in the document.
func TestTheDocumentNamesEveryField(t *testing.T) {
	page, err := os.ReadFile("../../../docs/tools.md")
	require.NoError(t, err)
	for _, of := range []reflect.Type{reflect.TypeFor[WebhookData](), reflect.TypeFor[WebhookIncident](), reflect.TypeFor[WebhookAlert]()} {
		for n := range of.NumField() {
			require.Regexp(t, "`(Incident)?\\.?"+of.Field(n).Name+"[`.]", string(page))
		}
	}
}

func TestTheDocumentsCatalogueIsGood(t *testing.T) {
	examples := blocks(t, "yaml")
	require.GreaterOrEqual(t, len(examples), 3)
	for _, example := range examples {
		_, err := catalog.Parse("tocsin.yml", []byte("links: {board: 'https://board.example.org'}\nmonitoring: {team: platform}\nservices: {}\n"+example))
		require.NoError(t, err, example)
		require.True(t, strings.HasPrefix(example, "teams:"))
	}
}
