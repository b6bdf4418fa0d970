package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/collector"
	"github.com/tocsin-monitoring/tocsin/collector/probe"
)

const (
	shopLogin = "/results?service=shop&probe=login"
	browser   = "text/html,application/xhtml+xml;q=0.9"
)

// picture is a small PNG.
func picture(t *testing.T) []byte {
	t.Helper()
	canvas := image.NewRGBA(image.Rect(0, 0, 640, 200))
	for x := range 640 {
		canvas.Set(x, 100, color.RGBA{R: 200, A: 255})
	}
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, canvas))
	return b.Bytes()
}

// explained is a fake whose shop has a newest success and a newest failure with
// everything that a probe can find, in the words of a hostile service.
func explained(t *testing.T) *fake {
	t.Helper()
	f := newFake(t)
	now := time.Now()
	names := make([]string, 30)
	for i := range names {
		names[i] = fmt.Sprintf("name%d.example.org", i)
	}
	chain := []probe.Certificate{
		{Subject: "CN=shop.example.org,O=<b>Shop</b>", Issuer: "CN=Example Intermediate", Names: names, NotBefore: now.Add(-50 * day), NotAfter: now.Add(40*day + time.Hour), Fingerprint: "0011223344556677889900112233445566778899001122334455667788990011"},
		{Subject: "CN=Example Intermediate", Issuer: "CN=Root\x1b[2J", NotBefore: now.Add(-900 * day), NotAfter: now.Add(-3*day - time.Hour), Fingerprint: "ffee"},
	}
	good := collector.Attempt{At: now, Result: probe.Result{
		Status: 200, Address: "192.0.2.1:443", Duration: 14 * time.Millisecond, Phases: probe.Phases{1e6, 2e6, 3e6, 7e6, 1e6}, CertificateExpiry: now.Add(40*day + time.Hour),
		Measures:    []probe.Measured{{Measure: probe.PacketLoss, Value: 0.125}, {Measure: probe.ReplicationLag, Value: 2.5}, {Measure: probe.DomainExpiry, Value: float64(now.Add(90*day + time.Hour).Unix())}},
		Components:  []probe.Component{{Name: "cache", Up: true}, {Name: "database <img src=x onerror=alert(1)>", Up: false}},
		Performance: []probe.Performance{{Label: "/var", Unit: "bytes", Value: 12345678}, {Label: "load", Value: 0.25}},
		Steps:       []probe.StepTime{{Name: "GET /", Duration: 4 * time.Millisecond}, {Name: "POST /login", Duration: 9 * time.Millisecond}},
		Detail:      &probe.Detail{Addresses: []string{"192.0.2.1", "2001:db8::1"}, Chain: chain},
	}}
	bad := f.statuses[2].Attempts[0]
	bad.At, bad.Duration = now.Add(-time.Hour), 10*time.Second
	bad.Detail = &probe.Detail{
		Expected: "the words \"Your orders\"", Found: "</dd><script>alert(2)</script>", Screenshot: picture(t),
		Output: "first line\n\x1b[31mred\x1b[0m \u202egnp.exe <script>alert(3)</script>",
	}
	f.statuses[2].Attempts = []collector.Attempt{good, bad}
	f.statuses[2].Newest, f.statuses[2].NewestFailure = &good, &bad
	return f
}

func TestTheNewestAttemptAndTheNewestFailureSideBySide(t *testing.T) {
	code, page, header := ask(t, explained(t), "GET", shopLogin)
	require.Equal(t, http.StatusOK, code)
	wellFormed(t, page)
	for _, want := range []string{
		"The newest attempt<", "The newest failure<",
		"192.0.2.1, 2001:db8::1", "<dt>TLS</dt><dd>3ms</dd>", "<dt>First byte</dt><dd>7ms</dd>",
		"CN=shop.example.org,O=&lt;b&gt;Shop&lt;/b&gt;", "<strong>40 days left</strong>", `<strong class="down">expired 3 days ago</strong>`,
		"name9.example.org and 20 more", "<code>0011223344556677889900112233445566778899001122334455667788990011</code>", "CN=Root?[2J",
		"<dt>Packet loss</dt><dd>12.5 %</dd>", "<dt>Replication lag</dt><dd>2.5 s</dd>", ", in 90 days</dd>",
		"database &lt;img src=x onerror=alert(1)&gt;", `<dt class="state down">down</dt>`,
		"12345678 bytes", "<dd>0.25</dd>", `POST /login <span class="muted">9ms</span>`,
		"<dd>the words &#34;Your orders&#34;</dd>", "&lt;/dd&gt;&lt;script&gt;alert(2)",
		"first line\n?[31mred?[0m ?gnp.exe &lt;script&gt;",
	} {
		require.Contains(t, page, want)
	}
	require.NotContains(t, page, "name10.example.org")
	require.Less(t, strings.Index(page, "The newest failure<"), strings.Index(page, "The newest attempt<"), "the probe is down")
	require.NotContains(t, page, "<script")
	require.NotContains(t, page, "\x1b")
	require.Equal(t, policy+"; img-src 'self'", header.Get("Content-Security-Policy"))
}

func TestOneCardForAFailureThatIsTheNewestAttempt(t *testing.T) {
	f := explained(t)
	rounded := *f.statuses[2].NewestFailure
	rounded.At = rounded.At.Truncate(time.Microsecond)
	f.statuses[2].Newest = &rounded
	_, page, _ := ask(t, f, "GET", shopLogin)
	require.Contains(t, page, "The newest failure, which is the newest attempt")
	require.NotContains(t, page, "The newest attempt<")

	_, page, header := ask(t, f, "GET", "/results?service=shop&probe=home")
	require.Contains(t, page, "None yet.")
	require.NotContains(t, page, "The newest")
	require.Equal(t, policy, header.Get("Content-Security-Policy"), "no picture, no right to show one")
}

