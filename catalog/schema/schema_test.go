package schema_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/tocsin-monitoring/tocsin/catalog/schema"
)

const file = "../tocsin.schema.json"

var update = flag.Bool("update", false, "write "+file)

func TestTheCommittedSchemaIsFresh(t *testing.T) {
	want, err := schema.Generate()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(file, want, 0o644))
	}
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "make schema writes it anew")
	again, err := schema.Generate()
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, again))
}

func TestEverySectionIsDescribed(t *testing.T) {
	text, err := schema.Generate()
	require.NoError(t, err)
	var s struct {
		Definitions map[string]struct{ Description string } `json:"$defs"`
	}
	require.NoError(t, json.Unmarshal(text, &s))
	require.Greater(t, len(s.Definitions), 25)
	for name, definition := range s.Definitions {
		require.NotEmpty(t, definition.Description, name)
	}
}

func TestGoodCataloguesAreAccepted(t *testing.T) {
	for _, path := range []string{"../../tocsin.yml", "../testdata/design.yml", "../testdata/good-folder/people.yml", "../testdata/good-folder/services.yaml"} {
		require.NoError(t, validate(t, path), path)
	}
}

// The mistakes of one value, and of one mapping's keys, are seen while typing.
func TestMistakesOfShapeAreRefused(t *testing.T) {
	seen := []string{
		"alert-name", "alert-setting", "bytes", "confirm", "contacts-in-place", "cpu-limit", "discovery-source", "dns", "duration", "escalation-empty-by", "escalation-missing-by",
		"escalation-unknown-way", "escalation-without-steps", "hours-holidays", "hours-missing-key", "http-method", "http-without-url", "journey-of-nothing",
		"journey-step-with-two-requests", "journey-step-without-a-request", "list-at-the-top", "list-for-a-text", "means", "name", "no-value", "not-true-or-false",
		"page", "pipeline-without-a-provider", "postgres", "probe-with-two-kinds", "probe-without-a-kind", "ratio", "ratio-over-100", "resource-process",
		"resource-with-two-sources", "resource-without-a-source", "rota-missing-keys", "secret-beside-its-key", "secret-in-place", "secret-without-a-file", "smtp",
		"text-for-a-list", "text-for-a-mapping", "unknown-key", "unknown-key-deep", "unknown-keys-below-values", "unknown-section",
	}
	for _, mistake := range seen {
		require.Error(t, validate(t, filepath.Join("../testdata", "bad-"+mistake+".yml")), mistake)
	}
}

func validate(t *testing.T, path string) error {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var document any
	require.NoError(t, yaml.Unmarshal(text, &document), path)
	asJSON, err := json.Marshal(document)
	require.NoError(t, err)
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	require.NoError(t, err)
	return compiled(t).Validate(instance)
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := schema.Generate()
	require.NoError(t, err)
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("tocsin.schema.json", document))
	s, err := compiler.Compile("tocsin.schema.json")
	require.NoError(t, err)
	return s
}
