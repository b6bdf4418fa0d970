package lint_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/render"
	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/review/lint"
)

// estate is a catalogue of which nothing is wrong, rendered into a folder.
func estate(t *testing.T) lint.Input {
	t.Helper()
	dir := t.TempDir()
	secret := func(name string) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte("hunter2\n"), 0o600))
		return file
	}
	contacts := &catalog.Secret{Path: secret("contacts.yml")}
	c := &catalog.Catalog{Spec: catalog.Spec{
		Links:    catalog.Links{Alertmanager: []string{"http://127.0.0.1:9093"}},
		Accounts: catalog.Accounts{GitHub: &catalog.GitHubAccount{Token: &catalog.Secret{Path: secret("github")}}},
		Delivery: catalog.Delivery{
			SMTP:     &catalog.SMTP{Host: "127.0.0.1:25", From: "t@example.org", PasswordFile: secret("smtp")},
			Receiver: &catalog.Receiver{URL: "http://127.0.0.1:10211"},
		},
		Monitoring: catalog.Monitoring{Team: "shop", FallbackTeam: "shop", Heartbeat: &catalog.OutboundHeartbeat{URL: "https://beats.example.org/tocsin"}, BreakGlass: []catalog.Channels{
			{Email: &catalog.EmailChannel{To: []string{"x@example.org"}}},
			{PagerDuty: &catalog.PagerDutyChannel{RoutingKeyFile: secret("pagerduty")}},
		}},
		People: map[string]*catalog.Person{
			"asha": {ID: "asha", Name: "Asha", Contacts: contacts},
			"ben":  {ID: "ben", Name: "Ben", Contacts: contacts},
			"idle": {ID: "idle", Name: "Idle"},
		},
		Teams: map[string]*catalog.Team{"shop": {
			Name: "shop", Rota: "shop", Escalation: "page", Manager: "ben",
			Channels: catalog.Channels{Slack: &catalog.SlackChannel{Channel: "#shop", WebhookFile: secret("slack")}},
		}},
		Rotas: map[string]*catalog.Rota{"shop": {Name: "shop", Timezone: "Europe/London", Handover: "monday 09:30", Shift: catalog.Duration(7 * 24 * time.Hour), Start: "2024-01-01", People: []string{"asha"}, Backup: []string{"ben"}}},
		Services: map[string]*catalog.Service{"shop": {
			Name: "shop", Team: "shop", Page: catalog.PageAlways,
			Resources: map[string]*catalog.Resource{"web": {Process: &catalog.ProcessResource{PIDFile: "/run/shop.pid"}}},
			Probes: map[string]*catalog.Probe{
				"login": {Journey: []catalog.JourneyStep{{Get: "http://127.0.0.1/"}, {Form: map[string]catalog.Text{"user": {Literal: "probe"}, "password": {File: &catalog.Secret{Path: secret("password")}}}}}},
				"home":  {HTTP: &catalog.HTTPProbe{URL: "http://127.0.0.1/", Access: catalog.Access{CAFile: secret("ca")}}},
			},
		}},
	}}
	in := lint.Input{
		Catalog: c, Secrets: true, Now: time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC), Rendered: filepath.Join(dir, "alertmanager.yml"), Render: "tocsin render",
		Options: render.Options{Source: "tocsin.yml", Catalogue: dir, Output: dir},
	}
	fresh(t, in)
	return in
}

func fresh(t *testing.T, in lint.Input) {
	t.Helper()
	text, err := render.Config(in.Catalog, in.Options)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(in.Rendered, text, 0o600))
	shipped, err := render.Texts()
	require.NoError(t, err)
	for _, one := range shipped {
		_, err := render.Write(filepath.Join(filepath.Dir(in.Rendered), render.Templates, one.Name), one.Content)
		require.NoError(t, err)
	}
}

func TestNothingIsWrong(t *testing.T) {
	for _, result := range lint.Run(estate(t)) {
		require.Equal(t, lint.Good, result.Verdict(), result)
		require.Len(t, result.Findings, 1, "a good check says what it looked at")
	}
}

