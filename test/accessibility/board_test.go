package accessibility

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board/login"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/webhook"
	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/test/servers"
)

// within is what everything in one size may take on a busy machine.
const within = 8 * time.Minute

const estate = `
links: {board: BOARD}
monitoring: {team: shop}
people:
  asha: {name: Asha Rao}
  ben: {name: Ben Carter}
teams: {shop: {members: [asha, ben], rota: shop}, mail: {members: [ben]}}
rotas: {shop: {timezone: Europe/London, handover: monday 09:30, shift: 1w, people: [asha], backup: [ben]}}
services:
  shop: {team: shop, depends_on: [database, mail]}
  basket: {team: shop, depends_on: [database]}
  mail: {team: mail}
  database: {team: shop}
  sign-in: {external: true}
board: {anonymous: respond, roles: {admin: [asha]}}
maintenance:
  patches: {services: [mail], days: first sunday, at: 02:00, duration: 3h, timezone: Europe/London, reason: security patches}
`

type passwords struct{}

func (passwords) Any() (bool, error)                 { return true, nil }
func (passwords) Has(string) (bool, error)           { return true, nil }
func (passwords) Check(_, word string) (bool, error) { return word == "sesame", nil }

// linked is a receiver that takes any link for asha's to the first incident.
type linked struct{ *receiver.Receiver }

func (linked) CheckToken(string) (incident.ID, string, error) { return 1, "asha", nil }

// house is a receiver with its board.
type house struct {
	desk *receiver.Receiver
	url  string
	axe  string
}

func newHouse(t *testing.T) *house {
	t.Helper()
	file := filepath.Join(os.Getenv("TOCSIN_ACCESSIBILITY"), "node_modules", "axe-core", "axe.min.js")
	if os.Getenv("TOCSIN_ACCESSIBILITY") == "" {
		file = filepath.Join("..", "..", ".tocsin", "accessibility", "node_modules", "axe-core", "axe.min.js")
	}
	axe, err := os.ReadFile(file)
	if err != nil {
		servers.Missing(t, "axe-core is not here: run make fixtures")
	}
	kept, err := store.Open(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, kept.Close()) })
	h := &house{axe: string(axe)}
	h.desk, err = receiver.New(t.Context(), receiver.Options{Store: kept})
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(nil)
	h.url = "http://" + server.Listener.Addr().String()
	c, err := catalog.Parse("tocsin.yml", []byte(strings.Replace(estate, "BOARD", h.url, 1)))
	require.NoError(t, err)
	require.NoError(t, h.desk.Update(c))
	gate := login.New(login.Options{Key: []byte("a key"), Catalog: h.desk.Catalog, Passwords: passwords{}, Token: h.desk.Caller, HTTP: http.DefaultClient, Now: time.Now})
	server.Config.Handler, err = board.New(board.Options{Desk: linked{h.desk}, Gate: gate})
	require.NoError(t, err)
	server.Start()
	t.Cleanup(server.Close)
	return h
}

// fires has an alert about a service come, and gives the incident's number.
func (h *house) fires(t *testing.T, service string, severity incident.Severity) incident.ID {
	t.Helper()
	a := incident.Alert{
		Source: "alertmanager", Fingerprint: service, StartsAt: time.Now().Add(-time.Minute), ReceivedAt: time.Now(),
		Labels: map[string]string{"alertname": "ServiceDown", "service": service, "team": "shop", "severity": string(severity), "audience": "users", "probe": "home"},
		Annotations: map[string]string{
			"summary": service + " cannot be reached", "impact": "Users see an error instead of the page.", "description": "The probe home has failed for two minutes.",
			"runbook_url": "https://runbooks.example.org/service-down", "dashboard_url": "https://grafana.example.org/d/service",
		},
	}
	require.NoError(t, h.desk.Accept(t.Context(), webhook.Notification{Source: "alertmanager", GroupKey: service, Body: []byte("{}"), Alerts: []incident.Alert{a}}))
	open, err := h.desk.Current(t.Context())
	require.NoError(t, err)
	for _, i := range open {
		if i.Service == service {
			return i.ID
		}
	}
	t.Fatalf("no incident of %s", service)
	return 0
}

// tab is a browser's window at one size.
type tab struct {
	*house
	t    *testing.T
	ctx  context.Context //nolint:containedctx // chromedp keeps the window in it
	size string
}

func (h *house) browser(t *testing.T, size string, width, height int64, flags ...chromedp.ExecAllocatorOption) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.Flag("lang", "en-US"), chromedp.ExecPath(servers.Need(t, "chromium", "chromium")),
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("no-sandbox", os.Geteuid() == 0), chromedp.Flag("disable-gpu", true))
	options = append(options, flags...)
	allocator, free := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(free)
	window, end := chromedp.NewContext(allocator)
	t.Cleanup(end)
	require.NoError(t, chromedp.Do(window, chromedp.EmulateViewport(width, height)))
	ctx, cancel := context.WithTimeout(window, within)
	t.Cleanup(cancel)
	b := &tab{house: h, t: t, ctx: ctx, size: size}
	return b
}

