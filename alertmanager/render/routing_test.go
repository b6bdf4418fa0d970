package render_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/timeinterval"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/render"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// router is a rendered configuration as Alertmanager's dispatcher uses it.
type router struct {
	config    *config.Config
	root      *dispatch.Route
	intervals *timeinterval.Intervener
}

func newRouter(t *testing.T, text []byte) router {
	t.Helper()
	loaded, err := config.Load(string(text))
	require.NoError(t, err, string(text))
	intervals := map[string][]timeinterval.TimeInterval{}
	for _, named := range loaded.TimeIntervals {
		intervals[named.Name] = named.TimeIntervals
	}
	return router{loaded, dispatch.NewRoute(loaded.Route, nil), timeinterval.NewIntervener(intervals)}
}

// told is the receivers that hear of the alert at that time, nobody's left out.
func (r router) told(t *testing.T, labels model.LabelSet, at time.Time) []string {
	t.Helper()
	names := []string{}
	for _, matched := range r.root.Match(labels) {
		muted, _, err := r.intervals.Mutes(matched.RouteOpts.MuteTimeIntervals, at)
		require.NoError(t, err)
		active := len(matched.RouteOpts.ActiveTimeIntervals) == 0
		if !active {
			active, _, err = r.intervals.Mutes(matched.RouteOpts.ActiveTimeIntervals, at)
			require.NoError(t, err)
		}
		if name := matched.RouteOpts.Receiver; active && !muted && name != "tocsin/nobody" {
			names = append(names, strings.TrimPrefix(name, "tocsin/"))
		}
	}
	return names
}

// Four instants: within and outside office hours in London, lunch, and a
// Friday night in Dublin that is Saturday's early morning.
func instants(t *testing.T) map[string]time.Time {
	t.Helper()
	london, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	return map[string]time.Time{
		"wednesday 10:00": time.Date(2026, 7, 15, 10, 0, 0, 0, london),
		"wednesday 13:00": time.Date(2026, 7, 15, 13, 0, 0, 0, london),
		"wednesday 20:00": time.Date(2026, 7, 15, 20, 0, 0, 0, london),
		"saturday 05:00":  time.Date(2026, 7, 18, 5, 0, 0, 0, london),
	}
}

// table writes who is told of each kind of alert of each team at each instant,
// one line per answer, with the instants that share it.
func table(t *testing.T, r router, teams []string) string {
	t.Helper()
	var out strings.Builder
	hours := instants(t)
	for _, team := range teams {
		for _, audience := range []string{"users", "developers", "platform"} {
			for _, severity := range []string{"critical", "warning", "info"} {
				labels := model.LabelSet{"alertname": "Any", "service": "any", "team": model.LabelValue(team), "audience": model.LabelValue(audience), "severity": model.LabelValue(severity)}
				answers := map[string][]string{}
				for _, at := range slices.Sorted(maps.Keys(hours)) {
					answer := strings.Join(r.told(t, labels, hours[at]), " + ")
					answers[answer] = append(answers[answer], at)
				}
				for _, answer := range slices.Sorted(maps.Keys(answers)) {
					when := strings.Join(answers[answer], ", ")
					if len(answers) == 1 {
						when = "always"
					}
					out.WriteString(strings.Join([]string{team, audience, severity, when, answer}, " | ") + "\n")
				}
			}
		}
	}
	return out.String()
}

