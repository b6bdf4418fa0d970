package notify_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

// The suite of every channel that speaks HTTP before servers, proxies and
// networks that mean no good: what the channel makes of them, that it comes back
// within bounds, and that nothing of theirs gets into an error but a status.

// overHTTP runs a test for every channel that does, each with a fake of its own.
func overHTTP(t *testing.T, test func(t *testing.T, kind notify.Kind, p provider)) {
	t.Helper()
	for name, p := range providers(t) {
		if name == "email/smtp" {
			continue // see smtp_test.go
		}
		t.Run(name, func(t *testing.T) {
			way, service, _ := strings.Cut(name, "/")
			for _, kind := range notify.Kinds() {
				if kind.Way == way && kind.Name == service {
					test(t, kind, p)
				}
			}
		})
	}
}

// harmless is what every error has to be.
func harmless(t *testing.T, err error) *notify.Error {
	t.Helper()
	require.Error(t, err)
	for _, text := range append([]string{"tocsin_proxy_s3cret"}, hidden...) {
		require.NotContains(t, err.Error(), text)
	}
	require.LessOrEqual(t, len(err.Error()), 300)
	for _, r := range err.Error() {
		require.True(t, unicode.IsPrint(r), "%q", err)
	}
	sorted, ok := errors.AsType[*notify.Error](err)
	require.True(t, ok)
	return sorted
}

func sendTo(ctx context.Context, t *testing.T, kind notify.Kind, p provider, base string, client *http.Client) error {
	t.Helper()
	_, err := channelsAt(t, p, base, client)[kind.Way].Send(ctx, message(kind))
	return err
}

func TestWhatEveryStatusMeans(t *testing.T) {
	statuses := map[int]bool{ // whether it is permanent
		300: true, 304: true, 400: true, 401: true, 403: true, 404: true, 409: true, 410: true, 413: true, 422: true,
		408: false, 425: false, 429: false, 500: false, 502: false, 503: false, 504: false, 529: false,
	}
	overHTTP(t, func(t *testing.T, kind notify.Kind, p provider) {
		for status, permanent := range statuses {
			if kind.Way == incident.WayIssue && (status == 304 || status == 408 || status == 425) {
				continue // GitHub has no such answers
			}
			server := listen(t, says(page(status, "", `{"message":"`+secret+`","code":20003,"errors":[{"error":"`+secret+`"}]}`)))
			refusal := harmless(t, sendTo(t.Context(), t, kind, p, server.url(), nil))
			require.Equal(t, permanent, refusal.Permanent, "%d: %v", status, refusal)
			require.Contains(t, refusal.Error(), fmt.Sprint(status))
			require.NotContains(t, refusal.Error(), "arrived", "it is known that it has not")
		}
	})
}

func TestWhenToComeBack(t *testing.T) {
	in := func(d time.Duration) string {
		now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC) // by the server's clock
		return "Date: " + now.Format(http.TimeFormat) + "\r\nRetry-After: " + now.Add(d).Format(http.TimeFormat) + "\r\n"
	}
	cases := map[string]time.Duration{
		"Retry-After: 7\r\n": 7 * time.Second, in(90 * time.Second): 90 * time.Second, in(-time.Hour): 0, "Retry-After: soon\r\n": 0,
		"Retry-After: 99999999\r\n": 10 * time.Minute, in(1000 * time.Hour): 10 * time.Minute,
	}
	overHTTP(t, func(t *testing.T, kind notify.Kind, p provider) {
		for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
			for header, want := range cases {
				if kind.Way == incident.WayIssue && (want == 0 || want == 10*time.Minute) {
					continue // GitHub's own rules: see internal/github
				}
				server := listen(t, says(page(status, header, "{}")))
				refusal := harmless(t, sendTo(t.Context(), t, kind, p, server.url(), nil))
				require.False(t, refusal.Permanent)
				require.Equal(t, want, refusal.RetryAfter, "%d %s", status, header)
			}
		}
	})
}