func TestFindings(t *testing.T) {
	for _, test := range []struct {
		name, check string
		verdict     lint.Verdict
		change      func(t *testing.T, in *lint.Input)
		want        string
	}{
		{"no receiver", "delivery", lint.Warning, func(_ *testing.T, in *lint.Input) { in.Catalog.Delivery.Receiver = nil }, "delivery.receiver is not given: Alertmanager tells channels only; nobody is paged, and there is no board"},
		{"an open receiver", "delivery", lint.Warning, func(_ *testing.T, in *lint.Input) { in.Catalog.Delivery.Receiver.URL = "https://tocsin.example.org" }, "delivery.receiver.token_file is not given: whoever reaches the receiver can raise and end incidents"},
		{"no glass to break", "delivery", lint.Problem, func(_ *testing.T, in *lint.Input) { in.Catalog.Monitoring.BreakGlass = nil }, "monitoring.break_glass is not given: when the receiver is dead, nobody hears of it"},
		{"nobody outside", "delivery", lint.Problem, func(_ *testing.T, in *lint.Input) { in.Catalog.Monitoring.Heartbeat = nil }, "monitoring.heartbeat is not given: when the machine that pages is dead, nobody hears of it"},
		{"nobody outside where no phone rings", "delivery", lint.Warning, func(_ *testing.T, in *lint.Input) {
			in.Catalog.Monitoring.Heartbeat, in.Catalog.Services["shop"].Page, in.Catalog.Teams["shop"].Page = nil, catalog.PageNever, catalog.PageNever
		}, "monitoring.heartbeat is not given"},
		{"nobody outside where one service rings", "delivery", lint.Problem, func(_ *testing.T, in *lint.Input) {
			in.Catalog.Monitoring.Heartbeat, in.Catalog.Teams["shop"].Page = nil, catalog.PageNever
		}, "monitoring.heartbeat is not given"},
		{"nobody outside where a rota is rung without an escalation", "delivery", lint.Problem, func(_ *testing.T, in *lint.Input) {
			in.Catalog.Monitoring.Heartbeat, in.Catalog.Teams["shop"].Escalation = nil, ""
		}, "monitoring.heartbeat is not given"},
		{"nobody outside where there is nobody", "delivery", lint.Warning, func(_ *testing.T, in *lint.Input) {
			shop := in.Catalog.Teams["shop"]
			in.Catalog.Monitoring.Heartbeat, shop.Escalation, shop.Rota, shop.Members = nil, "", "", nil
		}, "monitoring.heartbeat is not given"},
		{"no Alertmanager to ask", "delivery", lint.Warning, func(_ *testing.T, in *lint.Input) { in.Catalog.Links.Alertmanager = nil }, "links.alertmanager is not given: the receiver cannot ask which alerts still fire, and incidents may stay open"},
		{"no member of a cluster to ask", "delivery", lint.Warning, func(_ *testing.T, in *lint.Input) {
			in.Catalog.Delivery.Receiver.Clusters = map[string]*catalog.Cluster{"dublin": {TokenFile: "x"}}
		}, "delivery.receiver.clusters.dublin.alertmanager is not given: the receiver cannot ask which of its alerts still fire, and incidents may stay open"},
		{"a team without a channel", "teams", lint.Warning, func(_ *testing.T, in *lint.Input) { in.Catalog.Teams["shop"].Channels = catalog.Channels{} }, "teams.shop.channels: no channel, so nobody reads its warnings"},
		{"a channel with two senders", "teams", lint.Warning, func(_ *testing.T, in *lint.Input) {
			slack := in.Catalog.Teams["shop"].Channels.Slack
			slack.BotTokenFile, slack.SigningSecretFile = slack.WebhookFile, slack.WebhookFile
		}, "teams.shop.channels.slack.webhook_file: not used, because the bot writes to the channel (take one of the two out)"},
		{"a bot without buttons", "teams", lint.Warning, func(_ *testing.T, in *lint.Input) {
			slack := in.Catalog.Teams["shop"].Channels.Slack
			slack.BotTokenFile, slack.WebhookFile = slack.WebhookFile, ""
		}, "teams.shop.channels.slack.signing_secret_file is not given: the message has no buttons to acknowledge and snooze"},
		{"a template that fits no incident", "webhooks", lint.Problem, func(t *testing.T, in *lint.Input) {
			file := filepath.Join(t.TempDir(), "shop.tmpl")
			require.NoError(t, os.WriteFile(file, []byte(`{"text": {{json .Title}}}`), 0o600))
			in.Catalog.Teams["shop"].Channels.Webhook = &catalog.WebhookChannel{URL: "https://hooks.example.org/x", TemplateFile: file}
		}, "can't evaluate field Title"},
		{"a team without anybody", "teams", lint.Warning, func(_ *testing.T, in *lint.Input) { in.Catalog.Teams["shop"].Rota = "" }, "teams.shop: no rota and no members, so an outage of shop pages nobody (page: never says that this is meant)"},
		{"a team with PagerDuty alone", "teams", lint.Warning, func(_ *testing.T, in *lint.Input) {
			in.Catalog.Teams["shop"].Rota, in.Catalog.Teams["shop"].Channels.PagerDuty = "", &catalog.PagerDutyChannel{}
		}, "teams.shop: no rota and no members, so only PagerDuty rings for an outage of shop: when it refuses the page or cannot be told, Tocsin has nobody to page in its place (give members, or a rota)"},
		{"a team with Splunk On-Call alone", "teams", lint.Warning, func(_ *testing.T, in *lint.Input) {
			in.Catalog.Teams["shop"].Rota, in.Catalog.Teams["shop"].Channels.VictorOps = "", &catalog.VictorOpsChannel{}
		}, "teams.shop: no rota and no members, so only Splunk On-Call rings for an outage of shop: when it refuses the page or cannot be told, Tocsin has nobody to page in its place (give members, or a rota)"},
		{"a team without a rota", "teams", lint.Warning, func(_ *testing.T, in *lint.Input) {
			in.Catalog.Teams["shop"].Rota, in.Catalog.Teams["shop"].Members = "", []string{"asha", "ben"}
		}, "teams.shop: no rota, so an outage of shop pages all members at once"},
		{"a team without an escalation", "teams", lint.Warning, func(_ *testing.T, in *lint.Input) { in.Catalog.Teams["shop"].Escalation = "" }, "teams.shop: no escalation, so an outage of shop is told by push and e-mail only, and nobody comes after whoever does not answer"},
		{"which it may mean", "teams", lint.Good, func(_ *testing.T, in *lint.Input) {
			in.Catalog.Teams["shop"].Rota, in.Catalog.Services["shop"].Page = "", catalog.PageNever
		}, "1 can be told"},
		{"a team that owns nothing", "teams", lint.Good, func(_ *testing.T, in *lint.Input) {
			in.Catalog.Teams["new"] = &catalog.Team{Name: "new"}
		}, "2 can be told"},
		{"alone for ever", "rotas", lint.Warning, func(_ *testing.T, in *lint.Input) { in.Catalog.Rotas["shop"].Backup = nil }, "rotas.shop: asha alone is on call day and night, and nobody is behind (add people or backup)"},
		{"behind oneself", "rotas", lint.Warning, func(_ *testing.T, in *lint.Input) { in.Catalog.Rotas["shop"].Backup = []string{"asha"} }, "rotas.shop.backup: asha is also on the rota, and would be behind nobody but themselves in their own shift"},
		{"nobody can call the manager", "rotas", lint.Warning, func(_ *testing.T, in *lint.Input) {
			in.Catalog.People["ben"].Contacts, in.Catalog.Rotas["shop"].Backup = nil, []string{"asha"}
			in.Catalog.Rotas["shop"].People = []string{"asha", "chi"}
			in.Catalog.Rotas["shop"].Backup = nil
		}, "people.ben: no contacts, so nothing reaches them as manager of teams.shop"},
		{"a manager with a profile", "rotas", lint.Good, func(_ *testing.T, in *lint.Input) {
			in.Catalog.People["idle"].Logins, in.Catalog.Teams["shop"].Manager = []string{"idle@example.org"}, "idle"
		}, "has contacts; idle only what they enter in their profile on the board"},
		{"a step names somebody", "rotas", lint.Warning, func(_ *testing.T, in *lint.Input) {
			in.Catalog.Escalations = map[string]*catalog.Escalation{"page": {Name: "page", Steps: []catalog.Step{{Notify: "idle"}}}}
		}, "people.idle: no contacts, so nothing reaches them as a step of escalations.page"},
		{"nobody in the night", "turns", lint.Warning, func(_ *testing.T, in *lint.Input) { daytime(in, "") }, "rotas.shop: nobody is on call from Thu 26 Nov 2026 17:30 GMT to Fri 27 Nov 2026 09:00 GMT, and 364 more times within a year"},
		{"which is meant", "turns", lint.Good, func(_ *testing.T, in *lint.Input) { daytime(in, catalog.GapsAllowed) }, "somebody is on call at every instant"},
		{"a calendar that is not there", "turns", lint.Warning, func(_ *testing.T, in *lint.Input) {
			in.Catalog.Rotas["shop"].Absences = []catalog.Absences{{ICal: catalog.ICal{File: "nowhere.ics"}}}
		}, "nowhere.ics"},
		{"holidays run out", "turns", lint.Warning, func(_ *testing.T, in *lint.Input) {
			in.Now = time.Date(2028, 10, 4, 0, 0, 0, 0, time.UTC)
			in.Catalog.Hours = map[string]*catalog.Hours{"office": {Holidays: []string{"scotland"}}}
		}, "the holidays of scotland are known in full until 31 December 2028 only"},
		{"holidays that nobody uses", "turns", lint.Good, func(_ *testing.T, in *lint.Input) {
			in.Now = time.Date(2028, 10, 4, 0, 0, 0, 0, time.UTC)
		}, "somebody is on call at every instant"},
		{
			"a text every minute", "phones", lint.Warning, escalation(catalog.Step{Notify: "on_call", By: []string{"push", "sms"}, Every: minutes(1)}),
			"escalations.page[0].every: an incident that nobody answers rings the phone of on_call 60 times within an hour, by sms: networks and providers block a number that gets so many (want at most 12: repeat the step every 5m or less often, or by push or email)",
		},
		{"a text every five minutes", "phones", lint.Good, escalation(catalog.Step{Notify: "on_call", By: []string{"push", "sms"}, Every: minutes(5)}), "none rings more than 12 times within an hour"},
		{
			"texts and calls", "phones", lint.Warning, escalation(catalog.Step{Notify: "manager", By: []string{"sms", "voice"}, Then: []catalog.Later{{Way: "voice", After: minutes(3)}}, Every: minutes(8)}),
			"escalations.page[0].every: an incident that nobody answers rings the phone of manager 24 times within an hour, by sms and voice: networks and providers block a number that gets so many (want at most 12: repeat the step every 15m or",
		},
		{
			"a last step that does not say how often", "phones", lint.Warning, escalation(catalog.Step{Notify: "on_call", By: []string{"sms", "voice"}, Then: []catalog.Later{{Way: "voice", After: minutes(3)}}}),
			"escalations.page[0]: an incident that nobody answers rings the phone of on_call 18 times within an hour, by sms and voice",
		},
		{"two steps together", "phones", lint.Warning, escalation(
			catalog.Step{Notify: "on_call", By: []string{"sms"}, Every: minutes(10), For: minutes(50)}, catalog.Step{Notify: "backup", By: []string{"sms"}, For: minutes(1)},
			catalog.Step{Notify: "on_call", By: []string{"voice"}, Every: minutes(1), For: minutes(8)}, catalog.Step{Notify: "manager", By: []string{"email"}},
		), "escalations.page[2].every: an incident that nobody answers rings the phone of on_call 13 times within an hour, by sms and voice"},
		{"two people in turn", "phones", lint.Good, escalation(
			catalog.Step{Notify: "on_call", By: []string{"sms"}, Every: minutes(5), For: minutes(30)}, catalog.Step{Notify: "backup", By: []string{"sms"}, Every: minutes(5)},
		), "none"},
		{"mail every minute", "phones", lint.Good, escalation(catalog.Step{Notify: "on_call", By: []string{"preferred", "email"}, Every: minutes(1)}), "none"},
		{"a way that is a phone for some", "phones", lint.Warning, func(t *testing.T, in *lint.Input) {
			in.Catalog.People["ben"].Prefer = []string{"voice"}
			escalation(catalog.Step{Notify: "on_call", By: []string{"preferred", "email"}, Every: minutes(1)})(t, in)
		}, "60 times within an hour, by preferred"},
		{"a step that is longer than anybody sleeps", "phones", lint.Warning, escalation(
			catalog.Step{Notify: "on_call", By: []string{"email"}, Every: catalog.Duration(time.Millisecond), For: minutes(60 * 24 * 365)}, catalog.Step{Notify: "manager", By: []string{"voice"}, Every: minutes(4)},
		), "escalations.page[1].every: an incident that nobody answers rings the phone of manager 15 times"},
		{"a board that everybody reaches", "board", lint.Warning, func(_ *testing.T, in *lint.Input) { in.Catalog.Links.Board = "https://tocsin.example.org" }, "links.board is https://tocsin.example.org, beyond this machine, and whoever reaches it may answer"},
		{"which is meant", "board", lint.Good, func(_ *testing.T, in *lint.Input) {
			in.Catalog.Links.Board, in.Catalog.Board.Anonymous = "https://tocsin.example.org", catalog.BoardRespond
		}, "everybody who reaches the board may answer"},
		{"a board to read", "board", lint.Good, func(_ *testing.T, in *lint.Input) { in.Catalog.Board.Anonymous = catalog.BoardRead }, "everybody who reaches the board may read"},
		{"a board without an admin", "board", lint.Warning, func(_ *testing.T, in *lint.Input) { in.Catalog.Board.OIDC = &catalog.OIDC{} }, "board.roles.admin names nobody"},
		{"a board with a login", "board", lint.Good, func(_ *testing.T, in *lint.Input) {
			in.Catalog.Board.OIDC, in.Catalog.Board.Roles.Admin = &catalog.OIDC{}, []string{"asha"}
		}, "who has logged in may see it"},
		{"no configuration", "rendered", lint.Problem, func(t *testing.T, in *lint.Input) { require.NoError(t, os.Remove(in.Rendered)) }, "alertmanager.yml is not there: run tocsin render"},
		{"kept elsewhere", "rendered", lint.Skipped, func(_ *testing.T, in *lint.Input) { in.Rendered = "" }, "Alertmanager's configuration is kept elsewhere"},
		{"what cannot be rendered", "rendered", lint.Problem, func(_ *testing.T, in *lint.Input) { in.Catalog.Delivery.SMTP = nil }, "monitoring.break_glass[0].email: no relay"},
		{"a secret is gone", "secrets", lint.Problem, func(t *testing.T, in *lint.Input) {
			require.NoError(t, os.Remove(in.Catalog.Teams["shop"].Channels.Slack.WebhookFile))
		}, "teams.shop.channels.slack.webhook_file: open"},
		{"a secret is empty", "secrets", lint.Problem, func(t *testing.T, in *lint.Input) {
			require.NoError(t, os.WriteFile(in.Catalog.Accounts.GitHub.Token.Path, []byte(" \n"), 0o600))
		}, "accounts.github.token: "},
		{"secrets are elsewhere", "secrets", lint.Skipped, func(_ *testing.T, in *lint.Input) { in.Secrets = false }, "6 files, not read (tocsin check --secrets reads all)"},
		{"contacts are gone", "contacts", lint.Problem, func(t *testing.T, in *lint.Input) {
			require.NoError(t, os.Remove(in.Catalog.People["asha"].Contacts.Path))
		}, "people.asha.contacts: "},
		{"contacts are elsewhere", "contacts", lint.Warning, func(t *testing.T, in *lint.Input) {
			in.Secrets = false
			require.NoError(t, os.Remove(in.Catalog.People["asha"].Contacts.Path))
		}, "people.asha.contacts: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := estate(t)
			test.change(t, &in)
			for _, result := range lint.Run(in) {
				if result.Check == test.check {
					require.Equal(t, test.verdict, result.Verdict(), result)
					require.Contains(t, result.Findings[0].Text, test.want)
				}
				for _, finding := range result.Findings {
					require.NotContains(t, finding.Text, "hunter2")
				}
			}
		})
	}
}