// TestWhoIsTold is the routing table: for each team, audience, severity and
// hour, the exact receivers. testdata/routing.txt is read by people.
func TestWhoIsTold(t *testing.T) {
	text, err := render.Config(ministry(), options())
	require.NoError(t, err)
	got := table(t, newRouter(t, text), []string{"schools", "claims", "apply", "register", "platform", "left-the-catalogue", ""})

	file := filepath.Join("testdata", "routing.txt")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// The promises below hold for every catalogue, whatever the table says.
func TestPromisesOfTheRoutes(t *testing.T) {
	for name, c := range map[string]*catalog.Catalog{"ministry": ministry(), "odd": odd()} {
		t.Run(name, func(t *testing.T) {
			text, err := render.Config(c, options())
			require.NoError(t, err)
			r := newRouter(t, text)
			for team := range c.Teams {
				for _, at := range instants(t) {
					for _, audience := range []model.LabelValue{"users", "developers", "platform", "unheard-of", ""} {
						for _, severity := range []model.LabelValue{"critical", "warning", "info", "unheard-of", ""} {
							labels := model.LabelSet{"alertname": "Any", "service": "any", "team": model.LabelValue(team), "audience": audience, "severity": severity}
							keeps(t, c, r, labels, at)
						}
					}
				}
			}
		})
	}
}

func keeps(t *testing.T, c *catalog.Catalog, r router, labels model.LabelSet, at time.Time) {
	t.Helper()
	team := string(labels["team"])
	told := r.told(t, labels, at)
	always := r.told(t, labels, instants(t)["wednesday 10:00"])
	require.Equal(t, "receiver", told[0], "everything goes to the receiver first, at every hour")
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(told))), len(told), "nobody is told twice")
	for _, name := range told[1:] {
		require.Contains(t, []string{"team/" + team, "product/" + team}, name, "nobody hears of another team's alerts")
	}
	if labels["audience"] != "users" {
		require.NotContains(t, told, "product/"+team, "product managers hear of users' alerts only")
	}
	if labels["severity"] == "info" {
		require.Equal(t, []string{"receiver"}, told, "info waits for the digest")
	}
	if labels["severity"] == "critical" || labels["audience"] == "users" {
		require.Equal(t, always, told, "hours mute neither critical alerts nor users'")
	}
	native := c.Teams[team].Channels
	if labels["severity"] != "info" && labels["severity"] != "warning" && (native.Slack != nil || native.Teams != nil || native.Email != nil) {
		require.Contains(t, told, "team/"+team, "what we do not know is told, not dropped")
	}
}

func TestReceiverHearsAtOnceAndUnmuted(t *testing.T) {
	text, err := render.Config(ministry(), options())
	require.NoError(t, err)
	matched := newRouter(t, text).root.Match(model.LabelSet{"alertname": "ServiceDown", "service": "shop", "team": "schools", "audience": "users", "severity": "critical"})
	first := matched[0].RouteOpts
	require.Equal(t, "tocsin/receiver", first.Receiver)
	require.Zero(t, first.GroupWait)
	require.Equal(t, 10*time.Second, first.GroupInterval)
	require.Equal(t, map[model.LabelName]struct{}{"service": {}, "alertname": {}}, first.GroupBy)
	require.Empty(t, first.MuteTimeIntervals)
	require.Empty(t, first.ActiveTimeIntervals)
	for _, channel := range matched[1:] {
		require.Zero(t, channel.RouteOpts.GroupWait, "the product's channel and the team's hear of an outage at once")
		require.Equal(t, first.GroupBy, channel.RouteOpts.GroupBy, "also when the service was in trouble before")
	}
}

func TestWatchdogAndBreakGlass(t *testing.T) {
	text, err := render.Config(ministry(), options())
	require.NoError(t, err)
	r := newRouter(t, text)
	night := instants(t)["saturday 05:00"]
	own := func(name model.LabelValue) model.LabelSet {
		return model.LabelSet{"alertname": name, "service": "tocsin", "team": "platform", "audience": "platform", "severity": "critical"}
	}
	require.Equal(t, []string{"watchdog"}, r.told(t, own(render.AlertWatchdog), night), "the heartbeat is for nobody else")
	require.Equal(t, []string{"receiver", "break-glass", "team/platform"}, r.told(t, own(render.AlertReceiverDown), night))
	require.Equal(t, []string{"receiver", "break-glass", "team/platform"}, r.told(t, own(render.AlertAlertmanagerNotDelivering), night))
	require.Equal(t, []string{"receiver", "break-glass", "team/platform"}, r.told(t, own(render.AlertMessagesUnsent), night))
	require.Equal(t, []string{"receiver", "team/platform"}, r.told(t, own("TocsinExporterDown"), night))

	watchdog := r.root.Match(own(render.AlertWatchdog))[0].RouteOpts
	require.True(t, watchdog.GroupByAll, "each Prometheus has a heartbeat of its own")
	require.Zero(t, watchdog.GroupWait)
	require.Equal(t, time.Minute, watchdog.GroupInterval)
	require.Less(t, watchdog.RepeatInterval, watchdog.GroupInterval, "or it would not repeat at every flush")

	forged := own(render.AlertReceiverDown)
	forged["audience"] = "users"
	require.NotContains(t, r.told(t, forged, night), "break-glass")
}

