package render_test

import (
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/alertmanager/types"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/render"
	"github.com/tocsin-monitoring/tocsin/alertmanager/templates"
)

func writeTemplates(t *testing.T, dir string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o755))
	names, err := fs.Glob(templates.Files, "*.tmpl")
	require.NoError(t, err)
	for _, name := range names {
		text, err := fs.ReadFile(templates.Files, name)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o644))
	}
}

// down is an outage as the rules tell it.
func down() *types.Alert {
	return &types.Alert{Alert: model.Alert{
		Labels: model.LabelSet{"alertname": "ServiceDown", "service": "find-a-school", "team": "schools", "severity": "critical", "audience": "users"},
		Annotations: model.LabelSet{
			"summary":       "find-a-school is down",
			"impact":        "Users cannot use find-a-school.",
			"description":   "Probe home fails in 2 of 2 locations (dublin, london), mostly for the reason \"status\". Likely cause: postgres, on which it depends, is down.",
			"runbook_url":   "https://wiki.example.org/find-a-school?page=1&part=2",
			"dashboard_url": "https://grafana.example.org/d/tocsin-service?var-service=find-a-school",
		},
		StartsAt: time.Date(2026, 11, 20, 14, 3, 27, 0, time.FixedZone("CET", 3600)),
	}}
}

func failing(probe string) *types.Alert {
	a := down()
	a.Labels = a.Labels.Clone()
	a.Labels["alertname"], a.Labels["severity"], a.Labels["probe"] = "JourneyFailing", "warning", model.LabelValue(probe)
	a.Annotations = a.Annotations.Clone()
	a.Annotations["summary"] = model.LabelValue("find-a-school is degraded: " + probe + " fails")
	a.Annotations["impact"] = model.LabelValue("What the probe " + probe + " tries does not work for users of find-a-school; the rest may.")
	a.Annotations["description"] = "It fails at POST /login, mostly for the reason \"status\". A journey fails when most of the locations that can see say so."
	return a
}

func over(a *types.Alert) *types.Alert {
	a.EndsAt = a.StartsAt.Add(12*time.Minute + 3*time.Second + 500*time.Millisecond)
	return a
}

// attack is an alert whose every text tries to be more than text.
func attack() *types.Alert {
	a := down()
	evil := model.LabelValue("</p><script>alert(1)</script><!channel> <https://evil.example|click> [click](https://evil.example) {{ .ExternalURL }}\r\nBcc: victim@example.org")
	a.Labels = model.LabelSet{"alertname": "ServiceDown", "service": evil, "team": evil, "severity": "critical", "audience": "users"}
	for name := range a.Annotations {
		a.Annotations[name] = evil
	}
	a.Annotations["runbook_url"] = "javascript:alert(1)"
	a.Annotations["dashboard_url"] = `https://example.org/"><script>|x`
	return a
}

// drill is an exercise, of which every message says so first.
func drill() *types.Alert {
	return &types.Alert{Alert: model.Alert{
		Labels: model.LabelSet{"alertname": "TocsinDrill", "service": "find-a-school", "team": "schools", "severity": "critical", "audience": "users"},
		Annotations: model.LabelSet{
			"summary": "Drill: nothing is wrong with find-a-school", "impact": "Nobody notices anything: this is a drill.",
			"description": "asha started an exercise (tocsin drill). Acknowledge it; it ends by itself.",
		},
		StartsAt: down().StartsAt,
	}}
}

// foreign is an alert of somebody else's rule, without our annotations.
func foreign() *types.Alert {
	return &types.Alert{Alert: model.Alert{Labels: model.LabelSet{"alertname": "NodeDown", "team": "schools"}, StartsAt: down().StartsAt}}
}

func groups() map[string][]*types.Alert {
	return map[string][]*types.Alert{
		"down":    {down()},
		"over":    {over(down())},
		"several": {failing("login"), failing("search"), over(failing("apply"))},
		"attack":  {attack()},
		"drill":   {drill()},
		"foreign": {foreign()},
	}
}

// message is every text of one message, as each channel of a team gets it.
type message struct{ subject, text, html, slack, teams string }

