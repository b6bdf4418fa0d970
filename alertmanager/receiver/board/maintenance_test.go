package board_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/catalog/maintenance"
)

// The catalogue of the desk.
const estate = `
monitoring: {team: shop}
people:
  asha: {name: Asha Rao, contacts: {file: a}}
teams: {shop: {}}
services: {cart: {team: shop}, shop: {team: shop}, sign-in: {external: true}}
maintenance:
  patches: {services: [shop], days: first sunday, at: 02:00, duration: 3h, timezone: Europe/London, reason: security patches}
`

func (d *desk) Catalog() *catalog.Catalog {
	if d.catalogue == nil {
		text := estate
		if d.written != "" {
			text = d.written
		}
		var err error
		if d.catalogue, err = catalog.Parse("tocsin.yml", []byte(text)); err != nil {
			panic(err)
		}
	}
	return d.catalogue
}

// once is window 7, which is open for half an hour.
func (d *desk) once() maintenance.Once {
	return maintenance.Once{
		ID: 7, Scope: maintenance.Scope{Services: []string{"shop"}}, Reason: "release 7" + d.summary, From: now.Add(-10 * time.Minute), Until: now.Add(20 * time.Minute),
		Acts: []maintenance.Act{{At: now.Add(-10 * time.Minute), What: maintenance.Opened, By: "deploy" + d.summary, Via: "the API with the token deploy", Until: now.Add(20 * time.Minute)}},
	}
}

func (d *desk) Windows(context.Context) (board.Windows, error) {
	o := d.once()
	coming := maintenance.Window{Name: "patches", Scope: maintenance.Scope{Services: []string{"shop"}}, Reason: "security patches" + d.summary, From: now.AddDate(0, 0, 12), Until: now.AddDate(0, 0, 12).Add(3 * time.Hour)}
	past := o.End(maintenance.Who{Name: "asha", Via: "the board"}, now.Add(-time.Minute))
	past.ID = 6
	return board.Windows{Open: []maintenance.Window{o.Window()}, Coming: []maintenance.Window{coming}, Once: map[int64]maintenance.Once{7: o}, Past: []maintenance.Once{past}}, d.broken
}

func (d *desk) Works(context.Context, string, *time.Location) ([]string, error) {
	return []string{"database, on which it depends, is in maintenance" + d.summary}, d.broken
}

func (d *desk) OpenWindow(_ context.Context, r maintenance.Request, who maintenance.Who, key string) (maintenance.Once, bool, error) {
	o, err := r.Open(d.Catalog(), who, now)
	if err != nil {
		return o, false, board.Refused{Err: err}
	}
	if key == "" {
		return o, false, errors.New("no key")
	}
	d.acknowledged = append(d.acknowledged, who.Name+" opens "+o.Scope.String()+" from "+o.From.Format("15:04")+" until "+o.Until.Format("15:04")+" by "+who.Via)
	return o, true, d.broken
}

func (d *desk) ExtendWindow(_ context.Context, id int64, length time.Duration, who maintenance.Who) (maintenance.Once, error) {
	if id != 7 {
		return maintenance.Once{}, board.ErrNoWindow
	}
	d.acknowledged = append(d.acknowledged, who.Name+" extends to "+length.String()+" by "+who.Via)
	return d.once(), nil
}

func (d *desk) EndWindow(_ context.Context, id int64, who maintenance.Who) (maintenance.Once, error) {
	if id != 7 {
		return maintenance.Once{}, board.ErrNoWindow
	}
	d.acknowledged = append(d.acknowledged, who.Name+" ends by "+who.Via)
	return d.once(), nil
}

func (d *desk) Caller(token string) (string, error) {
	if token == "hush" {
		return "deploy", nil
	}
	return "", board.ErrToken
}

func TestTheMaintenancePage(t *testing.T) {
	server := serve(t, &desk{})
	response, text := ask(t, "GET", server.URL+"/maintenance", "")
	require.Equal(t, 200, response.StatusCode)
	for _, want := range []string{
		"release 7", "20 min left", "opened it, by the API with the token deploy", `formaction="/maintenance/7/extend"`, `action="/maintenance/7/end"`,
		"security patches", "first sunday at 02:00 (Europe/London), for 3h", "in 12 days 0 h",
		"Asha Rao ended it, by the board", `value="team:shop"`, `value="service:cart"`, "Without a team", `value="service:sign-in"`, `value="all"`, "At most 24 h",
	} {
		require.Contains(t, text, want)
	}
	require.Equal(t, 1, strings.Count(text, "data-live"), "what is being filled in is not replaced")
	require.NotContains(t, text, "http-equiv=\"refresh\"", "nor is it without JavaScript")
	_, live := ask(t, "GET", server.URL+"/", "")
	require.Contains(t, live, "In maintenance")
	require.Contains(t, live, "release 7")
}

func TestHostileWindowsStayText(t *testing.T) {
	server := serve(t, &desk{summary: `<script>alert(1)</script>"><img src=x onerror=alert(1)>`})
	for _, path := range []string{"/maintenance", "/", "/incidents/1"} {
		_, text := ask(t, "GET", server.URL+path, "")
		require.NotContains(t, text, "<script>alert")
		require.NotContains(t, text, "<img src=x")
	}
}