// Services are not in the file at all: adding one changes nothing.
func TestRoutesGrowWithTeamsOnly(t *testing.T) {
	c := ministry()
	before, err := render.Config(c, options())
	require.NoError(t, err)
	c.Services = map[string]*catalog.Service{"one": {Name: "one", Team: "schools"}, "two": {Name: "two", External: true}}
	after, err := render.Config(c, options())
	require.NoError(t, err)
	require.Equal(t, string(before), string(after))
	require.NotContains(t, string(after), `service=`)
}

// A fragment tells the same people, as a guest of somebody else's file, and
// does not touch their alerts.
func TestFragmentInSomebodyElsesConfiguration(t *testing.T) {
	part, err := render.Fragment(ministry(), options())
	require.NoError(t, err)
	merged := merge(t, part, `
global: {smtp_smarthost: 'mail.example.com:25', smtp_from: theirs@example.com}
route:
  receiver: theirs
  group_by: [job]
  routes: [{matchers: ['severity="page"'], receiver: pager}]
receivers: [{name: theirs}, {name: pager}]
inhibit_rules: [{source_matchers: ['severity="page"'], target_matchers: ['severity="ticket"'], equal: [job]}]
`)
	whole, err := render.Config(ministry(), options())
	require.NoError(t, err)
	guest, alone := newRouter(t, merged), newRouter(t, whole)
	teams := []string{"schools", "claims", "apply", "register", "platform", "left-the-catalogue", ""}
	require.Equal(t, table(t, alone, teams), table(t, guest, teams))
	require.Equal(t, []string{"pager"}, guest.told(t, model.LabelSet{"alertname": "Theirs", "severity": "page", "job": "x"}, time.Now()))
	require.Equal(t, []string{"theirs"}, guest.told(t, model.LabelSet{"alertname": "Theirs", "severity": "none"}, time.Now()))
	for _, to := range guest.config.Receivers {
		for _, mail := range to.EmailConfigs {
			require.Equal(t, "smtp.example.gov.uk:587", mail.Smarthost.String(), "our mail keeps our relay")
		}
	}
}

func TestShadowTellsOneChannelOnly(t *testing.T) {
	for _, to := range []string{"team:schools", "email:ann@example.gov.uk", "ann@example.gov.uk", "slack:#trial=/run/secrets/slack", "teams:/run/secrets/teams"} {
		t.Run(to, func(t *testing.T) {
			text, err := render.Shadow(ministry(), to, options())
			require.NoError(t, err)
			r := newRouter(t, text)
			for _, at := range instants(t) {
				for line := range strings.SplitSeq(strings.TrimSpace(table(t, r, []string{"schools", "claims", "nobody's"})), "\n") {
					require.Truef(t, strings.HasSuffix(line, "| always | shadow"), line)
				}
				require.Empty(t, r.told(t, model.LabelSet{"alertname": render.AlertWatchdog}, at))
			}
			require.Len(t, r.config.Receivers, 2)
			require.NotContains(t, string(text), "api/v1/alertmanager")
			require.Contains(t, string(text), "[trial]")
		})
	}
}

func TestShadowRefuses(t *testing.T) {
	for to, want := range map[string]string{
		"team:school":   `--shadow=team:school: unknown team "school" (want one of apply, claims, platform, register, schools)`,
		"team:register": "--shadow=team:register: Alertmanager has no channel there (want a team with slack, teams or email)",
		"slack:#trial":  "--shadow=slack:#trial: got no channel, want team:NAME, email:ADDRESS, slack:#CHANNEL=WEBHOOK_FILE or teams:WEBHOOK_FILE",
		"pigeon":        "--shadow=pigeon: got no channel, want team:NAME, email:ADDRESS, slack:#CHANNEL=WEBHOOK_FILE or teams:WEBHOOK_FILE",
	} {
		_, err := render.Shadow(ministry(), to, options())
		require.EqualError(t, err, want)
	}
}