// TestAnAnswerThatIsNotTheProviders: what a portal, a proxy or a stranger says
// with a 200 is no promise to anybody.
func TestAnAnswerThatIsNotTheProviders(t *testing.T) {
	for name, body := range map[string]string{"a page": "<html>Please log in, " + echo, "nothing": "", "a list": "[]", "a word": `"ok"`, "null": "null", "half": `{"id":"x"`} {
		t.Run(name, func(t *testing.T) {
			overHTTP(t, func(t *testing.T, kind notify.Kind, p provider) {
				server := listen(t, says(page(http.StatusOK, "", body)))
				err := sendTo(t.Context(), t, kind, p, server.url(), nil)
				if kind.Way == incident.WayWebhook {
					require.NoError(t, err, "anybody's server may answer as it likes")
					return
				}
				require.False(t, harmless(t, err).Permanent, "%v", err)
			})
		})
	}
}

func TestAnErrorInsideAGoodAnswer(t *testing.T) {
	for name, body := range map[string]string{
		"push/pushover": `{"status":0,"errors":["` + secret + `"]}`, "victorops/victorops": `{"result":"failure","message":"` + secret + `"}`,
		"pagerduty/pagerduty": `{"status":"invalid event","errors":["` + secret + `"]}`, "slack/slack": `{"ok":false,"error":"invalid_auth"}`,
		"sms/twilio": `{"sid":"SM1","status":"failed","error_code":30006}`, "voice/twilio": `{"sid":"CA1","status":"failed"}`,
	} {
		t.Run(name, func(t *testing.T) {
			way, service, _ := strings.Cut(name, "/")
			for _, kind := range notify.Kinds() {
				if kind.Way == way && kind.Name == service {
					server := listen(t, says(page(http.StatusOK, "", body)))
					require.True(t, harmless(t, sendTo(t.Context(), t, kind, providers(t)[name], server.url(), nil)).Permanent)
				}
			}
		})
	}
}

// TestANameThatAProviderGives: what is stored of an answer is a word or nothing.
func TestANameThatAProviderGives(t *testing.T) {
	for _, name := range []string{strings.Repeat("x", 5000), `x y`, `../../x`, `\u001b[31m\u202e`} {
		server := listen(t, says(page(http.StatusOK, "", fmt.Sprintf(`{"ok":true,"id":"%[1]s","sid":"%[1]s","receipt":"%[1]s","status":1,"channel":"%[1]s","ts":"%[1]s"}`, name))))
		overHTTP(t, func(t *testing.T, kind notify.Kind, p provider) {
			if kind.Way == incident.WayIssue {
				return // its names are numbers
			}
			receipt, err := channelsAt(t, p, server.url(), nil)[kind.Way].Send(t.Context(), message(kind))
			if err == nil {
				require.LessOrEqual(t, len(receipt.Thread), 120)
				require.NotContains(t, receipt.Thread, "\x1b")
				require.NotContains(t, receipt.Thread, "../")
			}
		})
	}
}

func TestNothingFollowsARedirect(t *testing.T) {
	other := listen(t, says(page(http.StatusOK, "", "{}")))
	overHTTP(t, func(t *testing.T, kind notify.Kind, p provider) {
		for _, status := range []int{301, 302, 303, 307, 308} {
			for _, to := range []string{other.url() + "/elsewhere", "//" + other.Addr().String(), "http://[" + secret, "https://" + secret + "@\x7f"} {
				server := listen(t, says(page(status, "Location: "+to+"\r\n", "")))
				refusal := harmless(t, sendTo(t.Context(), t, kind, p, server.url(), nil))
				if strings.Contains(to, other.Addr().String()) {
					require.True(t, refusal.Permanent, "%v", refusal)
				}
			}
		}
	})
	require.Zero(t, other.met())
}

