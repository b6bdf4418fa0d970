package dashboards

import "encoding/json"

// defaults are the values that Grafana's editor writes out although their
// absence means the same. A key has one meaning wherever it occurs in a panel,
// a target, a field's configuration or a link.
func defaults() map[string][]any {
	number := func(text string) any { return json.Number(text) }
	return map[string][]any{
		// panels and targets
		"transparent":     {false},
		"repeat":          {nil, ""},
		"exemplar":        {false},
		"intervalFactor":  {number("1"), number("2")},
		"legendFormat":    {"__auto"},
		"disableTextWrap": {false}, "fullMetaSearch": {false}, "includeNullMetadata": {true}, "useBackend": {false},
		// axes
		"axisBorderShow": {false}, "axisCenteredZero": {false}, "axisColorMode": {"text"},
		"axisLabel": {""}, "axisPlacement": {"auto"}, "scaleDistribution": {object{"type": "linear"}},
		// lines, bars and points
		"barAlignment": {number("0")}, "barWidthFactor": {number("0.6")}, "gradientMode": {"none"},
		"insertNulls": {false}, "spanNulls": {false}, "pointSize": {number("5")}, "lineInterpolation": {"linear"},
		"drawStyle": {"line"}, "lineStyle": {object{"fill": "solid"}},
		"stacking":        {object{"group": "A", "mode": "none"}},
		"thresholdsStyle": {object{"mode": "off"}},
		"hideFrom":        {object{"legend": false, "tooltip": false, "viz": false}},
		// cells and figures
		"align": {"auto"}, "filterable": {false}, "inspect": {false}, "percentChangeColorMode": {"standard"}, "showPercentChange": {false},
		"hideZeros": {false}, "fieldMinMax": {false},
		// lists that hold nothing
		"mappings": {[]any{}},
	}
}