func messages(t *testing.T, alerts []*types.Alert, configuration []byte, receiver string) message {
	t.Helper()
	dir := filepath.Join(t.TempDir(), render.Templates)
	writeTemplates(t, dir)
	loaded, err := config.Load(string(configuration))
	require.NoError(t, err)
	texts, err := template.FromGlobs([]string{filepath.Join(dir, "tocsin-*.tmpl")})
	require.NoError(t, err)
	texts.ExternalURL = &url.URL{Scheme: "http", Host: "alertmanager.example.org"}
	to := byName(loaded, receiver)
	data := texts.Data(to.Name, model.LabelSet{"service": alerts[0].Labels["service"]}, alerts...)
	expand := func(do func(string, any) (string, error), text string) string {
		out, err := do(text, data)
		require.NoError(t, err)
		return out
	}
	plain, html := texts.ExecuteTextString, texts.ExecuteHTMLString
	mail, slack := to.EmailConfigs[0], to.SlackConfigs[0]
	chat := loaded.Receivers[0]
	for _, candidate := range loaded.Receivers {
		if len(candidate.MSTeamsV2Configs) > 0 {
			chat = candidate
		}
	}
	card := chat.MSTeamsV2Configs[0]
	return message{
		subject: expand(plain, mail.Headers["Subject"]),
		text:    expand(plain, mail.Text),
		html:    expand(html, mail.HTML),
		slack: strings.Join([]string{
			"color: " + expand(plain, slack.Color), "title: " + expand(plain, slack.Title), "title_link: " + expand(plain, slack.TitleLink),
			"fallback: " + expand(plain, slack.Fallback), "footer: " + expand(plain, slack.Footer), "", expand(plain, slack.Text),
		}, "\n"),
		teams: expand(plain, card.Title) + "\n\n" + expand(plain, card.Text),
	}
}

func TestTextsOfMessages(t *testing.T) {
	configuration, err := render.Config(ministry(), options())
	require.NoError(t, err)
	for name, alerts := range groups() {
		t.Run(name, func(t *testing.T) {
			got := messages(t, alerts, configuration, "tocsin/team/schools")
			golden(t, name+".mail.txt", "Subject: "+got.subject+"\n\n"+got.text)
			golden(t, name+".mail.html", got.html)
			golden(t, name+".slack.txt", got.slack)
			golden(t, name+".teams.md", got.teams)
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "texts", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// What must be there on a phone, before anything is opened.
func TestWhatAPhoneShows(t *testing.T) {
	configuration, err := render.Config(ministry(), options())
	require.NoError(t, err)
	got := messages(t, groups()["down"], configuration, "tocsin/team/schools")
	require.Equal(t, "CRITICAL: find-a-school is down", got.subject)
	for _, body := range []string{got.text, got.html} {
		for _, want := range []string{
			"Users cannot use find-a-school.", "Fri 20 Nov 13:03 UTC", "Likely cause: postgres", "https://wiki.example.org/find-a-school?page=1&", "https://grafana.example.org/d/tocsin-service?var-service=find-a-school",
			"https://tocsin.example.gov.uk", "team schools",
		} {
			require.Contains(t, body, want)
		}
	}
	require.True(t, strings.HasPrefix(got.text, "Users cannot use find-a-school.\n"))
	require.Equal(t, "Over: find-a-school is down", messages(t, groups()["over"], configuration, "tocsin/team/schools").subject)
}

func TestTextsEscape(t *testing.T) {
	configuration, err := render.Config(ministry(), options())
	require.NoError(t, err)
	got := messages(t, groups()["attack"], configuration, "tocsin/team/schools")
	require.NotContains(t, got.html, "<script>")
	require.NotContains(t, got.html+got.slack+got.teams, "javascript:")
	require.NotContains(t, got.subject, "\n")
	require.NotContains(t, got.slack, "<!channel")
	require.NotContains(t, got.slack, "<https://evil.example")
	require.NotContains(t, got.teams, "[click](")
	require.NotContains(t, got.html+got.text+got.slack+got.teams, "http://alertmanager.example.org", "no text of an alert is a template")
}

func TestTrialSaysSo(t *testing.T) {
	configuration, err := render.Shadow(ministry(), "ann@example.org", options())
	require.NoError(t, err)
	loaded, err := config.Load(string(configuration))
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), render.Templates)
	writeTemplates(t, dir)
	texts, err := template.FromGlobs([]string{filepath.Join(dir, "*.tmpl")})
	require.NoError(t, err)
	texts.ExternalURL = &url.URL{}
	subject, err := texts.ExecuteTextString(byName(loaded, "tocsin/shadow").EmailConfigs[0].Headers["Subject"], texts.Data("x", nil, down()))
	require.NoError(t, err)
	require.Equal(t, "[trial] CRITICAL: find-a-school is down", subject)
}
