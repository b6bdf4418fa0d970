package render_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/notify/msteamsv2"
	"github.com/prometheus/alertmanager/notify/slack"
	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/alertmanager/types"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/render"
)

// posted has Alertmanager's own senders post a group of alerts to a chat, by
// the rendered configuration, and gives what arrived.
func posted(t *testing.T, alerts []*types.Alert) (teams, slacked []byte) {
	t.Helper()
	got := map[string][]byte{}
	chat := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		got[r.URL.Path] = body
		_, _ = io.WriteString(w, "ok")
	}))
	defer chat.Close()
	folder := t.TempDir()
	for _, name := range []string{"teams", "slack"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(chat.URL+"/"+name+"\n"), 0o600))
	}
	c := ministry()
	c.Teams["apply"].Channels.Teams.WebhookFile = filepath.Join(folder, "teams")
	c.Teams["apply"].Channels.Slack.WebhookFile = filepath.Join(folder, "slack")
	text, err := render.Config(c, options())
	require.NoError(t, err)
	loaded, err := config.Load(string(text))
	require.NoError(t, err)
	writeTemplates(t, filepath.Join(folder, render.Templates))
	texts, err := template.FromGlobs([]string{filepath.Join(folder, render.Templates, "tocsin-*.tmpl")})
	require.NoError(t, err)
	texts.ExternalURL = &url.URL{Scheme: "http", Host: "alertmanager.example.org"}

	to := byName(loaded, "tocsin/team/apply")
	ctx := notify.WithGroupKey(t.Context(), "group")
	ctx = notify.WithReceiverName(notify.WithGroupLabels(ctx, model.LabelSet{}), to.Name)
	byTeams, err := msteamsv2.New(to.MSTeamsV2Configs[0], texts, promslog.NewNopLogger())
	require.NoError(t, err)
	bySlack, err := slack.New(to.SlackConfigs[0], texts, promslog.NewNopLogger())
	require.NoError(t, err)
	for _, sender := range []notify.Notifier{byTeams, bySlack} {
		_, err := sender.Notify(ctx, alerts...)
		require.NoError(t, err)
	}
	return got["/teams"], got["/slack"]
}

// TestAlertmanagersOwnSendersPostToChats as they do in service.
func TestAlertmanagersOwnSendersPostToChats(t *testing.T) {
	teams, slacked := posted(t, []*types.Alert{down()})
	var card struct {
		Attachments []struct {
			Content struct {
				Type string
				Body []struct{ Text, Style string }
			}
		}
	}
	require.NoError(t, json.Unmarshal(teams, &card))
	body := card.Attachments[0].Content.Body
	require.Equal(t, "AdaptiveCard heading", card.Attachments[0].Content.Type+" "+body[0].Style)
	require.Equal(t, "CRITICAL: find-a-school is down", body[0].Text)
	require.Contains(t, body[1].Text, "[Runbook](https://wiki.example.org/find-a-school?page=1&part=2)")
	require.Contains(t, body[1].Text, "Users cannot use find-a-school.")
	require.Contains(t, string(slacked), "CRITICAL: find-a-school is down")
}

// TestAStormFitsIntoAChat: Teams refuses a message above 28 KB, and the alert
// would be lost to the channel.
func TestAStormFitsIntoAChat(t *testing.T) {
	var storm []*types.Alert
	for n := range 500 {
		a := failing(fmt.Sprint("probe", n))
		for _, name := range []model.LabelName{"summary", "impact", "description"} {
			a.Annotations[name] += model.LabelValue(strings.Repeat(" и долго", 200))
		}
		a.Annotations["runbook_url"] = model.LabelValue("https://example.org/" + strings.Repeat("x", 5000))
		if n%2 == 1 {
			over(a)
		}
		storm = append(storm, a)
	}
	teams, slacked := posted(t, storm)
	require.Less(t, len(teams), 28<<10)
	require.Less(t, len(slacked), 40<<10)
	require.Contains(t, string(teams), "The first 8 of 250 that fire are shown.")
	require.Contains(t, string(slacked), "The first 4 of 250 that are over are shown.")
}
