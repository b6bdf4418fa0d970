package render_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/inhibit"
	"github.com/prometheus/alertmanager/provider"
	"github.com/prometheus/alertmanager/types"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/render"
)

// firing is a provider of alerts that fire all the while.
type firing struct {
	provider.Alerts
	alerts []*types.Alert
}

func (f firing) SlurpAndSubscribe(string) ([]*types.Alert, provider.AlertIterator) {
	return f.alerts, provider.NewAlertIterator(make(chan *provider.Alert), make(chan struct{}), nil)
}

func alert(text string) model.LabelSet {
	labels := model.LabelSet{}
	for i, value := range strings.Fields(text) {
		labels[[]model.LabelName{"alertname", "service", "severity", "audience", "probe", "dependency"}[i]] = model.LabelValue(value)
	}
	return labels
}

func TestInhibition(t *testing.T) {
	for _, test := range []struct{ name, fires, and, told string }{
		{"a service that is down is slow, too", "ServiceDown shop critical users", "ServiceSlow shop warning users", "no"},
		{"and its journeys fail", "ServiceDown shop critical users", "JourneyFailing shop warning users login", "no"},
		{"even gravely", "ServiceDown shop critical users", "JourneyFailing shop critical users login", "no"},
		{"and names the components that are down", "ServiceDown shop critical users", "ComponentDown shop warning users", "no"},
		{"which are told where the service only is degraded", "JourneyFailing shop warning users login", "ComponentDown shop warning users", "yes"},
		{"another service has its own faults", "ServiceDown shop critical users", "JourneyFailing forum warning users login", "yes"},
		{"two services that are down are two", "ServiceDown shop critical users", "ServiceDown forum critical users", "yes"},
		{"nothing silences its own kind", "ServiceDown shop critical users", "ServiceDown shop critical users", "yes"},
		{"an outage does not hide a full disk", "ServiceDown shop critical users", "DiskHigh shop warning developers", "yes"},
		{"nor the dependency that may explain it", "ServiceDown shop critical users", "DependencyDown shop warning users payments", "yes"},
		{"a dependency explains slowness", "DependencyDown shop warning users - payments", "ServiceSlow shop warning users", "no"},
		{"a dependency never hides an outage", "DependencyDown shop critical users - payments", "ServiceDown shop critical users", "yes"},
		{"nor a failing journey", "DependencyDown shop critical users - payments", "JourneyFailing shop warning users login", "yes"},
		{"nor slowness elsewhere", "DependencyDown shop warning users - payments", "ServiceSlow forum warning users", "yes"},
		{"nor what somebody made critical", "DependencyDown shop warning users - payments", "ServiceSlow shop critical users", "yes"},
		{"what goes to no channel silences nothing", "ServiceDown shop info users", "JourneyFailing shop warning users login", "yes"},
		{"the lesser does not silence the graver", "ServiceDown shop warning users", "JourneyFailing shop critical users login", "yes"},
		{"but its equal", "ServiceDown shop warning users", "JourneyFailing shop warning users login", "no"},
		{"slowness silences nothing", "ServiceSlow shop critical users", "JourneyFailing shop warning users login", "yes"},
		{"the watchdog is never silenced", "ServiceDown tocsin critical users", "TocsinWatchdog tocsin info platform", "yes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, err := render.Config(ministry(), options())
			require.NoError(t, err)
			source := &types.Alert{Alert: model.Alert{Labels: alert(test.fires), StartsAt: time.Now().Add(-time.Minute), EndsAt: time.Now().Add(time.Hour)}}
			inhibitor := inhibit.NewInhibitor(firing{alerts: []*types.Alert{source}}, newRouter(t, text).config.InhibitRules, types.NewMarker(prometheus.NewRegistry()), promslog.NewNopLogger())
			done := make(chan struct{})
			go func() { inhibitor.Run(); close(done) }()
			inhibitor.WaitForLoading()
			require.Equal(t, test.told == "no", inhibitor.Mutes(t.Context(), alert(test.and)))
			inhibitor.Stop()
			<-done
		})
	}
}

// Routes and inhibitions name alerts; the rules must have them.
func TestNamedAlertsExist(t *testing.T) {
	files, err := filepath.Glob("../../rules/*.yml")
	require.NoError(t, err)
	var rules strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		rules.Write(text)
	}
	for _, name := range []string{
		render.AlertWatchdog, render.AlertReceiverDown, render.AlertAlertmanagerNotDelivering,
		render.AlertServiceDown, render.AlertDependencyDown, render.AlertServiceSlow, render.AlertJourneyFailing, render.AlertPartialOutage, render.AlertPartialSlowdown, render.AlertComponentDown,
	} {
		require.Contains(t, rules.String(), "- alert: "+name+"\n")
	}
}
