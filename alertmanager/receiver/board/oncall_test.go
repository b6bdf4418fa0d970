package board_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall"
	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/catalog/maintenance"
)

func (d *desk) Rotas(context.Context) ([]board.Rota, error) {
	spec := catalog.Rota{Name: "shop", Timezone: "Europe/London", Handover: "monday 09:30", Start: "2026-11-23", People: []string{"asha", "ben"}, Backup: []string{"ben"}}
	rota, err := oncall.New(&spec, oncall.Calendars{})
	if err != nil {
		return nil, err
	}
	return []board.Rota{{Name: "shop", Teams: []string{"shop"}, Rota: rota.With("shop", []oncall.Entry{d.entry()})}}, d.broken
}

// entry is number 3: ben stands in for an evening.
func (d *desk) entry() oncall.Entry {
	return oncall.Entry{
		ID: 3, Kind: oncall.Override, Rota: "shop", Instead: "ben", From: now, Until: now.Add(2 * time.Hour), Reason: "concert" + d.summary,
		Acts: []maintenance.Act{{At: now, What: maintenance.Opened, By: "asha" + d.summary, Via: "the board", Until: now.Add(2 * time.Hour)}},
	}
}

func (d *desk) Entries(context.Context) ([]oncall.Entry, error) {
	return []oncall.Entry{d.entry()}, d.broken
}

func (d *desk) Enter(_ context.Context, r oncall.Request, who maintenance.Who) (oncall.Entry, error) {
	d.catalogue = nil // this one is changed
	c := d.Catalog()
	c.Rotas = map[string]*catalog.Rota{"shop": {}}
	c.People["ben"] = &catalog.Person{ID: "ben"}
	e, err := r.Enter(c, who, now)
	if err != nil {
		return e, board.Refused{Err: err}
	}
	d.acknowledged = append(d.acknowledged, strings.Join([]string{who.Name, string(e.Kind), e.Person, e.Instead, e.From.Format("15:04"), e.Until.Format("15:04"), who.Via}, " "))
	return e, d.broken
}

func (d *desk) EndEntry(_ context.Context, id int64, who maintenance.Who) (oncall.Entry, error) {
	if id != 3 {
		return oncall.Entry{}, board.ErrNoEntry
	}
	d.acknowledged = append(d.acknowledged, who.Name+" takes it back")
	return d.entry().End(who, now), d.broken
}

func (d *desk) Try(_ context.Context, person string, _ []string, by string) ([]board.Tried, error) {
	d.tried = append(d.tried, person+" "+by)
	return []board.Tried{{Way: "push", Seconds: .2}, {Way: "sms", Skipped: true, Problem: "no channel or no address"}, {Way: "email", Problem: "refused" + d.summary}}, nil
}

func (d *desk) FeedToken(_ context.Context, kind, name string) (string, error) {
	return kind + "-" + name, d.broken
}

func (d *desk) RenewFeed(_ context.Context, kind, name string, open bool, by string) error {
	d.acknowledged = append(d.acknowledged, fmt.Sprintf("%s renews %s %s %t", by, kind, name, open))
	return d.broken
}

func (d *desk) CheckFeed(_ context.Context, token string) (kind, name string, err error) {
	kind, name, ok := strings.Cut(token, "-")
	if !ok {
		return "", "", board.ErrFeed
	}
	return kind, name, nil
}

func TestTheCalendarOfTheBoard(t *testing.T) {
	d := &desk{summary: "<script>"}
	server := serve(t, d)
	response, page := ask(t, "GET", server.URL+"/oncall", "", "Cookie", "tocsin_person=asha")
	require.Equal(t, 200, response.StatusCode, page)
	for _, want := range []string{
		`Now <b class="now">Ben</b>`, `<span class="quiet">22:10</span> Ben <span class="quiet">(changed)</span>`, `<li class="mine">`,
		`href="/calendar/rota-shop.ics"`, `href="/calendar/person-asha.ics"`, `aria-current="date"`, "Ben is on call for shop", "concert&lt;script&gt;",
		`href="/oncall?from=2026-12-21"`,
	} {
		require.Contains(t, page, want)
	}
	require.NotContains(t, page, "<script>")
	_, page = ask(t, "GET", server.URL+"/oncall?from=2026-12-24", "")
	require.Contains(t, page, "Mon 21 Dec")
}

