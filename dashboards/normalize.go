package dashboards

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
)

type object = map[string]any

// Normalize brings a dashboard of Grafana's classic JSON model into the form in
// which it is kept: what belongs to one server or one viewer is gone, data
// sources are the variable of that name, defaults are left out, and keys are
// sorted. It takes a saved model, an export "for sharing externally" and the
// answer of Grafana's API. Normalize(Normalize(x)) equals Normalize(x).
func Normalize(dashboard []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(dashboard))
	decoder.UseNumber()
	var model object
	if err := decoder.Decode(&model); err != nil {
		return nil, fmt.Errorf("reading a dashboard: %w", err)
	}
	if inner, ok := model["dashboard"].(object); ok {
		model = inner
	}
	if _, ok := model["elements"]; ok {
		return nil, fmt.Errorf("reading a dashboard: this is the v2 model: export it as classic JSON")
	}
	normalizeDashboard(model)
	return encode(model)
}

// encode writes keys in order, as Grafana's own export does.
func encode(model object) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(model); err != nil {
		return nil, fmt.Errorf("writing a dashboard: %w", err)
	}
	return out.Bytes(), nil
}

func normalizeDashboard(model object) {
	for _, key := range []string{"id", "version", "iteration", "gnetId", "slug", "meta", "__inputs", "__requires", "__elements"} {
		delete(model, key)
	}
	model["time"] = object{"from": "now-6h", "to": "now"}
	model["refresh"] = "30s"
	model["editable"] = true
	if annotations, ok := model["annotations"].(object); ok {
		annotations["list"] = slices.DeleteFunc(list(annotations["list"]), isBuiltIn)
		for _, annotation := range objects(annotations["list"]) {
			normalizeAnnotation(annotation)
		}
	}
	if templating, ok := model["templating"].(object); ok {
		for _, variable := range objects(templating["list"]) {
			normalizeVariable(variable)
		}
	}
	walk(model, normalizeObject)
}

// isBuiltIn finds the annotation that Grafana adds to every dashboard.
func isBuiltIn(annotation any) bool {
	o, _ := annotation.(object)
	return o["builtIn"] != nil && o["builtIn"] != json.Number("0")
}

// normalizeAnnotation brings the query back to where old and new versions of
// Grafana look for it; new ones move it into a target when they save.
func normalizeAnnotation(annotation object) {
	target, ok := annotation["target"].(object)
	if !ok {
		return
	}
	for key, moved := range map[string]string{"expr": "expr", "step": "interval"} {
		if value, ok := target[moved]; ok {
			annotation[key] = value
		}
	}
	delete(annotation, "target")
}

// normalizeVariable forgets what the viewer chose and what the server answered.
func normalizeVariable(variable object) {
	variable["options"] = []any{}
	variable["current"] = object{}
	if variable["includeAll"] != true {
		return
	}
	variable["current"] = object{"selected": true, "text": "All", "value": "$__all"}
	if variable["multi"] == true {
		variable["current"] = object{"selected": true, "text": []any{"All"}, "value": []any{"$__all"}}
	}
}

// normalizeObject handles one object anywhere in the model, its children first.
func normalizeObject(o object) {
	for key, value := range o {
		if slices.ContainsFunc(defaults()[key], func(d any) bool { return reflect.DeepEqual(d, value) }) {
			delete(o, key)
		}
	}
	delete(o, "pluginVersion")
	delete(o, "editorMode")
	if source, ok := o["datasource"].(object); ok && source["type"] == "prometheus" {
		source["uid"] = "${datasource}"
	}
	// Grafana drops the first step's null on saving; older versions want it.
	if steps := objects(o["steps"]); len(steps) > 0 {
		if _, ok := steps[0]["value"]; !ok {
			steps[0]["value"] = nil
		}
	}
}

// walk visits every object below value, the innermost first.
func walk(value any, visit func(object)) {
	switch value := value.(type) {
	case object:
		for _, child := range value {
			walk(child, visit)
		}
		visit(value)
	case []any:
		for _, child := range value {
			walk(child, visit)
		}
	}
}

func list(value any) []any {
	found, _ := value.([]any)
	return found
}

func objects(value any) []object {
	var found []object
	for _, item := range list(value) {
		if o, ok := item.(object); ok {
			found = append(found, o)
		}
	}
	return found
}