func (b *tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, steps...), what)
}

// see waits for a text.
func (b *tab) see(text string) {
	b.t.Helper()
	b.holds(fmt.Sprintf("document.body !== null && document.body.innerText.includes(%q)", text))
}

// holds waits until something is so, also while one page gives way to another.
// It asks from outside: where no script runs, nothing in the page can wait.
func (b *tab) holds(what string) {
	b.t.Helper()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		if is, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](what)); err == nil && is {
			return
		}
		select {
		case <-b.ctx.Done():
			b.t.Fatalf("waited in vain for %s", what)
		case <-again.C:
		}
	}
}

// logIn logs in as asha, who is an admin, and goes on.
func (b *tab) logIn(to string) {
	b.t.Helper()
	b.do("logging in", chromedp.Navigate(strings.Replace(b.url, "://", "://asha:sesame@", 1)+"/login/password?to="+to))
}

// press clicks what a selector finds first.
func (b *tab) press(selector string) {
	b.t.Helper()
	b.do(selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// send chooses who acts, where that is asked, fills in a field and sends the
// form.
func (b *tab) send(form, field, value string) {
	b.t.Helper()
	fill := fmt.Sprintf(`(form => {
		form.querySelectorAll("select[required]").forEach(s => s.value = "asha")
		if (%[2]q) form.querySelector(%[2]q).value = %[3]q
		return true })(document.querySelector(%[1]q))`, form, field, value)
	_, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](fill))
	require.NoError(b.t, err, form)
	b.press(form + " button")
}

// look has axe-core judge the page, and wants it to fit into the window.
func (b *tab) look(name string) {
	b.t.Helper()
	const judge = `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}).then(r =>
		r.violations.flatMap(v => v.nodes.map(n => v.id + ": " + n.html.slice(0, 200) + " " + n.any.concat(n.all, n.none).map(a => a.message).join("; "))))`
	_, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](b.axe+"; true"))
	require.NoError(b.t, err, name)
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](judge, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err, name)
	wider, err := chromedp.Run(b.ctx, chromedp.Evaluate[int]("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
	require.NoError(b.t, err, name)
	b.picture(name)
	if len(found) > 0 {
		b.t.Errorf("%s at the size of a %s:\n%s", name, b.size, strings.Join(found, "\n"))
	}
	if wider > 0 {
		b.t.Errorf("%s is %d pixels wider than a %s", name, wider, b.size)
	}
}

func (b *tab) picture(name string) {
	folder := os.Getenv("TOCSIN_SCREENSHOTS")
	if folder == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(filepath.Join(folder, b.size+"-"+name+".png"), png, 0o600))
}

func (b *tab) open(path, name string) {
	b.t.Helper()
	b.do(path, chromedp.Navigate(b.url+path))
	b.look(name)
}

// TestRealBoardInABrowser: open, read, acknowledge, snooze, note, resolve, and
// every page is one that everybody can read.
func TestRealBoardInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: the browser takes minutes")
	}
	h := newHouse(t)
	for _, size := range []struct {
		name, service string
		width, height int64
	}{{"phone", "shop", 390, 844}, {"desk", "basket", 1280, 900}} {
		t.Run(size.name, func(t *testing.T) {
			b := h.browser(t, size.name, size.width, size.height)
			h.fires(t, "database", incident.SeverityWarning)
			id := h.fires(t, size.service, incident.SeverityCritical)
			b.open("/", "board")
			b.press(fmt.Sprintf("#title-%d a", id))
			b.see("Timeline")
			b.look("incident")
			path := fmt.Sprintf("/incidents/%d", id)
			form := func(action string) string { return fmt.Sprintf("form[action='%s/%s']", path, action) }
			more := func() { b.press("details.more summary") }

			b.send(form("acknowledge"), "", "")
			b.see("Asha Rao has it")
			more()
			b.look("incident-forms")
			b.send(form("snooze"), "[name=for]", "12h")
			b.see("snoozed")
			more()
			b.send(form("note"), "[name=text]", "The disk is full.")
			b.see("The disk is full.")
			more()
			b.send(form("resolve"), "", "")
			b.see("it lasted")
			b.look("incident-over")
			for _, page := range []string{"/history", "/history/figures", "/map", "/oncall", "/maintenance", "/login", "/acknowledge/link", "/incidents/99999", path + "/postmortem"} {
				b.open(page, strings.ReplaceAll(strings.TrimPrefix(page, "/"), "/", "-"))
			}
			b.logIn("/audit")
			b.see("Who did what")
			for _, page := range []string{"/audit", "/profile", "/people"} {
				b.open(page, strings.TrimPrefix(page, "/"))
			}
			b.open("/", "board-logged-in")
		})
	}
}
