package firstrun

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// Every default is good, so that pressing Enter all the way makes a catalogue.
func TestDefaults(t *testing.T) {
	questions := Questions("", "")
	answers := Answers{}
	require.NoError(t, Complete(questions, answers))
	for _, q := range questions {
		require.Contains(t, answers, q.Name)
	}
	c, err := catalog.Parse("tocsin.yml", content(t, answers))
	require.NoError(t, err)
	require.Equal(t, "https://www.example.org/", c.Services["example"].Probes["home"].HTTP.URL)
	require.Equal(t, "example", c.Services["example"].Team)
	require.Equal(t, "Asha Rao", c.People["asha"].Name)
}

// An answer is judged at once, in the catalogue's words, and asked for again.
func TestAsk(t *testing.T) {
	dialogue := strings.Join([]string{
		"www.orchard.example", "https://www.orchard.example/", // the first has no scheme
		"Apple Shop", "shop", // the first is no name
		"Apples: \"fresh\" {daily}",
		"", // the team is called like the service
		"nowhere", "ops@orchard.example",
		"Ben O'Carter, the second", "",
		"Europe/Londn", "Europe/London",
		"relay", "relay.orchard.example:587",
		"beats", "https://beats.orchard.example/ping",
	}, "\n") + "\n"
	var out bytes.Buffer
	answers := Answers{}
	require.NoError(t, Ask(t.Context(), Questions("", ""), answers, strings.NewReader(dialogue), &out))
	for _, want := range []string{
		"Which address shall be watched? [https://www.example.org/] ",
		`  got "www.orchard.example", want an address with http:// or https:// and a host`,
		"What do people call what is behind it? [orchard] ",
		`  malformed name (got "Apple Shop", want at most 63 letters, digits, - and _, beginning with a letter or digit)`,
		`  got "nowhere", want a mail address such as team@example.org`,
		`  unknown timezone "Europe/Londn" (want a name such as Europe/London or UTC)`,
		`  malformed address (got "relay", want host:port such as db.example.org:5432)`,
	} {
		require.Contains(t, out.String(), want)
	}
	c, err := catalog.Parse("tocsin.yml", content(t, answers))
	require.NoError(t, err)
	require.Equal(t, `Apples: "fresh" {daily}`, c.Services["shop"].Probes["home"].HTTP.Body)
	require.Equal(t, "Ben O'Carter, the second", c.People["ben"].Name)
	require.Equal(t, []string{"ops@orchard.example"}, c.Teams["shop"].Channels.Email.To)
	require.Equal(t, "relay.orchard.example:587", c.Delivery.SMTP.Host)
	require.Equal(t, "https://beats.orchard.example/ping", c.Monitoring.Heartbeat.URL)
}

// What a flag has answered is not asked.
func TestAskOnlyWhatIsOpen(t *testing.T) {
	var out bytes.Buffer
	answers := Answers{"url": "https://a.example/", "service": "a", "body": "", "team": "a", "email": "a@a.example", "person": "A", "timezone": "UTC", "relay": "localhost:25", "heartbeat": ""}
	require.NoError(t, Ask(t.Context(), Questions("", ""), answers, strings.NewReader("b@a.example\n"), &out))
	require.Equal(t, 1, strings.Count(out.String(), "?"))
	require.Equal(t, "b@a.example", answers["person-email"])
	answers["timezone"] = "Mars"
	require.EqualError(t, Ask(t.Context(), Questions("", ""), answers, strings.NewReader(""), &out), `--timezone: unknown timezone "Mars" (want a name such as Europe/London or UTC)`)
	require.EqualError(t, Complete(Questions("", ""), Answers{"relay": "x"}), `--relay: malformed address (got "x", want host:port such as db.example.org:5432)`)
}

func TestAskEnds(t *testing.T) {
	require.ErrorIs(t, Ask(t.Context(), Questions("", ""), Answers{}, strings.NewReader("https://a.example/\n"), io.Discard), ErrEnded)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	never, nobody := io.Pipe()
	defer nobody.Close()
	require.EqualError(t, Ask(ctx, Questions("", ""), Answers{}, never, io.Discard), "interrupted: nothing was written")
}

// The file of the person on call is private, and is what the catalogue names.
func TestFiles(t *testing.T) {
	answers := Answers{"person": "Zoë Quinn", "person-email": "zoe@orchard.example"}
	require.NoError(t, Complete(Questions("", ""), answers))
	files := Files("estate.yml", answers)
	require.Equal(t, "contacts/zo.yml", files[0].Name)
	require.True(t, files[0].Private)
	require.Contains(t, string(files[0].Content), "email: zoe@orchard.example\n")
	require.Equal(t, "estate.yml", files[1].Name)
	require.Contains(t, string(files[1].Content), "contacts/zo.yml")
}

func content(t *testing.T, answers Answers) []byte {
	t.Helper()
	files := Files("tocsin.yml", answers)
	return files[len(files)-1].Content
}
