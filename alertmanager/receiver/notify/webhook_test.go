package notify_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

// template writes one and gives its path.
func templateFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hook.tmpl")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestATemplateIsFilledInBeforeItIsNeeded(t *testing.T) {
	for _, c := range []struct{ name, text, contentType, want string }{
		{"good", `{"text": {{json .Subject}}, "since": {{json .Incident.Began}}}`, "", ""},
		{"no JSON that is none", "{{.Subject}}\n{{range .Alerts}}{{.Summary}}{{end}}", "text/plain; charset=utf-8", ""},
		{"over its lines", "{{define \"x\"}}[{{json .Name}}]{{end}}{{range .Alerts}}{{template \"x\" .}}{{else}}[]{{end}}", "application/vnd.x+json", ""},
		{"a misspelled field", `{"text": {{json .Subjects}}}`, "", "can't evaluate field Subjects"},
		{"an open brace", `{{json .Subject}`, "", "bad character"},
		{"an unknown function", `{{toJson .Subject}}`, "", `function "toJson" not defined`},
		{"quotes in place of json", `{"text": "{{.Incident.Summary}}"}`, "", "it gives no JSON where a text has quotes or line ends"},
		{"nothing at the end", `{{if ne .Incident.State "closed"}}{{json .}}{{end}}`, "", "it gives an empty body"},
		{"far too much", `{{printf "%0600000d" 1}}`, "text/plain", "it gives 600000 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := notify.CheckWebhookTemplate(templateFile(t, c.text), c.contentType)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
		})
	}
	require.NoError(t, notify.CheckWebhookTemplate("", ""), "the body without a template")
	require.ErrorIs(t, notify.CheckWebhookTemplate("nowhere", ""), os.ErrNotExist)
}

// webhookTo opens a webhook's channel for the settings behind its address.
func webhookTo(t *testing.T, p *toolServer, settings string) notify.Channel {
	t.Helper()
	p.channel = "webhook: {" + settings + "}"
	p.answer(p.good)
	return channels(t, p)[incident.WayWebhook]
}

func TestTheBodyOfATemplate(t *testing.T) {
	p := newWebhookServer(t)
	p.take = func(r *http.Request, _ []byte) int {
		require.Equal(t, "text/plain", r.Header.Get("Content-Type"))
		require.Equal(t, "page", r.Header.Get("X-Tocsin-Event"))
		require.NotEmpty(t, r.Header.Get("X-Tocsin-Message"))
		require.Empty(t, r.Header.Get("X-Tocsin-Signature"), "without a secret nothing is signed")
		return 0
	}
	channel := webhookTo(t, p, "url: 'URL', content_type: text/plain, template_file: '"+templateFile(t, "{{.Incident.Severity}} {{.Incident.State}}: {{.Incident.Summary}}\n")+"'")
	_, err := channel.Send(t.Context(), message(kind(t, incident.WayWebhook)))
	require.NoError(t, err)
	require.Equal(t, "critical open: shop is down\n", p.taken())
}

// A text of an alert that breaks the template's JSON breaks nothing else.
func TestABodyThatIsNoJSONIsNotSent(t *testing.T) {
	p := newWebhookServer(t)
	channel := webhookTo(t, p, `url: 'URL', template_file: '`+templateFile(t, `{"severity": {{.Incident.Severity | printf "%q"}}, "dependency": {{range .Alerts}}{{with index .Labels "dependency"}}{{.}}{{else}}null{{end}}{{else}}null{{end}}}`)+`'`)
	_, err := channel.Send(t.Context(), message(kind(t, incident.WayWebhook)))
	require.ErrorContains(t, err, "no JSON")
	require.True(t, notify.IsPermanent(err))
	require.Empty(t, p.got())
}

// Both secrets sign while one is changed.
func TestAWebhooksSecretIsChanged(t *testing.T) {
	p := newWebhookServer(t)
	secrets := templateFile(t, "n3xt\n"+secret+"\n")
	checked := false
	p.take = func(r *http.Request, _ []byte) int {
		first, second, both := strings.Cut(r.Header.Get("X-Tocsin-Signature"), ",")
		checked = both && strings.HasPrefix(first, "v1=") && strings.HasPrefix(second, "v1=") && first != second
		return 0
	}
	_, err := webhookTo(t, p, "url: 'URL', secret_file: '"+secrets+"'").Send(t.Context(), message(kind(t, incident.WayWebhook)))
	require.NoError(t, err)
	require.True(t, checked)
}

func TestAWebhooksAddressInAFile(t *testing.T) {
	p := newWebhookServer(t)
	p.take = func(*http.Request, []byte) int { return 0 }
	_, err := webhookTo(t, p, "url_file: '"+templateFile(t, p.url+"/x\n")+"'").Send(t.Context(), message(kind(t, incident.WayWebhook)))
	require.NoError(t, err)
	require.Len(t, p.got(), 1)
}

func TestTheStatesOfAWebhook(t *testing.T) {
	p := newWebhookServer(t)
	p.answer(p.good)
	channel := channels(t, p)[incident.WayWebhook]
	for _, c := range []struct {
		state  string
		change func(*notify.Message)
	}{
		{"open", func(*notify.Message) {}},
		{"acknowledged", func(m *notify.Message) { m.Incident.Owner, m.Owner = "asha", "Asha Rao" }},
		{"closed", func(m *notify.Message) { m.Incident.Closed = m.At }},
	} {
		m := message(kind(t, incident.WayWebhook))
		c.change(&m)
		_, err := channel.Send(t.Context(), m)
		require.NoError(t, err)
		var data notify.WebhookData
		require.NoError(t, json.Unmarshal([]byte(p.got()[len(p.got())-1]), &data))
		require.Equal(t, c.state, data.Incident.State)
		require.Equal(t, c.state != "closed", data.Incident.Closed.IsZero())
		require.Equal(t, m.Owner, data.Incident.Owner)
		require.Len(t, data.Alerts, 1)
	}
}