func TestTheMaintenanceForms(t *testing.T) {
	form := func(pairs ...string) string {
		values := url.Values{"key": {"k"}, "person": {"asha"}, "length": {"30m"}, "reason": {"release 7"}, "what": {"service:shop"}}
		for n := 0; n < len(pairs); n += 2 {
			if pairs[n+1] == "" {
				values.Del(pairs[n])
				continue
			}
			values[pairs[n]] = strings.Split(pairs[n+1], "|")
		}
		return values.Encode()
	}
	cases := []struct {
		name, path, body string
		headers          []string
		code             int
		done             string // or what the page says
	}{
		{"one service, now", "/maintenance", form(), nil, 303, "asha opens shop from 22:10 until 22:40 by the board"},
		{"several, tomorrow", "/maintenance", form("what", "service:cart|service:shop|team:shop", "from", "2026-11-24T05:00", "length", "1h"), nil, 303, "asha opens cart, shop, team shop from 05:00 until 06:00 by the board"},
		{"everything", "/maintenance", form("what", "all"), nil, 303, "asha opens every service from 22:10 until 22:40 by the board"},
		{"another site's form", "/maintenance", form(), []string{"Sec-Fetch-Site", "cross-site"}, 403, "cross-origin"},
		{"nobody", "/maintenance", form("person", ""), nil, 400, "say who you are"},
		{"somebody unknown", "/maintenance", form("person", "eve"), nil, 400, "there is no such person in the catalogue"},
		{"for nothing", "/maintenance", form("what", ""), nil, 400, "no service is named"},
		{"without a reason", "/maintenance", form("reason", ""), nil, 400, "the reason is missing"},
		{"too long", "/maintenance", form("length", "30d"), nil, 400, "raise defaults.longest_maintenance"},
		{"some time", "/maintenance", form("from", "soon"), nil, 400, "want a date and a time"},
		{"longer", "/maintenance/7/extend", form("length", "2h"), nil, 303, "asha extends to 2h0m0s by the board"},
		{"for ever", "/maintenance/7/extend", form("length", "ever"), nil, 400, "malformed duration"},
		{"the end", "/maintenance/7/end", form(), nil, 303, "asha ends by the board"},
		{"the end by nobody", "/maintenance/7/end", "", nil, 400, "say who you are"},
		{"the end of what is not there", "/maintenance/9/end", form(), nil, 404, "no such maintenance window"},
		{"the end of nothing", "/maintenance/x/end", form(), nil, 404, "no such maintenance window"},
		{"the end from another site", "/maintenance/7/end", form(), []string{"Sec-Fetch-Site", "cross-site"}, 403, "cross-origin"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := &desk{}
			response, text := ask(t, "POST", serve(t, d).URL+c.path, c.body, c.headers...)
			require.Equal(t, c.code, response.StatusCode, text)
			if c.code == 303 {
				require.Equal(t, "/maintenance", response.Header.Get("Location"))
				require.Equal(t, []string{c.done}, d.acknowledged)
				return
			}
			require.Empty(t, d.acknowledged)
			require.Contains(t, text, c.done)
		})
	}
}

// What was filled in is still there when something is wrong.
func TestAMistakeKeepsTheForm(t *testing.T) {
	body := url.Values{"key": {"k"}, "person": {"asha"}, "length": {"2h"}, "reason": {"release 7"}, "from": {"2026-11-24T05:00"}, "what": {"team:shop", "service:gone"}}
	response, text := ask(t, "POST", serve(t, &desk{}).URL+"/maintenance", body.Encode())
	require.Equal(t, 400, response.StatusCode)
	for _, want := range []string{
		`unknown service &#34;gone&#34;`, `value="team:shop" checked`, `value="asha" selected`, `value="2h" selected`, `value="release 7"`, `value="2026-11-24T05:00"`,
	} {
		require.Contains(t, text, want)
	}
}

func TestAnIncidentInMaintenanceIsMarkedAndComesLast(t *testing.T) {
	d := &desk{}
	marked := d.open()
	marked.ID, marked.Severity = 3, incident.SeverityCritical
	marked.Maintenance = incident.Maintenance{Window: incident.Window{Name: "patches", Reason: "security patches", Until: now.Add(time.Hour)}, Began: now}
	other := d.open()
	other.ID, other.Severity = 4, incident.SeverityWarning
	d.all = []incident.Incident{marked, other}
	_, text := ask(t, "GET", serve(t, d).URL+"/", "")
	require.Contains(t, text, "2 open incidents, 1 not acknowledged, 1 in maintenance")
	require.Contains(t, text, "In maintenance until 23:10 UTC: nobody is told or paged. It is for: security patches (patches)")
	require.Less(t, strings.Index(text, "title-4"), strings.Index(text, "title-3"))
	require.Contains(t, text, "warning.svg")

	d.all = d.all[:1]
	_, text = ask(t, "GET", serve(t, d).URL+"/", "")
	require.Contains(t, text, "quiet.svg", "nobody needs to come")

	d.all[0].Maintenance.Ended, d.all[0].Maintenance.LiftAt = now, now.Add(time.Minute)
	_, text = ask(t, "GET", serve(t, d).URL+"/", "")
	require.Contains(t, text, "The maintenance is over. What still fires at 22:11 UTC is told.")
}