func TestSecretsListsEveryFileOnce(t *testing.T) {
	var at []string
	for _, file := range lint.Secrets(estate(t).Catalog) {
		at = append(at, file.At)
		require.FileExists(t, file.Path)
	}
	require.Equal(t, []string{
		"accounts.github.token",
		"delivery.smtp.password_file",
		"monitoring.break_glass[1].pagerduty.routing_key_file",
		"teams.shop.channels.slack.webhook_file",
		"services.shop.probes.home.http.ca_file",
		"services.shop.probes.login.journey[1].form.password",
	}, at)
}

// A long difference is cut, and says so.
func TestStaleShowsTheBeginning(t *testing.T) {
	in := estate(t)
	require.NoError(t, os.WriteFile(in.Rendered, []byte("somebody else's\n"), 0o600))
	text := lint.Run(in)[0].Findings[0].Text
	require.Regexp(t, `alertmanager.yml is stale: run tocsin render\n--- .*\n\+\+\+ tocsin render\n`, text)
	require.Regexp(t, `… and \d+ lines more$`, text)
	require.Less(t, strings.Count(text, "\n"), 25)
}

func minutes(n int) catalog.Duration { return catalog.Duration(time.Duration(n) * time.Minute) }

// escalation is the shop's.
func escalation(steps ...catalog.Step) func(*testing.T, *lint.Input) {
	return func(_ *testing.T, in *lint.Input) {
		in.Catalog.Escalations = map[string]*catalog.Escalation{"page": {Name: "page", Steps: steps}}
	}
}