func TestTurnsAreChangedOnTheBoard(t *testing.T) {
	d := &desk{}
	server := serve(t, d)
	form := url.Values{"kind": {"override"}, "by": {"asha"}, "rota": {"shop"}, "instead": {"ben"}, "from": {"2026-11-24T18:00"}, "until": {"2026-11-24T23:00"}}
	response, page := ask(t, "POST", server.URL+"/oncall/entries", form.Encode())
	require.Equal(t, 303, response.StatusCode, page)
	form = url.Values{"kind": {"absent"}, "by": {"asha"}, "person": {"asha"}, "until": {"2026-11-24T23:00"}}
	response, page = ask(t, "POST", server.URL+"/oncall/entries", form.Encode())
	require.Equal(t, 303, response.StatusCode, page)
	response, _ = ask(t, "POST", server.URL+"/oncall/entries/3/end", url.Values{"by": {"asha"}}.Encode())
	require.Equal(t, 303, response.StatusCode)
	require.Equal(t, []string{
		"asha override  ben 18:00 23:00 the board", "asha absent asha  22:10 23:00 the board", "asha takes it back",
	}, d.acknowledged)

	form = url.Values{"kind": {"swap"}, "by": {"asha"}, "rota": {"shop"}, "person": {"asha"}, "instead": {"asha"}, "until": {"2026-11-22T23:00"}}
	response, page = ask(t, "POST", server.URL+"/oncall/entries", form.Encode())
	require.Equal(t, 400, response.StatusCode)
	require.Contains(t, page, "person and instead are the same; it ends before it begins")
	require.Contains(t, page, `value="2026-11-22T23:00"`, "what was filled in stays")
	response, _ = ask(t, "POST", server.URL+"/oncall/entries", url.Values{"kind": {"absent"}, "person": {"asha"}}.Encode())
	require.Equal(t, 400, response.StatusCode, "somebody does it")
	response, _ = ask(t, "POST", server.URL+"/oncall/entries/4/end", url.Values{"by": {"asha"}}.Encode())
	require.Equal(t, 404, response.StatusCode)
}

func TestFeeds(t *testing.T) {
	server := serve(t, &desk{})
	response, text := ask(t, "GET", server.URL+"/calendar/person-ben.ics", "")
	require.Equal(t, 200, response.StatusCode)
	require.Equal(t, "text/calendar; charset=utf-8", response.Header.Get("Content-Type"))
	require.Contains(t, text, "SUMMARY:Ben on call: shop\r\n")
	require.NotContains(t, text, "Asha")
	require.Contains(t, text, "DTSTART:20261123T221000Z\r\nDTEND:20261124T001000Z")
	_, text = ask(t, "GET", server.URL+"/calendar/rota-shop.ics", "")
	require.Contains(t, text, "SUMMARY:Asha Rao on call: shop")
	response, _ = ask(t, "GET", server.URL+"/calendar/nonsense", "")
	require.Equal(t, 403, response.StatusCode)
}

func TestTheAPIOfRotas(t *testing.T) {
	d := &desk{}
	server := serve(t, d)
	_, text := ask(t, "GET", server.URL+"/api/v1/oncall?rota=shop", "")
	require.JSONEq(t, `{"at":"2026-11-23T22:10:00Z","rotas":[{"rota":"shop","teams":["shop"],"person":"ben","name":"Ben","from":"2026-11-23T22:10:00Z","until":"2026-11-24T00:10:00Z","entry":3,
		"next":{"rota":"shop","person":"asha","name":"Asha Rao","backup":"ben","from":"2026-11-24T00:10:00Z","until":"2026-11-30T09:30:00Z"}}]}`, text)
	response, text := ask(t, "GET", server.URL+"/api/v1/oncall?at=noon", "")
	require.Equal(t, 400, response.StatusCode)
	require.Contains(t, text, `at is \"noon\"`)
	response, text = ask(t, "GET", server.URL+"/api/v1/oncall?at=9999-12-31T23:00:00Z", "")
	require.Equal(t, 400, response.StatusCode, "JSON has no name for a turn that ends in the year 10000")
	require.Contains(t, text, `at is \"9999-12-31T23:00:00Z\"`)
	response, _ = ask(t, "GET", server.URL+"/api/v1/oncall?rota=none", "")
	require.Equal(t, 404, response.StatusCode)
	response, _ = ask(t, "POST", server.URL+"/api/v1/oncall/entries", `{"kind": "override"}`)
	require.Equal(t, 401, response.StatusCode)
}
