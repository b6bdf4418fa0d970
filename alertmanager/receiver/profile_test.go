package receiver_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board/login"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// enter has somebody fill in their profile.
func (h *house) enter(person string, change board.ProfileChange) []string {
	h.t.Helper()
	changed, err := h.receiver.ChangeProfile(h.t.Context(), person, change)
	require.NoError(h.t, err)
	return changed
}

func (h *house) profile(person string) board.Profile {
	h.t.Helper()
	p, err := h.receiver.Profile(h.t.Context(), person)
	require.NoError(h.t, err)
	return p
}

// masked is a profile's lines as its owner sees them.
func masked(p board.Profile) map[string]string {
	lines := map[string]string{}
	for _, line := range p.Lines {
		if line.From != "" {
			lines[line.Key] = line.From + " " + line.Masked
		}
	}
	return lines
}

// What somebody enters counts instead of the file, line by line, for the next
// message.
func TestAProfileCountsBeforeTheFile(t *testing.T) {
	h := newHouse(t)
	require.Equal(t, map[string]string{"email": "file •••@example.org", "ntfy": "file •••"}, masked(h.profile("asha")))
	changed := h.enter("asha", board.ProfileChange{
		Put: map[string]string{"email": " asha@home.example.org ", "phone": "+44 7700 900123"}, Order: []string{"email", "voice"},
	})
	require.Equal(t, []string{"email entered", "phone entered", "order"}, changed)
	p := h.profile("asha")
	require.Equal(t, map[string]string{"email": "profile •••@home.example.org", "phone": "profile •••123", "ntfy": "file •••"}, masked(p))
	require.Equal(t, []string{"email", "push"}, p.Ways, "there is no channel for calls")
	require.Equal(t, []string{"email", "voice", "push", "sms"}, p.Usual)

	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	h.mail("asha@home.example.org", 1)
	h.mail("push:asha", 1)
	require.Empty(t, h.inbox.Messages("asha@example.org"))
	require.Equal(t, []string{"asha"}, h.receiver.Callbacks().People(func(c notify.Contacts) bool { return c.Phone == "+44 7700 900123" }))

	require.Equal(t, []string{"email removed", "order"}, h.enter("asha", board.ProfileChange{Remove: map[string]bool{"email": true}}))
	require.Equal(t, "file •••@example.org", masked(h.profile("asha"))["email"], "the file's is there again")
	require.Empty(t, h.enter("asha", board.ProfileChange{}), "nothing was changed")
	require.NoError(t, h.receiver.DropProfile(t.Context(), "asha"))
	require.NotContains(t, masked(h.profile("asha")), "phone")
}

// Who has no file, or one that nobody can read, is reached by the profile.
func TestAProfileWithoutAFile(t *testing.T) {
	h := newHouse(t)
	h.catalog(strings.Replace(estate, "asha: {name: Asha Rao, contacts: {file: asha.yml}}", "asha: {name: Asha Rao}", 1))
	require.NoError(t, os.Remove(filepath.Join(h.folder, "ben.yml")))
	h.reload()
	turn := h.receiver.Turns(h.now())[0]
	require.Equal(t, []string{"Asha Rao", "Ben Carter"}, turn.Unreached)
	h.enter("asha", board.ProfileChange{Put: map[string]string{"ntfy": "asha-2"}})
	h.enter("ben", board.ProfileChange{Put: map[string]string{"ntfy": "ben-2"}})
	require.Empty(t, h.receiver.Turns(h.now())[0].Unreached)
	require.Contains(t, h.profile("ben").Problem, "cannot be read")
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	h.mail("push:asha-2", 1)
	tried, err := h.receiver.Try(t.Context(), "ben", nil, "ben")
	require.NoError(t, err)
	require.Len(t, tried, 4)
	h.mail("push:ben-2", 1)
}

func TestWhatAProfileRefuses(t *testing.T) {
	h := newHouse(t)
	h.enter("ben", board.ProfileChange{Put: map[string]string{"phone": "+44 7700 900123", "slack": "U0BEN"}})
	cases := []struct {
		name, key, value string
		order            []string
		want             string
	}{
		{"an address", "email", "private", nil, "email: want one address such as name@example.org"},
		{"a national number", "phone", "07700 private", nil, "phone: want the international form, such as +44 7700 900000"},
		{"a short number", "phone", "+44", nil, "phone: want the international form, such as +44 7700 900000"},
		{"a topic", "ntfy", "private/topic", nil, "ntfy: want a topic of letters, digits, _ and -, at most 64"},
		{"a user key", "pushover", "private", nil, "pushover: want a user key of 30 letters and digits"},
		{"another's number", "phone", "+447700900123", nil, "phone: somebody else has this one, and nobody could tell whose answer it was"},
		{"another's Slack", "slack", "U0BEN", nil, "slack: somebody else has this one, and nobody could tell whose answer it was"},
		{"a way", "", "", []string{"telex"}, "order: want ways out of push, sms, voice, email"},
		{"a way twice", "", "", []string{"push", "push"}, "order: push stands in it twice"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			before := masked(h.profile("asha"))
			_, err := h.receiver.ChangeProfile(t.Context(), "asha", board.ProfileChange{Put: map[string]string{c.key: c.value}, Order: c.order})
			require.EqualError(t, err, c.want)
			require.NotContains(t, err.Error(), "private")
			require.Equal(t, before, masked(h.profile("asha")))
		})
	}
	_, err := h.receiver.ChangeProfile(t.Context(), "eve", board.ProfileChange{})
	require.ErrorIs(t, err, board.ErrNobody)
}

