package board_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
)

func (d *desk) Profile(_ context.Context, person string) (board.Profile, error) {
	return board.Profile{
		Person: person, Name: "Asha Rao" + d.summary, Ways: []string{"push"}, Order: []string{"voice"}, Usual: []string{"push", "sms", "voice", "email"},
		Lines: []board.ProfileLine{
			{Key: "phone", Masked: "•••123", From: board.FromProfile}, {Key: "email", Masked: "•••@example.org", From: board.FromFile}, {Key: "fax"},
		},
	}, d.broken
}

func (d *desk) Profiles(ctx context.Context) ([]board.Profile, error) {
	asha, err := d.Profile(ctx, "asha")
	return []board.Profile{asha, {Person: "ben", Name: "Ben"}, {Person: "eve", Name: "eve", Gone: true}}, err
}

func (d *desk) ChangeProfile(_ context.Context, person string, change board.ProfileChange) ([]string, error) {
	if strings.HasPrefix(change.Put["phone"], "0") {
		return nil, board.Refused{Err: errWrong}
	}
	d.entered = append(d.entered, change)
	return []string{person + " phone entered"}, d.broken
}

func (d *desk) DropProfile(_ context.Context, person string) error {
	d.acknowledged = append(d.acknowledged, "forget "+person)
	return d.broken
}

var errWrong = board.Refused{Err: board.ErrNobody}

// loggedIn is a board whose only admin, asha, has logged in by a password.
func loggedIn(t *testing.T) (*guard, func(page, path string, fields url.Values) (int, string), func(path string) (int, string)) {
	t.Helper()
	g := newGuard(t, "  roles: {admin: [asha], read: [everyone], respond: [asha]}\n")
	g.users["asha"], g.users["ben"] = "open sesame", "ben's"
	me := g.browser()
	require.Equal(t, 200, g.password(me, "asha", "open sesame"))
	send := func(page, path string, fields url.Values) (int, string) { return g.send(me, page, path, fields) }
	return g, send, func(path string) (int, string) { return g.get(me, path) }
}

func TestAProfileIsOnesOwn(t *testing.T) {
	g, send, get := loggedIn(t)
	code, text := get("/profile")
	require.Equal(t, 200, code)
	for _, want := range []string{
		"You entered •••123.", "Your operators have set •••@example.org.", "Not set.", "Start with the country code", "Fourth choice", `name="remove" value="phone"`, `<option value="voice" selected>phone call`,
		"You are reached by <b>push message</b>", `href="/calendar/person-asha.ics"`, `<label for="p-fax">fax</label>`,
	} {
		require.Contains(t, text, want)
	}
	code, text = send("/profile", "/profile", url.Values{"phone": {"+44 7700 900777"}, "remove": {"email"}, "order": {"", "email", "push", ""}, "person": {"ben"}})
	require.Equal(t, 200, code)
	require.Contains(t, text, "Saved.")
	require.Equal(t, []board.ProfileChange{{
		Put:    map[string]string{"phone": "+44 7700 900777", "email": "", "ntfy": "", "pushover": "", "slack": "", "pagerduty": "", "victorops": ""},
		Remove: map[string]bool{"email": true}, Order: []string{"email", "push"},
	}}, g.desk.entered)
	code, text = send("/profile", "/profile", url.Values{"phone": {"0 900777"}, "order": {"sms"}})
	require.Equal(t, 400, code)
	require.Contains(t, text, "Nothing was changed.")
	require.Contains(t, text, `<option value="sms" selected>`, "the order stays")
	require.NotContains(t, text, "900777")
	for _, deed := range g.desk.deeds {
		require.NotContains(t, deed.Details, "900", "the audit says what was changed, not into what")
	}
	require.Equal(t, "asha phone entered", g.desk.deeds[1].Details)

	code, text = send("/profile", "/profile/test", url.Values{})
	require.Equal(t, 200, code)
	require.Contains(t, text, "the provider took it after 0.2 s")
	require.Contains(t, text, "not sent: no channel or no address")
	require.Equal(t, []string{"asha Asha Rao"}, g.desk.tried)
	send("/profile", "/profile/calendar", url.Values{"do": {"renew"}})
	send("/profile", "/profile/calendar", url.Values{"do": {"stop"}})
	require.Equal(t, []string{"asha renews person asha true", "asha renews person asha false"}, g.desk.acknowledged)
}

