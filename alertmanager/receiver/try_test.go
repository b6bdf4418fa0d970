package receiver_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// try asks for test messages as tocsin notify test does.
func (h *house) try(person, token, body string, code int) []board.Tried {
	h.t.Helper()
	request, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, h.url+"/api/v1/people/"+person+"/test", strings.NewReader(body))
	require.NoError(h.t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	require.NoError(h.t, err)
	defer func() { _ = response.Body.Close() }()
	require.Equal(h.t, code, response.StatusCode)
	var answer struct {
		Tried []board.Tried `json:"tried"`
	}
	require.NoError(h.t, json.NewDecoder(response.Body).Decode(&answer))
	return answer.Tried
}

func TestATestMessageGoesByEveryWay(t *testing.T) {
	h := newWorks(t)
	tried := h.try("ben", "hush", `{"by": "asha"}`, 200)
	came := map[string]string{}
	for _, one := range tried {
		came[one.Way] = one.Problem
	}
	const none = "no channel or no address"
	require.Equal(t, map[string]string{"email": "", "push": "", "sms": none, "voice": none}, came)
	mail := h.mail("ben@example.org", 1)
	require.Equal(t, "TEST: Tocsin reaches you", mail.Subject)
	require.Contains(t, mail.Text, "asha asked for this test message. Nothing is broken, and there is nothing to do.")
	h.mail("push:ben", 1)
	require.Len(t, h.try("ben", "hush", `{"ways": ["push"], "by": "asha"}`, 200), 1)
	h.mail("push:ben", 2)
}

func TestWhoMayHaveTestMessagesSent(t *testing.T) {
	h := newWorks(t)
	h.try("ben", "guess", `{"by": "asha"}`, 401)
	h.try("bem", "hush", `{"by": "asha"}`, 400)
	h.try("ben", "hush", `{"ways": ["telex"], "by": "asha"}`, 400)
	require.Empty(t, h.inbox.Messages(""))
}

// A way whose provider is away says so, and the others go out.
func TestATestMessageThatFails(t *testing.T) {
	h := newWorks(t)
	written, err := os.ReadFile(filepath.Join(h.folder, "tocsin.yml"))
	require.NoError(t, err)
	h.write("tocsin.yml", strings.ReplaceAll(string(written), h.inbox.URL()+"/push", "http://127.0.0.1:1"))
	h.reload()
	for _, one := range h.try("ben", "hush", `{"by": "asha"}`, 200) {
		if one.Way == "push" {
			require.Contains(t, one.Problem, "refused")
			require.NotContains(t, one.Problem, "127.0.0.1:1/")
		}
	}
	h.mail("ben@example.org", 1)
}

// A drill pages as an outage does, and its messages say that it is none.
func TestADrillIsMarked(t *testing.T) {
	h := newHouse(t)
	exercise := h.firing("TocsinDrill", "critical", "users")
	exercise.Labels[incident.LabelDrill] = "d1"
	require.Equal(t, 200, h.post(exercise))
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	h.request(http.MethodGet, "/api/v1/incidents/1", "", 200, `"drill":true`)
	h.request(http.MethodGet, "/incidents/1", "", 200, "Drill: critical")
	h.request(http.MethodGet, "/api/v1/incidents/2", "", 200, "ServiceDown")
	h.mail("asha@example.org", 2)
	marked := 0
	for _, m := range h.inbox.Messages("asha@example.org") {
		if strings.HasPrefix(m.Subject, "DRILL – CRITICAL: ") {
			require.Contains(t, m.Text, "This is a drill: nothing is broken.")
			marked++
		}
	}
	require.Equal(t, 1, marked)
}