// TestAnAnswerWithoutAnEnd: memory and time stay bounded, whichever part of the
// answer it is.
func TestAnAnswerWithoutAnEnd(t *testing.T) {
	const most = 128 << 20 // the 8 MiB that GitHub's lists may have, and what a system lets the sockets of both sides hold: tens of MiB
	cases := map[string]string{
		"a status": "HTTP/1.1 200 ", "a header": "HTTP/1.1 200 OK\r\nX: ", "a good body": "HTTP/1.1 200 OK\r\n\r\n", "a bad body": "HTTP/1.1 500 No\r\n\r\n",
		"a first line": "", "an interim answer": "HTTP/1.1 102 Processing\r\n\r\n",
	}
	for name, start := range cases {
		t.Run(name, func(t *testing.T) {
			overHTTP(t, func(t *testing.T, kind notify.Kind, p provider) {
				taken := make(chan int, 100)
				more := "x"
				if name == "an interim answer" {
					more = start
				}
				server := listen(t, endless(start, more, func(n int) { taken <- n }))
				err := sendTo(t.Context(), t, kind, p, server.url(), nil)
				if name == "a good body" && kind.Way == incident.WayWebhook {
					require.NoError(t, err)
				} else {
					require.False(t, harmless(t, err).Permanent)
				}
				require.Less(t, <-taken, most)
			})
		})
	}
}

func TestWhatIsNotHTTP(t *testing.T) {
	overHTTP(t, func(t *testing.T, kind notify.Kind, p provider) {
		for _, text := range []string{
			"SSH-2.0-" + echo + "\r\n", "HTTP/1.1 " + echo + "\r\n\r\n", "HTTP/1.1 200 OK\r\n" + echo + "\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: " + secret + "\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + secret + "\r\n\r\n", "\x00\x01\x02",
		} {
			server := listen(t, answering(func(conn net.Conn, _ *http.Request) bool {
				_, _ = conn.Write([]byte(text))
				return false
			}))
			require.False(t, harmless(t, sendTo(t.Context(), t, kind, p, server.url(), nil)).Permanent, text)
		}
	})
}

// TestAConnectionThatIsReset after the whole message has left: nobody knows
// whether it was taken, so it is sent again, and the timeline says so.
func TestAConnectionThatIsReset(t *testing.T) {
	overHTTP(t, func(t *testing.T, kind notify.Kind, p provider) {
		server := listen(t, answering(func(conn net.Conn, _ *http.Request) bool {
			_ = conn.(*net.TCPConn).SetLinger(0)
			return false
		}))
		refusal := harmless(t, sendTo(t.Context(), t, kind, p, server.url(), nil))
		require.False(t, refusal.Permanent)
		require.Contains(t, refusal.Error(), "the connection broke")
		if kind.Way != incident.WayIssue { // whose mark is looked for
			require.Contains(t, refusal.Error(), "; the message may have arrived")
		}
		require.Equal(t, 1, server.met(), "only the dispatcher sends again")
	})
}

func TestNobodyListens(t *testing.T) {
	server := listen(t, func(net.Conn) {})
	require.NoError(t, server.Close())
	overHTTP(t, func(t *testing.T, kind notify.Kind, p provider) {
		refusal := harmless(t, sendTo(t.Context(), t, kind, p, server.url(), nil))
		require.False(t, refusal.Permanent)
		require.Contains(t, refusal.Error(), "the connection was refused")
		require.NotContains(t, refusal.Error(), "may have arrived")
	})
}

// TestAnAnswerThatTrickles ends with the send's context. What was answered well
// was taken, however long the rest takes.
func TestAnAnswerThatTrickles(t *testing.T) {
	for _, start := range []string{"HTTP/1.1 20", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"id\""} {
		overHTTP(t, func(t *testing.T, kind notify.Kind, p provider) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ended := make(chan struct{})
			defer close(ended)
			begun := sync.OnceFunc(cancel)
			server := listen(t, answering(func(conn net.Conn, _ *http.Request) bool {
				for n := range start {
					_, _ = conn.Write([]byte(start[n : n+1]))
				}
				begun()
				<-ended
				return false
			}))
			err := sendTo(ctx, t, kind, p, server.url(), nil)
			if err != nil {
				require.False(t, harmless(t, err).Permanent)
			}
			whole := strings.Contains(start, "\n") && kind.Way != incident.WaySlack && kind.Way != incident.WayIssue
			if !whole {
				require.Error(t, err)
			}
		})
	}
}
