package inbox_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/smtp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/internal/inbox"
)

func start(t *testing.T) *inbox.Inbox {
	t.Helper()
	box, err := inbox.New(inbox.Options{SMTP: "127.0.0.1:0", Web: "127.0.0.1:0"})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- box.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	return box
}

const multipart = "Subject: =?utf-8?q?Shop_is_down_=E2=80=93_503?=\r\n" +
	"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThe shop is down.\r\n" +
	"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p onclick=x()>The <b>shop</b></p><script>alert(1)</script>\r\n--b--\r\n"

func send(t *testing.T, box *inbox.Inbox, to []string, text string) error {
	t.Helper()
	return smtp.SendMail(box.SMTPAddr(), nil, "tocsin@example.org", to, []byte(text))
}

func fetch(t *testing.T, address string) (*http.Response, string) {
	t.Helper()
	answer, err := http.Get(address) //nolint:noctx // the test's listener
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer, string(body)
}

func TestMailIsCaughtAndShown(t *testing.T) {
	box := start(t)
	require.NoError(t, send(t, box, []string{"a@example.org", "b@example.org"}, multipart))

	_, list := fetch(t, box.URL()+"/")
	require.Contains(t, list, "Shop is down – 503")
	require.Contains(t, list, "a@example.org, b@example.org")
	_, page := fetch(t, box.URL()+"/messages/1")
	require.Contains(t, page, `<iframe sandbox="allow-popups allow-popups-to-escape-sandbox" title="The message" src="/messages/1/html">`)
	require.Contains(t, page, "The shop is down.")
	require.NotContains(t, page, "<script>", "a message's HTML never stands in our own page")
	_, raw := fetch(t, box.URL()+"/messages/1/raw")
	require.Contains(t, raw, "boundary=b")
}

func TestMessageHTMLIsSandboxed(t *testing.T) {
	box := start(t)
	require.NoError(t, send(t, box, []string{"a@example.org"}, multipart))

	answer, _ := fetch(t, box.URL()+"/messages/1/html")
	policy := answer.Header.Get("Content-Security-Policy")
	require.Contains(t, policy, "sandbox allow-popups ")
	require.Contains(t, policy, "default-src 'none'")
	require.NotContains(t, policy, "script")
}

func TestAPIFiltersByMailbox(t *testing.T) {
	box := start(t)
	require.NoError(t, send(t, box, []string{"a@example.org"}, "Subject: one\r\n\r\nfirst"))
	require.NoError(t, send(t, box, []string{"b@example.org"}, "Subject: two\r\n\r\nsecond"))

	var found []inbox.Message
	_, body := fetch(t, box.URL()+"/api/messages?to=B@example.org")
	require.NoError(t, json.Unmarshal([]byte(body), &found))
	require.Len(t, found, 1)
	require.Equal(t, "two", found[0].Subject)
	require.Equal(t, "second", strings.TrimSpace(found[0].Text))

	_, body = fetch(t, box.URL()+"/api/messages")
	require.NoError(t, json.Unmarshal([]byte(body), &found))
	require.Equal(t, []string{"two", "one"}, []string{found[0].Subject, found[1].Subject}, "the newest first")
}

func TestEventsTellOfNewMail(t *testing.T) {
	box := start(t)
	answer, err := http.Get(box.URL() + "/events") //nolint:noctx // the test's listener
	require.NoError(t, err)
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	require.True(t, lines.Scan(), "the stream is open")

	require.NoError(t, send(t, box, []string{"a@example.org"}, "Subject: one\r\n\r\nfirst"))
	for lines.Scan() {
		if lines.Text() == "event: change" {
			return
		}
	}
	t.Fatal("the stream ended without an event")
}

func TestNumberAndSizeAreBounded(t *testing.T) {
	box := start(t)
	for i := range 510 {
		require.NoError(t, send(t, box, []string{"a@example.org"}, fmt.Sprintf("Subject: %d\r\n\r\nx", i)))
	}
	kept := box.Messages("")
	require.Len(t, kept, 500)
	require.Equal(t, "509", kept[0].Subject)
	require.Equal(t, "10", kept[499].Subject)

	err := send(t, box, []string{"a@example.org"}, "Subject: big\r\n\r\n"+strings.Repeat(strings.Repeat("x", 70)+"\r\n", 20_000))
	require.Error(t, err)
	require.Equal(t, "509", box.Messages("")[0].Subject)
}

func TestNotUnderstoodIsShownAsItCame(t *testing.T) {
	box := start(t)
	require.NoError(t, send(t, box, []string{"a@example.org"}, "\x00\x01 no header\r\n"))
	require.Len(t, box.Messages("a@example.org"), 1)
}

func TestPushIsCaught(t *testing.T) {
	tests := []struct{ name, path, title, body string }{
		{"json", "/push", "", `{"topic": "asha", "title": "Shop is down", "message": "Every page answers 503."}`},
		{"json with a slash", "/push/", "", `{"topic": "asha", "title": "Shop is down", "message": "Every page answers 503."}`},
		{"text", "/push/asha", "Shop is down", "Every page answers 503."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			box := start(t)
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, box.URL()+test.path, strings.NewReader(test.body))
			require.NoError(t, err)
			request.Header.Set("Title", test.title)
			answer, err := http.DefaultClient.Do(request)
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
			require.Equal(t, http.StatusOK, answer.StatusCode)
			caught := box.Messages("push:asha")
			require.Len(t, caught, 1)
			require.Equal(t, "Shop is down", caught[0].Subject)
			require.Equal(t, "Every page answers 503.", caught[0].Text)
		})
	}
}

func TestPushWithoutTopicIsRefused(t *testing.T) {
	box := start(t)
	answer, err := http.Post(box.URL()+"/push", "application/json", strings.NewReader("{}")) //nolint:noctx // the test's listener
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusBadRequest, answer.StatusCode)
	require.Empty(t, box.Messages(""))
}

func TestEmptyingAndMissing(t *testing.T) {
	box := start(t)
	require.NoError(t, send(t, box, []string{"a@example.org"}, "Subject: one\r\n\r\nx"))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, box.URL()+"/api/messages", nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Empty(t, box.Messages(""))

	answer, body := fetch(t, box.URL()+"/messages/1")
	require.Equal(t, http.StatusNotFound, answer.StatusCode)
	require.Contains(t, body, "no such message")
}
