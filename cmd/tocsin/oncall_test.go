package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// TestOnCallPage runs what docs/oncall.md shows.
func TestOnCallPage(t *testing.T) {
	d := newDesktop(t)
	text, err := os.ReadFile("../../docs/oncall.md")
	require.NoError(t, err)
	commands := regexp.MustCompile(`(?m)^\$ tocsin (.*)$`).FindAllStringSubmatch(string(text), -1)
	require.Len(t, commands, 6)
	for _, command := range commands {
		d.tocsin(0, strings.Fields(command[1])...)
	}
}

func TestOnCall(t *testing.T) {
	d := newDesktop(t)
	require.Equal(t, "ROTA  ON CALL   BACKUP  UNTIL                      THEN\nshop  Asha Rao  -       Mon 30 Nov 2026 09:30 GMT  Ben Carter\n", d.tocsin(0, "oncall", "--at=2026-11-26T12:00:00Z"))
	require.Contains(t, d.tocsin(1, "oncall", "--rota=shep"), `there is no rota "shep" (did you mean "shop"?)`)
	require.Contains(t, d.tocsin(1, "oncall", "--at=noon"), `--at: got "noon", want a time such as`)
	require.Contains(t, d.tocsin(1, "oncall", "override", "--rota=shop", "--instead=bem", "--for=8h"), `unknown person "bem" (did you mean "ben"?)`)
	require.Contains(t, d.tocsin(0, "oncall", "override", "--rota=shop", "--instead=ben", "--for=8h", "--reason=concert"), "concert")
	shown := d.tocsin(0, "oncall", "show", "--json")
	require.Contains(t, shown, `"person": "ben"`)
	require.Contains(t, shown, `"entries": true`)
	d.tocsin(0, "oncall", "end", "1")
	require.Contains(t, d.tocsin(0, "oncall", "list"), "Nothing was entered")
	away := d.tocsin(0, "oncall", "--receiver=http://127.0.0.1:1")
	require.Contains(t, away, "warning: these are the turns of the catalogue; what people have entered since is not in them: asking the receiver")
	require.Contains(t, away, "shop ")
}

// Who is away by a calendar that the receiver fetches, only the receiver knows.
func TestOnCallByACalendarThatIsFetched(t *testing.T) {
	leave := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Asha Rao\nDTSTART;VALUE=DATE:20261126\nRRULE:FREQ=DAILY\nEND:VEVENT\nEND:VCALENDAR\n")
	}))
	defer leave.Close()
	d := newDesktop(t)
	written, err := os.ReadFile(filepath.Join(d.folder, "tocsin.yml"))
	require.NoError(t, err)
	d.write("leave", leave.URL)
	d.write("tocsin.yml", strings.Replace(string(written), "people: [asha, ben]}", "people: [asha, ben], absences: [{url_file: leave}]}", 1))
	c, err := catalog.Load(filepath.Join(d.folder, "tocsin.yml"))
	require.NoError(t, err)
	require.NoError(t, d.receiver.Update(c))
	d.receiver.FetchCalendars(t.Context())
	told := d.tocsin(0, "oncall", "--at=2026-11-27T12:00:00Z")
	require.Contains(t, told, "shop  Ben Carter")
	require.NotContains(t, told, "warning")
	require.Contains(t, d.tocsin(0, "oncall", "--at=2026-11-27T12:00:00Z", "--json"), `"entries": true`)

	alone := d.tocsin(0, "oncall", "--at=2026-11-27T12:00:00Z", "--receiver=http://127.0.0.1:1")
	require.Contains(t, alone, "rotas.shop.absences[0].url_file: the receiver fetches this calendar, and what it holds is not known here")
	require.Contains(t, alone, "warning: these are the turns of the catalogue; what people have entered since is not in them: asking the receiver")
	require.Contains(t, alone, "shop  Asha Rao")
}

// A catalogue without a rota, and times as people write them.
func TestOnCallAtATime(t *testing.T) {
	d := newDesktop(t)
	require.Contains(t, d.tocsin(0, "oncall", "--at=2026-11-30 09:29 Europe/London"), "Asha Rao")
	require.Contains(t, d.tocsin(0, "oncall", "--at=2026-11-30 09:30 Europe/London"), "shop  Ben Carter")
	require.Contains(t, d.tocsin(0, "oncall", "override", "--rota=shop", "--instead=ben", "--from=2027-06-01 22:00 Europe/London", "--for=8h"), "2027-06-01T21:00:00Z")
	require.Contains(t, d.tocsin(1, "oncall", "end", "7"), "there is no")
	d.write("tocsin.yml", "monitoring: {team: shop}\nteams: {shop: {}}\nservices: {shop: {team: shop}}\n")
	require.Contains(t, d.tocsin(0, "oncall"), "The catalogue has no rota.\n")
}

// The tool reads a board that only people who log in may see, with its token.
func TestTheToolAtAClosedBoard(t *testing.T) {
	d := newDesktop(t)
	written, err := os.ReadFile(filepath.Join(d.folder, "tocsin.yml"))
	require.NoError(t, err)
	d.write("tocsin.yml", "board: {anonymous: none}\n"+string(written))
	c, err := catalog.Load(filepath.Join(d.folder, "tocsin.yml"))
	require.NoError(t, err)
	require.NoError(t, d.receiver.Update(c))
	require.Contains(t, d.tocsin(0, "incident", "list"), "No incident is open.")
	require.Contains(t, d.tocsin(0, "oncall", "list"), "Nothing was entered")
	require.Contains(t, d.tocsin(0, "maintenance", "list"), "patches")
	d.write("wrong-token", "guess\n")
	require.Contains(t, d.tocsin(1, "incident", "list", "--token-file="+filepath.Join(d.folder, "wrong-token")), "the password or the token is wrong")
}
