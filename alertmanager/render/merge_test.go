package render_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// merge does what the fragment's header tells people to do.
func merge(t *testing.T, part []byte, theirs string) []byte {
	t.Helper()
	var guest, host map[string]any
	require.NoError(t, yaml.Unmarshal(part, &guest))
	require.NoError(t, yaml.Unmarshal([]byte(theirs), &host))

	route := host["route"].(map[string]any)
	route["routes"] = append(guest["route"].(map[string]any)["routes"].([]any), route["routes"].([]any)...)
	for _, key := range []string{"templates", "inhibit_rules", "time_intervals", "receivers"} {
		have, _ := host[key].([]any)
		more, _ := guest[key].([]any)
		host[key] = append(have, more...)
	}
	merged, err := yaml.Marshal(host)
	require.NoError(t, err)
	return merged
}
