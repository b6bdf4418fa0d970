package receiver_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall"
	"github.com/tocsin-monitoring/tocsin/catalog/maintenance"
)

// onCall asks the API who is on call for the shop.
func (h *house) onCall() board.OnCall {
	h.t.Helper()
	var answer struct {
		Rotas []board.OnCall `json:"rotas"`
	}
	require.NoError(h.t, json.Unmarshal([]byte(h.request(http.MethodGet, "/api/v1/oncall", "", 200, `"rotas"`)), &answer))
	require.Len(h.t, answer.Rotas, 1)
	return answer.Rotas[0]
}

var asha = maintenance.Who{Name: "asha", Via: "the board"}

// Who stands in is paged, also after a restart, and not any more once it was
// taken back.
func TestWhoStandsInIsPaged(t *testing.T) {
	h := newHouse(t)
	e, err := h.receiver.Enter(t.Context(), oncall.Request{Kind: oncall.Override, Rota: "shop", Instead: "ben", Duration: "8h", Reason: "concert"}, asha)
	require.NoError(t, err)
	require.Equal(t, "ben", h.onCall().Person)
	h.stop()
	h.open()
	require.Equal(t, "ben", h.onCall().Person)
	require.Equal(t, e.ID, h.onCall().Entry)
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	i := h.settled(1, sent("ben", "push"))
	require.False(t, sent("asha", "push")(i))
	ended, err := h.receiver.EndEntry(t.Context(), e.ID, asha)
	require.NoError(t, err)
	require.Equal(t, []maintenance.Deed{maintenance.Opened, maintenance.Ended}, []maintenance.Deed{ended.Acts[0].What, ended.Acts[1].What})
	require.Equal(t, "asha", h.onCall().Person)
	_, err = h.receiver.EndEntry(t.Context(), 99, asha)
	require.ErrorIs(t, err, board.ErrNoEntry)
}

func TestOnlyTurnsThatPeopleHaveAreSwapped(t *testing.T) {
	h := newHouse(t)
	_, err := h.receiver.Enter(t.Context(), oncall.Request{Kind: oncall.Swap, Rota: "shop", Person: "ben", Instead: "asha", Duration: "1h"}, asha)
	require.ErrorContains(t, err, "Ben Carter is not on call for shop between")
	_, err = h.receiver.Enter(t.Context(), oncall.Request{Kind: oncall.Swap, Rota: "shop", Person: "asha", Instead: "ben", Duration: "1h"}, asha)
	require.NoError(t, err)
	require.Equal(t, "ben", h.onCall().Person)
}

// An entry for somebody who has left the catalogue changes nothing: whoever's
// turn it is stays on call.
func TestWhoHasLeftDoesNotStandIn(t *testing.T) {
	h := newHouse(t)
	_, err := h.receiver.Enter(t.Context(), oncall.Request{Kind: oncall.Override, Rota: "shop", Instead: "pat", Duration: "8h"}, asha)
	require.NoError(t, err)
	require.Equal(t, "pat", h.onCall().Person)
	h.catalog(strings.NewReplacer("  pat: {name: Pat Quinn, contacts: {file: pat.yml}}\n", "", "product_manager: pat, ", "").Replace(estate))
	h.reload()
	require.Equal(t, "asha", h.onCall().Person)
}

// A calendar that is written anew counts without a reload.
func TestACalendarThatChanges(t *testing.T) {
	h := newHouse(t)
	day := h.now().UTC().Add(-24 * time.Hour).Format("20060102")
	event := "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:1\nDTSTART;VALUE=DATE:" + day + "\nDURATION:P4D\nEND:VEVENT\nEND:VCALENDAR\n"
	h.write("away.ics", strings.ReplaceAll(event, "P4D", "P0D"))
	h.catalog(strings.Replace(estate, "people: [asha], backup", "people: [asha, mo], start: 2001-01-01, absences: [{file: away.ics, person: asha}, {file: away.ics, person: mo}], backup", 1))
	h.reload()
	require.NotEmpty(t, h.onCall().Person)
	h.receiver.ReadCalendars()
	h.write("away.ics", event)
	h.receiver.ReadCalendars()
	require.Empty(t, h.onCall().Person, "both are away")
	require.NoError(t, testutil.GatherAndCompare(h.registry, strings.NewReader(`
# HELP tocsin_rota_covered 1 when somebody is on call for the rota, or its gaps are meant; 0 when nobody is.
# TYPE tocsin_rota_covered gauge
tocsin_rota_covered{rota="shop"} 0
# HELP tocsin_rota_next_gap_seconds For how long somebody is on call from now on, up to two weeks; 0 in a gap. There is none where gaps are meant.
# TYPE tocsin_rota_next_gap_seconds gauge
tocsin_rota_next_gap_seconds{rota="shop"} 0
`), "tocsin_rota_covered", "tocsin_rota_next_gap_seconds"))
}

