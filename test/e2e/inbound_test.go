package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/test/estate"
)

// azureSays is a metric alert of Azure's common alert schema about the shop.
const azureSays = `{"schemaId": "azureMonitorCommonAlertSchema", "data": {
	"essentials": {"alertId": "a1", "alertRule": "shop-cpu", "severity": "Sev1", "signalType": "Metric", "monitorCondition": "CONDITION",
		"monitoringService": "Platform", "alertTargetIDs": ["/subscriptions/x/resourcegroups/shop-production/providers/microsoft.compute/virtualmachines/shop-1"],
		"configurationItems": ["shop-1"], "firedDateTime": "FIRED", "resolvedDateTime": "RESOLVED", "description": "The processors are busy."},
	"alertContext": {"condition": {"allOf": [{"metricName": "Percentage CPU", "operator": "GreaterThan", "threshold": "90", "metricValue": 97}]}},
	"customProperties": {"audience": "users"}}}`

// An alert that Azure raises goes the whole way: the receiver, Alertmanager,
// an incident, people. It outlasts the restart of both, and ends when Azure
// says so.
func TestAnAlertOfAzureGoesTheWholeWay(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: the whole line takes minutes")
	}
	t.Parallel()
	token := filepath.Join(t.TempDir(), "azure")
	require.NoError(t, os.WriteFile(token, []byte("sesame\n"), 0o600))
	e := startWith(t, estate.Options{Edit: func(f *estate.Files) {
		f.Catalogue = strings.Replace(f.Catalogue, "  shop:\n    team: shop\n    url:", "  shop:\n    team: shop\n    alerts_from: [{resource: \"*/resourceGroups/shop-production/*\"}]\n    url:", 1) +
			"\ninbound: {azure: {token_file: " + token + ", azure: {}}}\n"
	}})
	began := time.Now()
	says := func(condition string, want int) {
		t.Helper()
		stamp := func(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }
		body := strings.NewReplacer("CONDITION", condition, "FIRED", stamp(began), "RESOLVED", stamp(time.Now())).Replace(azureSays)
		answer, err := http.Post(e.URL(estate.Receiver)+"/api/v1/inbound/azure?token=sesame", "application/json", strings.NewReader(body))
		require.NoError(t, err)
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, want, answer.StatusCode, "%s", text)
	}
	says("Fired", http.StatusOK)
	first := incident(t, e)
	require.Equal(t, "ExternalAlert", first.Alerts[0].Labels["alertname"])
	require.Equal(t, "shop", first.Alerts[0].Labels["team"])
	told(t, e, began, developers, "shop-cpu: Percentage CPU is 97, greater than 90 (shop-1)") // by Alertmanager
	told(t, e, began, pat, "shop")                                                            // by the receiver
	told(t, e, began, onCall(t, e), "shop-cpu")

	e.Kill(estate.Receiver)
	require.NoError(t, e.StartPart(t.Context(), estate.Receiver))
	says("Fired", http.StatusOK) // Azure was not sure that we heard
	e.Kill(estate.Alertmanager)
	require.NoError(t, e.StartPart(t.Context(), estate.Alertmanager))
	eventually(t, "Alertmanager, which forgot, knows of it again", func() error { return fires(t, e, "ExternalAlert") })
	again := incident(t, e)
	require.Equal(t, first.ID, again.ID)
	require.True(t, again.Open())
	require.Len(t, again.Alerts, 1, "it is the same occurrence")

	mended := time.Now()
	says("Resolved", http.StatusOK)
	eventually(t, "the incident is closed", func() error { return openOf(t, e, "shop", 0) })
	told(t, e, mended, pat, "RESOLVED", "shop")
	eventually(t, "Alertmanager has ended it, too", func() error {
		if err := fires(t, e, "ExternalAlert"); err == nil {
			return fmt.Errorf("ExternalAlert fires")
		}
		return nil
	})
	says("Fired", http.StatusOK) // a repetition that comes late
	require.NoError(t, openOf(t, e, "shop", 0))
}
