package callback_test

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

// The payload that the document has people paste, as it comes when its
// variables are filled in.
func TestTheDocumentsPayloadIsUnderstood(t *testing.T) {
	text, err := os.ReadFile("../../../docs/tools.md")
	require.NoError(t, err)
	payload := regexp.MustCompile("(?s)```json\n(\\{.*?STATE.*?)```").FindStringSubmatch(string(text))
	require.NotNil(t, payload)
	d := toolDesk(t)
	body := strings.NewReplacer(
		"${{STATE.ENTITY_ID}}", notify.IncidentKey(d.open[0]), "${{STATE.CURRENT_ALERT_PHASE}}", "ACKED", "${{STATE.ACK_USER}}", "asha",
		"${{STATE.ACK_MSG}}", "", "${{STATE.ACKED_BY}}", "", "${{STATE.LAST_TIMESTAMP}}", "1795471900000",
	).Replace(payload[1])
	code, _ := answered(t, d, "/callback/victorops/t", map[string]string{"Authorization": "Bearer " + secret}, body)
	require.Equal(t, http.StatusNoContent, code)
	require.Equal(t, []incident.Input{incident.Acknowledge{Incident: 3, Person: "asha", Via: incident.WayVictorOps}}, d.inputs)
}