// daytime leaves nights without anybody.
func daytime(in *lint.Input, gaps catalog.Gaps) {
	rota := in.Catalog.Rotas["shop"]
	rota.Gaps, rota.Handover, rota.People = gaps, "", nil
	rota.Layers = []catalog.Layer{{
		People: []string{"asha"}, Handover: "daily 09:00", Shift: catalog.Duration(24 * time.Hour), Start: "2024-01-01",
		Only: &catalog.Only{Times: "09:00-17:30"},
	}}
}

// A layer may live by another clock than its rota.
func TestHandoversNearAChangeOfALayersClocks(t *testing.T) {
	in := estate(t)
	rota := in.Catalog.Rotas["shop"]
	rota.Timezone, rota.Handover, rota.Shift, rota.People = "UTC", "", 0, nil
	rota.Layers = []catalog.Layer{{People: []string{"asha"}, Handover: "monday 09:00"}, {People: []string{"asha"}, Handover: "sunday 03:00", Timezone: "Pacific/Auckland"}}
	for _, result := range lint.Run(in) {
		if result.Check == "turns" {
			require.Contains(t, result.Findings, lint.Finding{Verdict: lint.Good, Text: "rotas.shop: clocks change on 4 Apr 2027; the handover at Sun 03:00 NZST is Sat 15:00 UTC"})
		}
	}
}