// The API wants a token, says what is wrong, and answers what was entered.
func TestEntriesThroughTheAPI(t *testing.T) {
	h := newWorks(t)
	send := func(path, body string, code int) string {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.url+"/api/v1/oncall/entries"+path, strings.NewReader(body))
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer hush")
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, code, response.StatusCode, string(text))
		return string(text)
	}
	require.Contains(t, send("", `{"kind": "override"}`, 400), "the end is missing: give a duration such as \\\"8h\\\", or until; rota is missing; instead is missing")
	require.Contains(t, send("", `{"kind": "override", "rota": "shop", "instead": "bem", "duration": "1h"}`, 400), `unknown person \"bem\" (did you mean \"ben\"?)`)
	text := send("", `{"kind": "override", "rota": "shop", "instead": "ben", "duration": "1h", "by": "mo"}`, 201)
	require.Contains(t, text, `"by":"mo","via":"the API with the token deploy"`)
	require.Equal(t, "ben", h.onCall().Person)
	h.request(http.MethodGet, "/api/v1/oncall/entries", "", 200, `"instead":"ben"`)
	require.Contains(t, send("/1/end", "", 200), `"what":"ended","by":"deploy"`)
	require.Equal(t, "asha", h.onCall().Person)
	send("/2/end", "", 404)
}

// feed is the secret of somebody's calendar.
func (h *house) feed(person string) string {
	h.t.Helper()
	token, err := h.receiver.FeedToken(h.t.Context(), board.FeedPerson, person)
	require.NoError(h.t, err)
	return token
}

func TestFeedTokensCannotBeMade(t *testing.T) {
	h := newHouse(t)
	token := h.feed("asha")
	kind, name, err := h.receiver.CheckFeed(t.Context(), token)
	require.NoError(t, err)
	require.Equal(t, []string{"person", "asha"}, []string{kind, name})
	for _, bad := range []string{"", ".", token + "x", strings.Split(token, ".")[0], "cGVyc29uIGJlbg." + strings.Split(token, ".")[1]} {
		_, _, err := h.receiver.CheckFeed(t.Context(), bad)
		require.ErrorIs(t, err, board.ErrFeed, bad)
	}
	_, _, err = h.receiver.CheckToken(token)
	require.Error(t, err, "it acknowledges nothing")
}

// An address of a calendar is good until it is renewed, or until whom it is for
// leaves the catalogue.
func TestAddressesOfCalendarsEnd(t *testing.T) {
	h := newHouse(t)
	good := func(token string) {
		t.Helper()
		_, name, err := h.receiver.CheckFeed(t.Context(), token)
		require.NoError(t, err)
		require.Equal(t, "pat", name)
	}
	bad := func(token, why string) {
		t.Helper()
		_, _, err := h.receiver.CheckFeed(t.Context(), token)
		require.ErrorIs(t, err, board.ErrFeed, why)
	}
	renew := func(person string, open bool) error {
		return h.receiver.RenewFeed(t.Context(), board.FeedPerson, person, open, "pat")
	}
	first, other := h.feed("pat"), h.feed("mo")
	good(first)
	require.NoError(t, renew("pat", true))
	second := h.feed("pat")
	bad(first, "it was renewed")
	good(second)
	require.Equal(t, other, h.feed("mo"), "everybody else's stays")
	require.NoError(t, renew("pat", false))
	require.Empty(t, h.feed("pat"))
	bad(second, "it was switched off")
	require.NoError(t, renew("pat", true))
	good(h.feed("pat"))
	require.ErrorContains(t, renew("eve", true), `there is no person "eve"`)

	last := h.feed("pat")
	h.catalog(strings.NewReplacer("  pat: {name: Pat Quinn, contacts: {file: pat.yml}}\n", "", "product_manager: pat, ", "").Replace(estate))
	h.reload()
	bad(last, "pat has left")
}
