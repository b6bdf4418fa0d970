package receiver

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall/duty"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// What rings by a rota of its own is told of what pages, and then of all that
// becomes of it, until the next outage.
func TestWhichToolsHearOfAMessage(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "key"), []byte("key\n"), 0o600))
	c, err := catalog.Parse(filepath.Join(folder, "tocsin.yml"), []byte(`
monitoring: {team: shop, break_glass: [{pagerduty: {routing_key_file: key}}]}
teams: {shop: {channels: {pagerduty: {routing_key_file: key}}}, bare: {}}
services: {shop: {team: shop, probes: {p: {tcp: {address: "127.0.0.1:1"}}}}}
`))
	require.NoError(t, err)
	d, err := newDirectory(c, notify.Settings{}, new(duty.Shelf), time.Now())
	require.NoError(t, err)
	require.True(t, d.terms("shop", "").Tools)
	require.False(t, d.terms("other", "bare").Tools)

	start := time.Date(2026, 11, 23, 22, 10, 0, 0, time.UTC)
	i := incident.Incident{ID: 7, Team: "shop", Since: start}
	told := func(kind incident.MessageKind) []incident.Delivery {
		found, dead := d.deliveries(i, incident.Message{Number: 2, Kind: kind, To: []incident.Role{incident.RoleTools}}, start)
		require.Empty(t, dead)
		return found
	}
	pagerDuty := incident.Delivery{Message: 2, Recipient: "pagerduty/shop", Way: incident.WayPagerDuty}
	require.Empty(t, told(incident.MessageOpened))
	require.Equal(t, []incident.Delivery{pagerDuty}, told(incident.MessagePage))
	pagerDuty.State = incident.DeliverySending
	i.Messages = []incident.Message{{Kind: incident.MessagePage, At: start, Deliveries: []incident.Delivery{pagerDuty}}}
	require.Len(t, told(incident.MessageAcknowledged), 1)
	i.Via = incident.WayPagerDuty
	require.Empty(t, told(incident.MessageAcknowledged), "it was acknowledged there")
	require.Len(t, told(incident.MessageResolved), 1)
	i.Since = start.Add(time.Hour)
	require.Empty(t, told(incident.MessageResolved), "it was told of another outage")
	i.Team = "bare"
	require.Empty(t, told(incident.MessagePage))
}