func TestHandoversNearAChangeOfClocks(t *testing.T) {
	in := estate(t)
	in.Catalog.Rotas["shop"].Handover, in.Catalog.Rotas["shop"].Shift = "sunday 01:30", catalog.Duration(7*24*time.Hour)
	for _, result := range lint.Run(in) {
		if result.Check == "turns" {
			require.Equal(t, []lint.Finding{
				{Verdict: lint.Good, Text: "somebody is on call at every instant of the next year"},
				{Verdict: lint.Good, Text: "rotas.shop: clocks change on 28 Mar 2027; the handover at Sun 02:00 BST is Sun 01:00 UTC"},
				{Verdict: lint.Good, Text: "rotas.shop: clocks change on 31 Oct 2027; the handover at Sun 01:30 BST is Sun 00:30 UTC"},
			}, result.Findings)
		}
	}
}

// Clocks change by half an hour, at midnight, and around Ramadan, too; a
// handover that is skipped is at the change, and one that comes twice at the
// first. Of shifts of hours not all are told.
func TestHandoversNearChangesOfManyClocks(t *testing.T) {
	for _, test := range []struct {
		zone, handover string
		shift          time.Duration
		want           []string
	}{
		{"Europe/London", "sunday 01:30", 0, []string{"28 Mar 2027; the handover at Sun 02:00 BST is Sun 01:00", "31 Oct 2027; the handover at Sun 01:30 BST is Sun 00:30"}},
		{"Europe/London", "sunday 02:00", 0, []string{"28 Mar 2027; the handover at Sun 02:00 BST is Sun 01:00", "31 Oct 2027; the handover at Sun 02:00 GMT is Sun 02:00"}},
		{"Europe/London", "sunday 02:30", 0, []string{"28 Mar 2027; the handover at Sun 02:30 BST is Sun 01:30", "31 Oct 2027; the handover at Sun 02:30 GMT is Sun 02:30"}},
		{"Australia/Lord_Howe", "sunday 01:30", 0, []string{"4 Apr 2027; the handover at Sun 01:30 +11 is Sat 14:30", "3 Oct 2027; the handover at Sun 01:30 +1030 is Sat 15:00"}},
		{"Australia/Lord_Howe", "sunday 02:00", 0, []string{"4 Apr 2027; the handover at Sun 02:00 +1030 is Sat 15:30", "3 Oct 2027; the handover at Sun 02:30 +11 is Sat 15:30"}},
		{"Africa/Cairo", "friday 00:00", 0, []string{"30 Apr 2027; the handover at Fri 01:00 EEST is Thu 22:00", "28 Oct 2027; the handover at Fri 00:00 EET is Thu 22:00"}},
		{"America/Santiago", "sunday 00:30", 0, []string{"3 Apr 2027; the handover at Sun 00:30 -04 is Sun 04:30", "5 Sep 2027; the handover at Sun 01:00 -03 is Sun 04:00"}},
		{"Asia/Beirut", "sunday 00:00", 0, []string{"28 Mar 2027; the handover at Sun 01:00 EEST is Sat 22:00", "30 Oct 2027; the handover at Sun 00:00 EET is Sat 22:00"}},
		{"Africa/Casablanca", "sunday 02:30", 0, []string{"7 Feb 2027; the handover at Sun 02:30 +01 is Sun 01:30", "14 Mar 2027; the handover at Sun 03:00 +01 is Sun 02:00"}},
		{"Europe/London", "daily 00:00", time.Hour, []string{
			"28 Mar 2027; the handover at Sat 22:00 GMT is Sat 22:00", "28 Mar 2027; the handover at Sat 23:00 GMT is Sat 23:00",
			"28 Mar 2027; the handover at Sun 00:00 GMT is Sun 00:00", "28 Mar 2027; the handover at Sun 02:00 BST is Sun 01:00",
			"28 Mar 2027; the handover at Sun 03:00 BST is Sun 02:00", "28 Mar 2027; the handover at Sun 04:00 BST is Sun 03:00 UTC (and 42 more within a day of it)",
			"31 Oct 2027; the handover at Sat 23:00 BST is Sat 22:00", "31 Oct 2027; the handover at Sun 00:00 BST is Sat 23:00",
			"31 Oct 2027; the handover at Sun 01:00 BST is Sun 00:00", "31 Oct 2027; the handover at Sun 02:00 GMT is Sun 02:00",
			"31 Oct 2027; the handover at Sun 03:00 GMT is Sun 03:00", "31 Oct 2027; the handover at Sun 04:00 GMT is Sun 04:00 UTC (and 41 more within a day of it)",
		}},
	} {
		in := estate(t)
		rota := in.Catalog.Rotas["shop"]
		rota.Timezone, rota.Handover, rota.Shift, rota.People = test.zone, test.handover, catalog.Duration(test.shift), []string{"asha", "ben"}
		var got []string
		for _, result := range lint.Run(in) {
			for _, finding := range result.Findings {
				if text, is := strings.CutPrefix(finding.Text, "rotas.shop: clocks change on "); is {
					got = append(got, strings.TrimSuffix(text, " UTC"))
				}
			}
		}
		require.Equal(t, test.want, got, "%s %s", test.zone, test.handover)
	}
}

// A check asks no network: it says that it does not know a calendar.
func TestACalendarThatTheReceiverFetches(t *testing.T) {
	in := estate(t)
	in.Catalog.Rotas["shop"].Absences = []catalog.Absences{{ICal: catalog.ICal{URL: refuses(t)}, Person: "asha"}}
	for _, result := range lint.Run(in) {
		if result.Check == "turns" {
			require.Equal(t, lint.Good, result.Verdict())
			require.Contains(t, result.Findings, lint.Finding{Verdict: lint.Good, Text: "rotas.shop.absences[0].url: not looked at here, because the receiver fetches this calendar (its log, and the board's page of who is on call, say what is wrong with it)"})
		}
	}
}

// refuses is the address of a server that must not be asked.
func refuses(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a check asks the network") }))
	t.Cleanup(server.Close)
	return server.URL
}