// Without a login anybody could say that they are somebody, and have that
// person's messages sent elsewhere.
func TestWhoHasNoProfile(t *testing.T) {
	d := &desk{}
	open := serve(t, d)
	response, text := ask(t, "GET", open.URL+"/profile", "")
	require.Equal(t, 403, response.StatusCode)
	require.Contains(t, text, "you have a profile only when you are logged in")
	for _, path := range []string{"/profile", "/profile/test", "/profile/calendar"} {
		response, _ = ask(t, "POST", open.URL+path, "person=asha")
		require.Equal(t, 403, response.StatusCode, path)
	}
	response, _ = ask(t, "GET", open.URL+"/people", "")
	require.Equal(t, 303, response.StatusCode, "to the login")
	require.Empty(t, d.entered)
	require.Empty(t, d.tried)
	g, _, _ := loggedIn(t)
	g.users["guest"] = "guest"
	guest := g.browser()
	require.Equal(t, 200, g.password(guest, "guest", "guest"))
	code, text := g.get(guest, "/profile")
	require.Equal(t, 403, code)
	require.Contains(t, text, "which the catalogue gives to nobody")
}

// Who may only read has a profile too: product managers are told, and answer
// nothing.
func TestAReadersProfile(t *testing.T) {
	g, _, _ := loggedIn(t)
	reader := g.browser()
	require.Equal(t, 200, g.password(reader, "ben", "ben's"))
	code, _ := g.send(reader, "/profile", "/profile", url.Values{"phone": {"+44 1"}})
	require.Equal(t, 200, code)
	require.Len(t, g.desk.entered, 1)
	code, _ = g.get(reader, "/people")
	require.Equal(t, 403, code)
	code, _ = g.send(reader, "/profile", "/people/asha/drop", url.Values{})
	require.Equal(t, 403, code)
}

func TestAnAdminSeesWhoIsReached(t *testing.T) {
	g, send, get := loggedIn(t)
	code, text := get("/people")
	require.Equal(t, 200, code)
	for _, want := range []string{"Reached by <b>push message</b>", "Entered by themselves: phone.", "In the file: email.", "Nothing reaches them.", "Not in the catalogue any more"} {
		require.Contains(t, text, want)
	}
	require.NotContains(t, text, "•••", "an admin sees that it is set, and no more")
	_, text = send("/people", "/people/ben/test", url.Values{})
	require.Contains(t, text, "The test message to Ben")
	require.Equal(t, []string{"ben Asha Rao"}, g.desk.tried)
	send("/people", "/people/eve/drop", url.Values{})
	require.Equal(t, "POST /people/eve/drop", g.desk.deeds[len(g.desk.deeds)-1].What, "the audit says whom it was about")
	require.Equal(t, []string{"forget eve"}, g.desk.acknowledged)
	require.Equal(t, "eve", g.desk.deeds[len(g.desk.deeds)-1].Details)
}

// After some wrong passwords nobody of this address gets another try for this
// name, not even with the right one; others do.
func TestGuessingAPasswordTakesLong(t *testing.T) {
	g, _, get := loggedIn(t)
	for range 8 {
		require.Equal(t, 401, g.password(g.browser(), "asha", "wrong"))
	}
	require.Equal(t, 429, g.password(g.browser(), "asha", "open sesame"))
	require.Equal(t, 200, g.password(g.browser(), "ben", "ben's"))
	code, _ := get("/profile")
	require.Equal(t, 200, code, "who is logged in already stays so")
	g.now = g.now.Add(10 * time.Second)
	require.Equal(t, 200, g.password(g.browser(), "asha", "open sesame"))
}
