package dashboards

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the dashboards in their normal form")

// files are the dashboards that Grafana is given.
func files(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("*.json")
	require.NoError(t, err)
	require.Len(t, found, 2, "overview.json and service.json")
	return found
}

func TestFilesAreInTheirNormalForm(t *testing.T) {
	for _, file := range files(t) {
		t.Run(file, func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			normal, err := Normalize(text)
			require.NoError(t, err)
			if *update {
				require.NoError(t, os.WriteFile(file, normal, 0o644))
				return
			}
			require.Equal(t, string(normal), string(text), "go test ./dashboards -update mends it")
			again, err := Normalize(normal)
			require.NoError(t, err)
			require.Equal(t, string(normal), string(again))
		})
	}
}

// TestWhatTheEditorAddsIsTakenOut does to a dashboard what opening, zooming and
// saving it in Grafana does, and what its API and its export wrap around it.
func TestWhatTheEditorAddsIsTakenOut(t *testing.T) {
	for _, file := range files(t) {
		t.Run(file, func(t *testing.T) {
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			var model object
			require.NoError(t, json.Unmarshal(want, &model))
			saveInEditor(model)
			for name, shape := range map[string]object{
				"saved":             model,
				"exported to share": shared(model),
				"from the API":      {"dashboard": model, "meta": object{"slug": "x"}},
			} {
				t.Run(name, func(t *testing.T) {
					text, err := json.Marshal(shape)
					require.NoError(t, err)
					got, err := Normalize(text)
					require.NoError(t, err)
					require.Equal(t, string(want), string(got))
				})
			}
		})
	}
}

func saveInEditor(model object) {
	model["id"], model["version"], model["iteration"] = 17, 4, 1700000000000
	model["time"], model["refresh"] = object{"from": "now-15m", "to": "now"}, ""
	annotations := model["annotations"].(object)
	for _, annotation := range objects(annotations["list"]) {
		annotation["target"] = object{"expr": annotation["expr"], "interval": annotation["step"], "refId": "Anno"}
		delete(annotation, "expr")
		delete(annotation, "step")
	}
	annotations["list"] = append([]any{object{"builtIn": 1, "name": "Annotations & Alerts", "type": "dashboard"}}, list(annotations["list"])...)
	for _, variable := range objects(model["templating"].(object)["list"]) {
		variable["current"] = object{"selected": true, "text": "shop", "value": "shop"}
		variable["options"] = []any{object{"selected": true, "text": "shop", "value": "shop"}}
	}
	for _, panel := range objects(model["panels"]) {
		editPanel(panel)
	}
}

func editPanel(panel object) {
	for _, inner := range objects(panel["panels"]) {
		editPanel(inner)
	}
	if panel["type"] == "row" {
		return
	}
	panel["pluginVersion"] = "12.0.0"
	panel["transparent"] = false
	for _, target := range objects(panel["targets"]) {
		target["editorMode"], target["exemplar"] = "code", false
	}
	defaults := panel["fieldConfig"].(object)["defaults"].(object)
	for _, step := range objects(defaults["thresholds"].(object)["steps"]) {
		if step["value"] == nil {
			delete(step, "value")
		}
	}
	if _, ok := defaults["mappings"]; !ok {
		defaults["mappings"] = []any{}
	}
	if custom, ok := defaults["custom"].(object); ok && panel["type"] == "timeseries" {
		custom["axisPlacement"], custom["barAlignment"], custom["gradientMode"] = "auto", 0, "none"
	}
}

// shared is the export with a data source to be chosen on import.
func shared(model object) object {
	text, _ := json.Marshal(model)
	var export object
	_ = json.Unmarshal(text, &export)
	walk(export, func(o object) {
		if source, ok := o["datasource"].(object); ok {
			source["uid"] = "${DS_PROMETHEUS}"
		}
	})
	export["__inputs"] = []any{object{"name": "DS_PROMETHEUS", "type": "datasource"}}
	export["__requires"] = []any{object{"id": "prometheus", "type": "datasource"}}
	export["__elements"] = object{}
	return export
}

func TestWhatCannotBeKeptIsRefused(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"not JSON":     {`{"title": }`, "reading a dashboard: invalid character '}'"},
		"the v2 model": {`{"title": "x", "elements": {}}`, "export it as classic JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Normalize([]byte(test.text))
			require.ErrorContains(t, err, test.want)
		})
	}
}
