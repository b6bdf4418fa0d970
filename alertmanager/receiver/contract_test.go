package receiver_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/notify"
	amwebhook "github.com/prometheus/alertmanager/notify/webhook"
	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/alertmanager/types"
	commonconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// alertmanager is the real notifier of the pinned version.
func alertmanager(t *testing.T, target string, most uint64, token string) func(...*types.Alert) (retry bool, err error) {
	t.Helper()
	texts, err := template.FromGlobs(nil)
	require.NoError(t, err)
	texts.ExternalURL, err = url.Parse("http://alertmanager.example.org")
	require.NoError(t, err)
	client := commonconfig.DefaultHTTPClientConfig
	client.Authorization = &commonconfig.Authorization{Type: "Bearer", Credentials: commonconfig.Secret(token)}
	notifier, err := amwebhook.New(&config.WebhookConfig{URL: config.SecretTemplateURL(target), MaxAlerts: most, HTTPConfig: &client}, texts, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return func(alerts ...*types.Alert) (bool, error) {
		ctx := notify.WithGroupKey(context.Background(), `{}/{team="shop"}:{service="shop"}`)
		ctx = notify.WithReceiverName(ctx, "team-x.sms")
		ctx = notify.WithGroupLabels(ctx, model.LabelSet{"service": "shop"})
		return notifier.Notify(ctx, alerts...)
	}
}

func occurrence(name string, from, to time.Time) *types.Alert {
	return &types.Alert{Alert: model.Alert{
		Labels: model.LabelSet{
			"alertname": model.LabelValue(name), "service": "shop", "team": "shop", "severity": "critical", "audience": "users",
		},
		Annotations: model.LabelSet{"summary": model.LabelValue("shop has " + name)},
		StartsAt:    from, EndsAt: to,
	}}
}

func TestContractWithAlertmanager(t *testing.T) {
	now := time.Now()
	for _, path := range []string{"/api/v1/alertmanager", "/api/v1/alertmanager/"} {
		t.Run("a life "+path, func(t *testing.T) {
			h := newHouse(t)
			send := alertmanager(t, h.url+path, 0, "secret")
			_, err := send(occurrence("ServiceDown", now.Add(-time.Minute), time.Time{}))
			require.NoError(t, err)
			i := h.settled(1, incident.Incident.Open)
			require.Equal(t, incident.SeverityCritical, i.Severity)
			require.WithinDuration(t, now.Add(-time.Minute), i.Began(), time.Millisecond)
			_, err = send(occurrence("ServiceDown", now.Add(-time.Minute), now.Add(-time.Second)))
			require.NoError(t, err)
			h.settled(1, func(i incident.Incident) bool { return !i.Open() })
		})
	}
	t.Run("max_alerts does not close what it hides", func(t *testing.T) {
		h := newHouse(t)
		_, err := alertmanager(t, h.url+"/api/v1/alertmanager", 0, "secret")(
			occurrence("A", now.Add(-time.Minute), time.Time{}), occurrence("B", now.Add(-time.Minute), time.Time{}))
		require.NoError(t, err)
		h.settled(1, func(i incident.Incident) bool { return len(i.Firing()) == 2 })
		_, err = alertmanager(t, h.url+"/api/v1/alertmanager", 1, "secret")(
			occurrence("A", now.Add(-time.Minute), now.Add(-time.Second)), occurrence("B", now.Add(-time.Minute), time.Time{}))
		require.NoError(t, err)
		i := h.settled(1, func(i incident.Incident) bool { return i.Unseen() == 1 })
		require.True(t, i.Open())
	})
	t.Run("what cannot be stored comes again", func(t *testing.T) {
		h := newHouse(t)
		require.NoError(t, h.store.Close())
		retry, err := alertmanager(t, h.url+"/api/v1/alertmanager", 0, "secret")(occurrence("A", now, time.Time{}))
		require.Error(t, err)
		require.True(t, retry)
	})
	t.Run("a wrong token is an error that is seen", func(t *testing.T) {
		h := newHouse(t)
		retry, err := alertmanager(t, h.url+"/api/v1/alertmanager", 0, "wrong")(occurrence("A", now, time.Time{}))
		require.Error(t, err)
		require.False(t, retry, "Alertmanager gives up until the next flush")
	})
	t.Run("a redirect elsewhere arrives as a GET and is refused", func(t *testing.T) {
		h := newHouse(t)
		elsewhere := httptest.NewServer(http.RedirectHandler(h.url+"/api/v1/alertmanager", http.StatusFound))
		defer elsewhere.Close()
		_, err := alertmanager(t, elsewhere.URL, 0, "secret")(occurrence("A", now, time.Time{}))
		require.ErrorContains(t, err, "405")
	})
}