// Everybody's list has no address in it, nor has anything that is logged or
// shown of a delivery that failed.
func TestNobodyLearnsAnAddress(t *testing.T) {
	var logged bytes.Buffer
	kept, err := store.Open(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, kept.Close()) })
	r, err := receiver.New(t.Context(), receiver.Options{Store: kept, Logger: log.NewLogfmtLogger(log.NewSyncWriter(&logged))})
	require.NoError(t, err)
	c, err := catalog.Parse("tocsin.yml", []byte("monitoring: {team: shop}\nteams: {shop: {}}\nservices: {}\npeople: {asha: {name: Asha}, ben: {name: Ben}}\n"))
	require.NoError(t, err)
	require.NoError(t, r.Update(c))
	secrets := map[string]string{"email": "somewhere@example.org", "phone": "+44 7700 900123", "ntfy": "hidden-topic", "pushover": strings.Repeat("k", 30), "slack": "U0SECRET"}
	_, err = r.ChangeProfile(t.Context(), "asha", board.ProfileChange{Put: secrets})
	require.NoError(t, err)
	handler, err := board.New(board.Options{Desk: r})
	require.NoError(t, err)
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/oncall", nil))
	all, err := r.Profiles(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 2)
	for _, line := range all[0].Lines {
		for _, secret := range secrets {
			require.NotContains(t, line.Masked, secret)
		}
	}
	require.Contains(t, logged.String(), `msg="A profile was changed" person=asha what="email entered, phone entered, ntfy entered, pushover entered, slack entered"`)
	for _, secret := range secrets {
		require.NotContains(t, logged.String()+answer.Body.String(), secret)
	}
	c, err = catalog.Parse("tocsin.yml", []byte("monitoring: {team: shop}\nteams: {shop: {}}\nservices: {}\npeople: {ben: {name: Ben}}\n"))
	require.NoError(t, err)
	require.NoError(t, r.Update(c))
	all, err = r.Profiles(t.Context())
	require.NoError(t, err)
	require.Equal(t, "asha", all[1].Person)
	require.True(t, all[1].Gone, "asha has left, and an admin can have it forgotten")
	require.Empty(t, all[1].Lines)
}

// Whoever logs out of one receiver is out of the other one that shares the
// database.
func TestLoggingOutCountsEverywhere(t *testing.T) {
	kept, err := store.Open(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, kept.Close()) })
	c, err := catalog.Parse("tocsin.yml", []byte("monitoring: {team: shop}\nteams: {shop: {}}\nservices: {}\npeople: {asha: {name: Asha}}\nboard: {session: 1h}\n"))
	require.NoError(t, err)
	gate := func() *login.Gate {
		r, err := receiver.New(t.Context(), receiver.Options{Store: kept})
		require.NoError(t, err)
		require.NoError(t, r.Update(c))
		return login.New(login.Options{Key: []byte("key"), Catalog: r.Catalog, Passwords: anyPassword{}, Sessions: r, Now: time.Now})
	}
	first, second := gate(), gate()
	request := httptest.NewRequest(http.MethodGet, "/login/password", nil)
	request.SetBasicAuth("asha", "sesame")
	visitor, err := first.Visitor(request)
	require.NoError(t, err)
	answer := httptest.NewRecorder()
	require.True(t, first.Password(answer, request, visitor))
	back := httptest.NewRequest(http.MethodPost, "/logout", nil)
	for _, cookie := range answer.Result().Cookies() {
		back.AddCookie(cookie)
	}
	who := func(g *login.Gate) string {
		v, err := g.Visitor(back)
		require.NoError(t, err)
		return v.Person
	}
	require.Equal(t, "asha", who(second))
	require.NoError(t, first.End(httptest.NewRecorder(), back))
	require.Empty(t, who(first))
	require.Empty(t, who(second))
}

type anyPassword struct{}

func (anyPassword) Any() (bool, error)                 { return true, nil }
func (anyPassword) Has(string) (bool, error)           { return true, nil }
func (anyPassword) Check(string, string) (bool, error) { return true, nil }
