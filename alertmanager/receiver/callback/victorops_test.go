package callback_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

func fromVictorOps(t *testing.T, d *desk, fields string) int {
	t.Helper()
	body := fmt.Sprintf(`{"ALERT.monitoring_tool":"Tocsin","STATE.ENTITY_ID":%q%s}`, notify.IncidentKey(d.open[0]), fields)
	code, _ := answered(t, d, "/callback/victorops/t", map[string]string{"Authorization": "Bearer " + secret}, body)
	return code
}

func TestVictorOpsShowsItsToken(t *testing.T) {
	for _, c := range []struct {
		name, path, header string
		code               int
	}{
		{"in the header", "t", "Bearer " + secret, http.StatusNoContent},
		{"in the address", "t?token=" + secret, "", http.StatusNoContent},
		{"none", "t", "", http.StatusForbidden},
		{"another", "t", "Bearer another", http.StatusForbidden},
		{"an empty one", "t?token=", "", http.StatusForbidden},
		{"a team without", "bare", "Bearer " + secret, http.StatusNotFound},
		{"no team", "x", "Bearer " + secret, http.StatusNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, _ := answered(t, toolDesk(t), "/callback/victorops/"+c.path, map[string]string{"Authorization": c.header}, "{}")
			require.Equal(t, c.code, code)
		})
	}
	code, _ := answered(t, toolDesk(t), "/callback/victorops/t", map[string]string{"Authorization": "Bearer " + secret}, "phase=ACKED")
	require.Equal(t, http.StatusBadRequest, code)
}

func TestWhatHappensInVictorOpsHappensHere(t *testing.T) {
	const via = incident.WayVictorOps
	for _, c := range []struct {
		name, fields string
		change       func(*incident.Incident)
		want         []incident.Input
	}{
		{name: "acknowledged", fields: `,"STATE.CURRENT_ALERT_PHASE":"ACKED","STATE.ACKED_BY":"asha","STATE.LAST_TIMESTAMP":1795471900000`, want: []incident.Input{incident.Acknowledge{Incident: 3, Person: "asha", Via: via}}},
		{name: "with times as text", fields: `,"STATE.CURRENT_ALERT_PHASE":"ACKED","STATE.ACKED_BY":"${{STATE.ACKED_BY}}","STATE.ACK_USER":"Ben Carter","STATE.LAST_TIMESTAMP":""`, want: []incident.Input{incident.Acknowledge{Incident: 3, Person: "ben", Via: via}}},
		{name: "by the name in the contacts", fields: `,"STATE.CURRENT_ALERT_PHASE":"ACKED","STATE.ACKED_BY":"BCarter"`, want: []incident.Input{incident.Acknowledge{Incident: 3, Person: "ben", Via: via}}},
		{name: "by the tool itself", fields: `,"STATE.CURRENT_ALERT_PHASE":"ACKED","STATE.ACK_USER":"SYSTEM"`},
		{name: "our own word, told back", fields: `,"STATE.CURRENT_ALERT_PHASE":"ACKED","STATE.ACK_USER":"Ben Carter","STATE.ACK_MSG":"Asha Rao has taken it on (told by Tocsin)"`},
		{name: "resolved", fields: `,"STATE.CURRENT_ALERT_PHASE":"RESOLVED","STATE.RESOLVED_BY":"ben"`, want: []incident.Input{incident.Resolve{Incident: 3, Person: "ben", Via: via}}},
		{name: "resolved by our recovery", fields: `,"STATE.CURRENT_ALERT_PHASE":"RESOLVED","STATE.RESOLVED_BY":"SYSTEM","STATE.ACK_USER":"asha"`},
		{name: "opened", fields: `,"STATE.CURRENT_ALERT_PHASE":"UNACKED"`, want: []incident.Input{incident.Receipted{Incident: 3, Message: 3, Recipient: "victorops/t", Way: via, State: incident.DeliveryDelivered, Thread: fmt.Sprintf("tocsin-3-%d", now.Add(-time.Hour).Unix())}}},
		{name: "given back", fields: `,"STATE.CURRENT_ALERT_PHASE":"UNACKED"`, change: func(i *incident.Incident) { i.Owner, i.Via = "asha", via }, want: []incident.Input{incident.Reassign{Incident: 3, Person: "asha", Via: via}}},
		{name: "another phase", fields: `,"STATE.CURRENT_ALERT_PHASE":"x","STATE.ACKED_BY":"asha"`},
		{name: "another team's", fields: `,"STATE.CURRENT_ALERT_PHASE":"ACKED","STATE.ACKED_BY":"asha"`, change: func(i *incident.Incident) { i.Team = "bare" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := toolDesk(t)
			if c.change != nil {
				c.change(&d.open[0])
			}
			require.Equal(t, http.StatusNoContent, fromVictorOps(t, d, c.fields))
			require.Equal(t, c.want, d.inputs)
		})
	}
}

// The order is that of the times that Splunk On-Call tells.
func TestVictorOpsRepeatsItself(t *testing.T) {
	d := toolDesk(t)
	const acked, unacked = `,"STATE.CURRENT_ALERT_PHASE":"ACKED","STATE.ACKED_BY":"asha"`, `,"STATE.CURRENT_ALERT_PHASE":"UNACKED"`
	at := func(after time.Duration) string {
		return fmt.Sprintf(`,"STATE.LAST_TIMESTAMP":%d`, now.Add(after).UnixMilli())
	}
	post := func(fields string, inputs int) {
		t.Helper()
		require.Equal(t, http.StatusNoContent, fromVictorOps(t, d, fields))
		require.Len(t, d.inputs, inputs)
	}
	post(acked+at(0), 1)
	post(acked+at(0), 1)
	d.open[0].Owner, d.open[0].Via = "asha", incident.WayVictorOps
	post(unacked+at(time.Minute), 2)
	d.open[0].Ownership = incident.Ownership{}
	post(acked+at(time.Second), 2)
	post(acked, 3)
}
