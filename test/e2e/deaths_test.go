package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/test/estate"
)

// Losing sight is not recovery: an exporter that dies during an outage ends
// nothing, and its loss is told by itself.
func TestNothingResolvesWhenTheExporterDies(t *testing.T) {
	e := start(t)
	began := turn(t, e, "down/on")
	told(t, e, began, developers, "shop is down")
	before := incident(t, e)

	e.Kill(estate.Exporter)
	eventually(t, "the loss of the exporter is known", func() error { return fires(t, e, "ExporterDown") })
	eventually(t, "the loss of sight is known", func() error { return fires(t, e, "TocsinSightLost") })
	require.NoError(t, fires(t, e, "ServiceDown"))
	require.Nil(t, find(e, began, developers, "Over"), "nobody was told that it is over")
	require.Nil(t, find(e, began, pat, "RESOLVED"), "nobody was told that it is over")
	after := incident(t, e)
	require.Equal(t, before.ID, after.ID)
	require.True(t, after.Open())

	require.NoError(t, e.StartPart(t.Context(), estate.Exporter))
	eventually(t, "the exporter sees again", func() error {
		return count(t, e, 1, `tocsin_probe_up{service="shop",probe="home"} == 0`)
	})
	require.NoError(t, fires(t, e, "ServiceDown"))
	require.True(t, incident(t, e).Open())

	mended := turn(t, e, "reset")
	told(t, e, mended, developers, "Over")
	eventually(t, "every incident of the shop is closed", func() error { return openOf(t, e, "shop", 0) })
}

// What happens while the receiver is dead arrives when it is back, and until
// then teams hear from Alertmanager alone.
func TestAlertmanagerDeliversWhenTheReceiverIsBack(t *testing.T) {
	e := start(t)
	e.Kill(estate.Receiver)
	began := turn(t, e, "down/on")
	told(t, e, began, developers, "shop is down")
	eventually(t, "Alertmanager has tried in vain", func() error {
		return count(t, e, 1, `sum(alertmanager_notification_requests_failed_total{integration="webhook"}) > 0`)
	})

	require.NoError(t, e.StartPart(t.Context(), estate.Receiver))
	require.True(t, incident(t, e).Open())
	told(t, e, began, pat, "shop is down")

	mended := turn(t, e, "reset")
	told(t, e, mended, pat, "RESOLVED", "shop")
	eventually(t, "the incident is closed", func() error { return openOf(t, e, "shop", 0) })
}

func openOf(t *testing.T, e *estate.Estate, service string, want int) error {
	t.Helper()
	all, err := e.Incidents(t.Context())
	if err != nil {
		return err
	}
	n := 0
	for _, one := range all {
		if one.Service == service && one.Open() {
			n++
		}
	}
	if n != want {
		return fmt.Errorf("%d incidents of the %s are open, want %d", n, service, want)
	}
	return nil
}

// fires wants the alert among Alertmanager's active ones.
func fires(t *testing.T, e *estate.Estate, name string) error {
	t.Helper()
	alerts, err := active(t, e)
	if err != nil {
		return err
	}
	for _, one := range alerts {
		if one.Labels["alertname"] == name {
			return nil
		}
	}
	return fmt.Errorf("%s does not fire", name)
}

func contains(text, part string) bool {
	return strings.Contains(strings.Join(strings.Fields(text), " "), part)
}
