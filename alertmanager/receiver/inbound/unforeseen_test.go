package inbound

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// unforeseen are values that a sender may put in the place of any other.
func unforeseen() []any {
	return []any{nil, 7, "17", true, "", []any{}, []any{nil, "x", map[string]any{"a": 1}}, map[string]any{}, map[string]any{"name": []any{1}}, "\u0000\u202eÄ€𝄞\ufffd", strings.Repeat("long ", 1_000)}
}

// changed calls found with the document in which one value after the other is
// another one, or is not there.
func changed(v any, found func()) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range sortedKeys(v) {
			before := v[key]
			for _, value := range unforeseen() {
				v[key] = value
				found()
			}
			delete(v, key)
			found()
			v[key] = before
			changed(before, found)
		}
	case []any:
		for n, before := range v {
			for _, value := range unforeseen() {
				v[n] = value
				found()
			}
			v[n] = before
			changed(before, found)
		}
	}
}

// Whatever stands in the place of whatever: the handler never fails, and
// somebody hears of each post.
func TestWhatNobodyForesaw(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			g := newGate(t)
			body, err := os.ReadFile(path)
			require.NoError(t, err)
			document, err := decode(body)
			require.NoError(t, err)
			source, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(path), ".json"), "-")
			changed(document, func() { g.someoneHears(source, document) })
		})
	}
}

// someoneHears posts a document, and looks at what becomes of it.
func (g *gate) someoneHears(source string, document any) {
	text, err := json.Marshal(document)
	require.NoError(g.t, err)
	g.sink.messages = nil
	var events []Event
	if source == "cloudwatch" { // its signature is checked elsewhere
		source = "aws"
		events = readCloudWatch(g.catalog.Inbound[source].CloudWatch, snsMessage{Message: string(text), MessageID: "m", TopicArn: "arn:aws:sns:eu-west-2:123456789012:alarms"})
	} else {
		code, answer := g.post("/api/v1/inbound/"+source+"?token=hunter2", string(text))
		require.Contains(g.t, []int{200, 400}, code, "%s\n%s", answer, text)
		if source == "json" && code == 200 && answer == "nothing" {
			return // a list without alerts says nothing
		}
		require.Len(g.t, g.sink.messages, 1, "%s\n%.2000s", answer, text)
		events = g.sink.messages[0].Events
	}
	require.NotEmpty(g.t, events, "%.2000s", text)
	for _, e := range events {
		labels, annotations := Label(g.catalog, g.catalog.Inbound[source], e)
		require.NotEmpty(g.t, e.Key)
		require.NotEmpty(g.t, labels["team"])
		require.NotEmpty(g.t, labels["rule"])
		require.NotEmpty(g.t, annotations["summary"])
		require.Contains(g.t, []string{"critical", "warning", "info"}, labels["severity"])
		for _, value := range labels {
			require.LessOrEqual(g.t, len(value), maxLine+len("…"))
		}
		for _, value := range annotations {
			require.LessOrEqual(g.t, len(value), maxText+len("…"))
		}
	}
}

// One alert that cannot be read does not take the others of its post along.
func TestOneOfSeveralCannotBeRead(t *testing.T) {
	g := newGate(t)
	code, text := g.post("/api/v1/inbound/grafana?token=hunter2", "\xEF\xBB\xBF"+`{"alerts": [null, {"status": "firing", "labels": {"alertname": "Queue grows"}}, {}]}`)
	require.Equal(t, 400, code)
	require.Equal(t, "alerts[0] has neither a fingerprint nor labels\nalerts[2] has neither a fingerprint nor labels", text)
	var titles []string
	for _, e := range g.sink.messages[0].Events {
		titles = append(titles, e.Title)
	}
	require.Equal(t, []string{"Queue grows", "Unreadable message"}, titles)
}

// TestAStateThatNobodyKnows: only OK ends an alarm, however it is written.
func TestAStateThatNobodyKnows(t *testing.T) {
	c, err := catalog.Load("testdata/catalogue.yml")
	require.NoError(t, err)
	for state, ended := range map[string]bool{"OK": true, "ok": true, "ALARM": false, "Alarm": false, "SUPPRESSED": false, "7": false} {
		_, events := readBy(t, c, "cloudwatch", []byte(`{"AlarmName":"cpu","NewStateValue":"`+state+`"}`))
		require.Equal(t, ended, events[0].Ended, state)
		require.True(t, events[1].Ended, "%s says that there are data", state)
	}
	_, events := readBy(t, c, "cloudwatch", []byte(`{"AlarmName":"cpu","NewStateValue":"SUPPRESSED"}`))
	require.Contains(t, events[0].Detail, "The state is SUPPRESSED, which Tocsin takes for an alarm.")
}

// TestACompositeAlarm: the service that claims what set it off has it.
func TestACompositeAlarm(t *testing.T) {
	c, err := catalog.Load("testdata/catalogue.yml")
	require.NoError(t, err)
	c.Services["shop"].AlertsFrom = []catalog.AlertMatch{{Resource: "*:alarm:shop-*"}}
	in, events := readBy(t, c, "cloudwatch", []byte(`{"AlarmName":"all","AlarmArn":"arn:aws:cloudwatch:eu-west-2:1:alarm:all","NewStateValue":"ALARM","AlarmRule":"ALARM(shop-5xx)",
		"TriggeringChildren":[{"Arn":"arn:aws:cloudwatch:eu-west-2:1:alarm:shop-5xx"}, null, "x"]}`))
	labels, _ := Label(c, in, events[0])
	require.Equal(t, "shop", labels["service"])
}

// TestThePlaceOfTheAlertsIsMissing: a sender that has changed its form is not
// one that has nothing to tell.
func TestThePlaceOfTheAlertsIsMissing(t *testing.T) {
	const missing = `there is nothing at alerts: "$.data.items" (want a list, which may be empty)`
	for body, want := range map[string]string{
		`{"data":{"items":[]}}`: "", `{"data":{"items":null}}`: "", `{"data":{"alerts":[]}}`: missing, `{"id":7}`: missing, `{"data":[]}`: missing, `null`: missing,
	} {
		events, err := readJSON(&catalog.JSONInbound{Alerts: "$.data.items", Key: "{{$.id}}"}, []byte(body))
		require.Empty(t, events)
		if want == "" {
			require.NoError(t, err, body)
		} else {
			require.EqualError(t, err, want, body)
		}
	}
	events, err := readJSON(&catalog.JSONInbound{Alerts: "$.items[?(@.bad == true)]", Key: "{{$.id}}"}, []byte(`{"items":[{"id":1,"bad":false}]}`))
	require.NoError(t, err, "a filter that lets nothing through is no mistake")
	require.Empty(t, events)
}
