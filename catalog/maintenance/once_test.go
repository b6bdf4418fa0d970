package maintenance_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog/maintenance"
)

var deploy = maintenance.Who{Name: "deploy", Via: "the API"}

func TestRequests(t *testing.T) {
	c := parsed(t, "a: {all: true, days: sunday, at: 02:00, duration: 1h, timezone: UTC, reason: r}")
	now := at(t, "2026-11-26T12:00:00Z")
	scope := func(services ...string) maintenance.Scope { return maintenance.Scope{Services: services} }
	cases := []struct {
		name    string
		request maintenance.Request
		want    string // the error, or from, until and for what
	}{
		{"usual", maintenance.Request{Service: "shop", Duration: "30m", Reason: " release\n7 "}, "2026-11-26T12:00:00Z 2026-11-26T12:30:00Z shop"},
		{"until", maintenance.Request{Scope: scope("shop", "queue"), Until: now.Add(time.Hour), Reason: "r"}, "2026-11-26T12:00:00Z 2026-11-26T13:00:00Z shop, queue"},
		{"later", maintenance.Request{Scope: maintenance.Scope{Teams: []string{"platform"}}, From: now.Add(time.Hour), Duration: "2h", Reason: "r"}, "2026-11-26T13:00:00Z 2026-11-26T15:00:00Z team platform"},
		{"everything", maintenance.Request{Scope: maintenance.Scope{All: true}, Duration: "30d", Reason: "r"}, "2026-11-26T12:00:00Z 2026-12-26T12:00:00Z every service"},
		{"a near miss", maintenance.Request{Service: "postgras", Duration: "1h", Reason: "r"}, `unknown service "postgras" (did you mean "postgres"?)`},
		{"unknown ones", maintenance.Request{Scope: maintenance.Scope{Services: []string{"xyzzy"}, Teams: []string{"shops"}}, Duration: "1h", Reason: "r"}, `unknown service "xyzzy" (want postgres, queue, shop or sign-in); unknown team "shops" (did you mean "shop"?)`},
		{"nothing", maintenance.Request{}, `no service is named: give service, services or teams, or all; the reason is missing: say what is done, such as "release 1.4.2"; the end is missing: give a duration such as "30m", or until`},
		{"everything and more", maintenance.Request{Scope: maintenance.Scope{All: true}, Service: "shop", Duration: "1h", Reason: "r"}, "all is every service: leave out services and teams"},
		{"two ends", maintenance.Request{Service: "shop", Duration: "1h", Until: now.Add(time.Hour), Reason: "r"}, "the end is given twice: give duration or until"},
		{"no duration", maintenance.Request{Service: "shop", Duration: "soon", Reason: "r"}, `duration: malformed duration (got "soon", want one such as 15s, 3m, 1h30m, 21d or 1w)`},
		{"too long", maintenance.Request{Service: "shop", Duration: "31d", Reason: "r"}, "the window is too long (got 31d, want at most 30d: open it for less and extend it, or raise defaults.longest_maintenance in the catalogue)"},
		{"the wrong way round", maintenance.Request{Service: "shop", From: now.Add(time.Hour), Until: now, Reason: "r"}, "the window ends before it begins (from 2026-11-26T13:00:00Z until 2026-11-26T12:00:00Z)"},
		{"in the past", maintenance.Request{Service: "shop", From: now.Add(-time.Hour), Duration: "2h", Reason: "r"}, "the window begins in the past (got 2026-11-26T11:00:00Z; leave from out for now)"},
		{"in a century", maintenance.Request{Service: "shop", From: now.AddDate(100, 0, 0), Duration: "2h", Reason: "r"}, "the window begins in more than a year (got 2126-11-26T12:00:00Z)"},
		{"a novel", maintenance.Request{Service: "shop", Duration: "2h", Reason: strings.Repeat("x", 201)}, "the reason is too long (got 201 characters, want at most 200)"},
		{"a title", maintenance.Request{Service: "shop", Duration: "2h", Reason: "r", By: strings.Repeat("x", 101)}, "by is too long (want at most 100 characters)"},
	}
	for _, c2 := range cases {
		t.Run(c2.name, func(t *testing.T) {
			o, err := c2.request.Open(c, deploy, now)
			if err != nil {
				require.Equal(t, c2.want, err.Error())
				return
			}
			require.Equal(t, c2.want, strings.Join([]string{o.From.Format(time.RFC3339), o.Until.Format(time.RFC3339), o.Scope.String()}, " "))
			require.Equal(t, []maintenance.Act{{At: now, What: maintenance.Opened, By: "deploy", Via: "the API", Until: o.Until}}, o.Acts)
			require.NotContains(t, o.Reason, "\n")
		})
	}
	_, err := maintenance.Request{Service: "shop", Duration: "2h", Reason: "r"}.Open(c, maintenance.Who{}, now)
	require.EqualError(t, err, "nobody is named: say who opens it")
}

func TestALifeOfAWindow(t *testing.T) {
	c := parsed(t, "a: {all: true, days: sunday, at: 02:00, duration: 1h, timezone: UTC, reason: r}")
	now := at(t, "2026-11-26T12:00:00Z")
	asha := maintenance.Who{Name: "asha", Via: "the board"}
	o, err := maintenance.Request{Service: "shop", Duration: "30m", Reason: "r"}.Open(c, deploy, now)
	require.NoError(t, err)
	before := o

	longer, err := o.Extend(c, asha, now.Add(time.Hour), now.Add(10*time.Minute))
	require.NoError(t, err)
	require.Equal(t, before, o, "what was is not changed")
	require.True(t, longer.Window().Open(now.Add(59*time.Minute)))
	_, err = o.Extend(c, asha, now.Add(time.Hour), now.Add(30*time.Minute))
	require.ErrorIs(t, err, maintenance.ErrOver)
	_, err = o.Extend(c, asha, now.AddDate(0, 2, 0), now)
	require.ErrorContains(t, err, "too long")

	over := longer.End(asha, now.Add(20*time.Minute))
	require.False(t, over.Window().Open(now.Add(20*time.Minute)))
	require.Equal(t, over, over.End(deploy, now.Add(21*time.Minute)), "ending twice is ending once")
	var deeds []string
	for _, a := range over.Acts {
		deeds = append(deeds, string(a.What)+" by "+a.By)
	}
	require.Equal(t, []string{"opened by deploy", "extended by asha", "ended by asha"}, deeds)

	planned, err := maintenance.Request{Service: "shop", From: now.Add(time.Hour), Duration: "30m", Reason: "r"}.Open(c, deploy, now)
	require.NoError(t, err)
	never := planned.End(asha, now)
	require.False(t, never.Window().Open(planned.From), "it is called off")
}