func TestResultsAsJSON(t *testing.T) {
	_, text, header := ask(t, explained(t), "GET", shopLogin+"&format=json")
	require.Equal(t, "application/json", header.Get("Content-Type"))
	var got results
	require.NoError(t, json.Unmarshal([]byte(text), &got))
	require.Len(t, got.Attempts, 2)
	require.Equal(t, "london", got.Location)
	require.Equal(t, []measure{{"packet_loss_ratio", 0.125}, {"replication_lag_seconds", 2.5}}, got.Newest.Measures[:2])
	require.Equal(t, "the words \"Your orders\"", got.NewestFailure.Expected)
	require.Len(t, got.Newest.Chain[0].Names, 30)

	code, image, _ := ask(t, explained(t), "GET", "/screenshot?service=shop&probe=login")
	require.Equal(t, http.StatusOK, code)
	require.NotContains(t, text, image, "the picture has an address of its own")
}

func TestScreenshot(t *testing.T) {
	f := explained(t)
	address := "/" + newResults(f.statuses[2]).NewestFailure.Screenshot
	code, body, header := ask(t, f, "GET", address)
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, string(picture(t)), body)
	require.Equal(t, "image/png", header.Get("Content-Type"))
	require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
	require.Equal(t, "no-store", header.Get("Cache-Control"))

	f.statuses[2].NewestFailure.At = time.Now().Add(time.Minute)
	code, _, _ = ask(t, f, "GET", address)
	require.Equal(t, http.StatusNotFound, code, "the picture of another failure")
	f.statuses[2].NewestFailure.Detail.Screenshot = []byte("<svg onload=alert(1)>")
	for _, target := range []string{"?service=shop&probe=login", "?service=cart&probe=home", "?service=shop&probe=no"} {
		code, _, header = ask(t, f, "GET", "/screenshot"+target)
		require.Equal(t, http.StatusNotFound, code, target)
		require.Equal(t, "text/plain; charset=utf-8", header.Get("Content-Type"))
	}
}

func TestTryInABrowser(t *testing.T) {
	f := explained(t)
	f.statuses[2].Attempts[0] = *f.statuses[2].NewestFailure
	const target = "/probe?service=shop&probe=login"
	_, page, header := ask(t, f, "GET", target, "Accept", browser)
	require.Equal(t, "text/html; charset=utf-8", header.Get("Content-Type"))
	require.Contains(t, page, "counts nowhere")
	require.Contains(t, page, `<img src="data:image/png;base64,iVBOR`)
	require.Equal(t, policy+"; img-src data:", header.Get("Content-Security-Policy"))
	wellFormed(t, page)

	_, text, header := ask(t, f, "GET", target+"&format=text", "Accept", browser)
	require.Equal(t, "text/plain; charset=utf-8", header.Get("Content-Type"))
	require.Contains(t, text, "expected     the words \"Your orders\"\n")
	require.Contains(t, text, "output       ?[31mred?[0m ?gnp.exe <script>")
	require.NotContains(t, text, "\x1b")
}

func TestFindingsAsText(t *testing.T) {
	_, text, _ := ask(t, explained(t), "GET", "/probe?service=shop&probe=login")
	for _, want := range []string{
		"resolved     192.0.2.1, 2001:db8::1\n",
		"step         0.004000 s GET /\n",
		"measure      packet loss 12.5 %\n",
		"component    down database <img src=x onerror=alert(1)>\n",
		"performance  /var 12345678 bytes\n",
		"chain        2 subject CN=Example Intermediate, issuer CN=Root?[2J\n",
		", 40 days left\n",
		"name9.example.org and 20 more\n",
	} {
		require.Contains(t, text, want)
	}
}

func TestLandingPageExplains(t *testing.T) {
	_, page, _ := ask(t, explained(t), "GET", "/")
	require.Contains(t, page, `<details><summary aria-label="Details of login">`)
	require.Contains(t, page, "<dt>Connect</dt><dd>2ms</dd>")
	require.Contains(t, page, "192.0.2.1, 2001:db8::1")
	wellFormed(t, page)
}

func TestEveryDescribedAddressIsServed(t *testing.T) {
	text, err := os.ReadFile("../../docs/pages.md")
	require.NoError(t, err)
	rows := regexp.MustCompile("(?m)^\\| `(/[^`]*)` ").FindAllStringSubmatch(string(text), -1)
	require.Len(t, rows, 6)
	for _, row := range rows {
		target := strings.NewReplacer("SERVICE", "shop", "PROBE", "login").Replace(row[1])
		code, body, _ := ask(t, explained(t), "GET", target)
		require.Equal(t, http.StatusOK, code, "%s: %s", target, body)
	}
}

func TestLeft(t *testing.T) {
	now := time.Date(2026, 11, 22, 13, 14, 15, 0, time.UTC)
	for after, want := range map[time.Duration]string{
		40 * day: "40 days left", 47 * time.Hour: "47 hours left", 90 * time.Second: "2m0s left", -5 * time.Hour: "expired 5 hours ago",
	} {
		require.Equal(t, want, left(now.Add(after), now))
	}
	early := certificate{NotBefore: now.Add(2 * day), NotAfter: now.Add(9 * day)}
	require.True(t, early.Bad(now))
	require.Equal(t, "not valid for another 2 days", early.Left(now))
}
