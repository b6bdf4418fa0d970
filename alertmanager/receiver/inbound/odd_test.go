package inbound

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// packed is text as gzip.
func packed(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func TestPackedBodies(t *testing.T) {
	const grafana = "/api/v1/inbound/grafana?token=hunter2"
	whole := packed(t, newGate(t).file("grafana.json"))
	for name, c := range map[string]struct {
		encoding, body string
		code           int
		events         int
		text           string
	}{
		"gzip":                {"gzip", whole, 200, 2, "stored"},
		"its old name":        {" X-GZIP ", whole, 200, 2, "stored"},
		"a broken one":        {"gzip", whole[:len(whole)/2], 400, 1, "the body cannot be unpacked: unexpected EOF"},
		"not packed":          {"gzip", "{}", 400, 1, "the body cannot be unpacked: "},
		"packed with another": {"br", whole, 400, 1, `Content-Encoding is "br", want gzip or none`},
		"a bomb":              {"gzip", packed(t, `{"alerts":[`+strings.Repeat(" ", 64<<20)), 400, 1, "the body is longer than 1024 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGate(t)
			code, text := g.post("/api/v1/inbound/grafana", c.body, "Content-Encoding", c.encoding)
			require.Equal(t, 401, code, "who sends is to be proved first: %s", text)
			code, text = g.post(grafana, c.body, "Content-Encoding", c.encoding)
			require.Equal(t, c.code, code)
			require.Contains(t, text, c.text)
			require.Len(t, g.sink.messages[0].Events, c.events)
		})
	}
}

// What follows a JSON value is an alert too, or is told of.
func TestSeveralValuesInOneBody(t *testing.T) {
	g := newGate(t)
	one := strings.ReplaceAll(g.file("json.json"), "\n", " ") + "\n"
	code, text := g.post("/api/v1/inbound/grafana?token=hunter2", g.file("grafana.json")+g.file("grafana.json"))
	require.Equal(t, 400, code)
	require.Equal(t, "the body is not JSON: it is 2 JSON values, want one", text)
	require.Len(t, g.sink.messages[0].Events, 1)

	g.sink.messages = nil
	code, _ = g.post("/api/v1/inbound/json?token=hunter2", one)
	require.Equal(t, 200, code)
	alone := len(g.sink.messages[0].Events)
	g.sink.messages = nil
	code, _ = g.post("/api/v1/inbound/json?token=hunter2", one+one)
	require.Equal(t, 200, code)
	require.Len(t, g.sink.messages[0].Events, 2*alone)
	g.sink.messages = nil
	code, text = g.post("/api/v1/inbound/json?token=hunter2", one+"x")
	require.Equal(t, 400, code)
	require.Contains(t, text, "the body is not JSON: invalid character")
	require.Len(t, g.sink.messages[0].Events, alone+1, "what could be read counts all the same")
}

// Two alerts of one key in one message: both are heard of, and so is the
// mistake.
func TestAlertsOfOneKey(t *testing.T) {
	const path = "/api/v1/inbound/json?token=hunter2"
	event := func(host, level, status string) string {
		return `{"id": 1, "trigger": {"name": "Full"}, "service": "` + host + `", "host": "` + host + `", "level": "` + level + `", "status": "` + status + `"}`
	}
	post := func(g *gate, events ...string) (int, string, []string) {
		g.sink.messages = nil
		code, text := g.post(path, `{"events": [`+strings.Join(events, ", ")+`]}`)
		var heard []string
		for _, e := range g.sink.messages[0].Events {
			labels, _ := Label(g.catalog, g.catalog.Inbound["json"], e)
			state := map[bool]string{true: " ended", false: ""}[e.Ended]
			heard = append(heard, strings.Join(strings.Fields(strings.ReplaceAll(e.Key, "\n", "/")+" "+labels["service"]+state), " "))
		}
		return code, text, heard
	}
	g := newGate(t)
	code, text, heard := post(g, event("db-1", "Average", "PROBLEM"), event("web", "Average", "PROBLEM"))
	require.Equal(t, 400, code)
	require.Equal(t, `"Full" of "" has the key "1", as "Full" of "database" has in the same message: make the key of inbound.json say more`, text)
	require.Equal(t, []string{"1 database", "1//Full", "unreadable"}, heard)

	code, _, heard = post(g, event("db-1", "Average", "OK"), event("web", "Average", "OK"))
	require.Equal(t, 200, code)
	require.Equal(t, []string{"1 database ended", "1 ended", "1//Full ended"}, heard, "each end finds what began")

	code, _, heard = post(g, event("db-1", "Average", "PROBLEM"), event("db-2", "Disaster", "PROBLEM"))
	require.Equal(t, 200, code, "of one service and one rule they are one alert")
	require.Equal(t, []string{"1 database", "1 database"}, heard)
}

// A message of SNS that was changed after it was signed is refused, whatever
// was changed and in whichever version it is signed.
func TestEverySignedFieldOfSNS(t *testing.T) {
	const path = "/api/v1/inbound/aws"
	for _, version := range []string{"1", "2"} {
		for kind, fresh := range map[string]func() map[string]string{
			"notification": func() map[string]string { return notification("{}") }, "subscription": subscription,
		} {
			for field := range fresh() {
				if field == "UnsubscribeURL" || kind == "subscription" && field == "Subject" {
					continue // of these nothing is taken
				}
				g := newGate(t)
				m := g.amazon.sign(t, fresh(), version)
				m[field] += " "
				code, text := g.post(path, encode(t, m))
				require.Equal(t, 403, code, "%s %s %s: %s", version, kind, field, text)
				require.Empty(t, g.sink.messages)
				require.LessOrEqual(t, len(g.amazon.asked), 1, "nothing is confirmed")
			}
			g := newGate(t)
			m := g.amazon.sign(t, fresh(), version)
			m["SignatureVersion"] = map[string]string{"1": "2", "2": "1"}[version]
			code, _ := g.post(path, encode(t, m))
			require.Equal(t, 403, code, "signed in another version")
		}
	}
}

// The text that SNS signs is the same when a line is moved from one field into
// the one before: a message that was seen once would come as a new one.
func TestALineMovedBetweenFieldsOfSNS(t *testing.T) {
	g := newGate(t)
	m := g.amazon.sign(t, notification("{}"), "2")
	code, _ := g.post("/api/v1/inbound/aws", encode(t, m))
	require.Equal(t, 200, code)
	m["MessageId"] += "\nSubject\n" + m["Subject"]
	delete(m, "Subject")
	code, text := g.post("/api/v1/inbound/aws", encode(t, m))
	require.Equal(t, 403, code)
	require.Contains(t, text, "a line ends where none can")
	require.Len(t, g.sink.messages, 1)
}
