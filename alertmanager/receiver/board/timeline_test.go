package board

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

func TestALongTimelineShowsTheNewestFirst(t *testing.T) {
	v := incidentView{Timeline: make([]line, mostNewest)}
	require.Len(t, v.Newest(), mostNewest)
	require.Empty(t, v.Earlier(), "nothing is folded away")
	v.Timeline = append(v.Timeline, line{Text: "The incident opened"})
	require.Len(t, v.Newest(), mostNewest)
	require.Equal(t, []line{{Text: "The incident opened"}}, v.Earlier())
}

func TestHowAnAlertBecameKnown(t *testing.T) {
	a := incident.Alert{Labels: map[string]string{"alertname": "ServiceDown"}, Annotations: map[string]string{"summary": "shop is down"}}
	e := incident.Event{Kind: incident.KindAlertFired, Alert: &a}
	require.Equal(t, "Fires – ServiceDown: shop is down", describeAlert(e))
	e.By = "found by asking"
	require.Equal(t, "Fires – ServiceDown: shop is down (found by asking)", describeAlert(e))
}

func TestWhatIsGatheredSaysSo(t *testing.T) {
	d := incident.Delivery{State: incident.DeliverySending, HeldUntil: time.Now()}
	require.Equal(t, "gathered for a minute with what else comes of the cause", onItsWay(d))
	d.State = incident.DeliverySent
	require.Empty(t, onItsWay(d))
}
