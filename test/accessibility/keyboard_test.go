package accessibility

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

const (
	// mostStops is more than any page has places to stop at.
	mostStops = 250
	// mostParts is how often Tab stays in one field: a date and a time have
	// seven parts and a button.
	mostParts = 9
)

// stop is where the keyboard is.
type stop struct {
	At, Looks       string
	Is, Seen, Shown bool // what is looked for; it can be seen that it is here; it is in the window
}

// here tells where the keyboard is, and whether that is what a selector finds.
func (b *tab) here(selector string) stop {
	b.t.Helper()
	const look = `(selector => {
		const e = document.activeElement
		if (!e || e === document.body) return {At: "", Looks: "", Is: false, Seen: true, Shown: true}
		const s = getComputedStyle(e), r = e.getBoundingClientRect()
		return {
			At: e.outerHTML.slice(0, 150), Looks: s.outlineStyle + " " + s.outlineWidth, Is: e.matches(selector),
			// The map frames a box by its line, and the browser the parts of a date by themselves.
			Seen: e.id === "main" || e.closest("svg") !== null || e.type === "datetime-local" || s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2,
			Shown: r.bottom > 0 && r.top < innerHeight && r.right > 0 && r.left < innerWidth,
		} })(%q)`
	at, err := chromedp.Run(b.ctx, chromedp.Evaluate[stop](fmt.Sprintf(look, selector)))
	require.NoError(b.t, err, selector)
	return at
}

func (b *tab) keys(keys string) {
	b.t.Helper()
	b.do("keys", chromedp.KeyEvent(keys))
}

// walk presses Tab until it comes to what a selector finds. Every stop on the
// way can be seen, and none of them holds it.
func (b *tab) walk(selector string) {
	b.t.Helper()
	last, same := "", 0
	for range mostStops {
		b.keys(kb.Tab)
		at := b.here(selector)
		require.Truef(b.t, at.Seen, "nothing shows that the keyboard is at %s (outline: %s)", at.At, at.Looks)
		require.Truef(b.t, at.Shown, "the keyboard is outside of the window, at %s", at.At)
		if at.Is {
			return
		}
		if same++; at.At != last {
			last, same = at.At, 0
		}
		require.Lessf(b.t, same, mostParts, "the keyboard does not come out of %s", at.At)
	}
	b.t.Fatalf("no way by the keyboard to %s at the size of a %s", selector, b.size)
}

// choose walks to a list and takes what begins with a text.
func (b *tab) choose(selector, text string) {
	b.t.Helper()
	b.walk(selector)
	b.keys(text)
	const chosen = `document.activeElement.selectedOptions[0].textContent`
	took, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](chosen))
	require.NoError(b.t, err)
	require.Contains(b.t, took, text)
}

// enter walks to a field and types.
func (b *tab) enter(selector, text string) {
	b.t.Helper()
	b.walk(selector)
	b.keys(text)
}

// then walks to a button or a link and presses a key.
func (b *tab) then(selector, key, shows string) {
	b.t.Helper()
	b.walk(selector)
	b.keys(key)
	b.see(shows)
}

// renewed waits until the page has followed a change.
func (b *tab) renewed(change func()) {
	b.t.Helper()
	_, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`document.getElementById("main").firstElementChild.dataset.old = "yes", true`))
	require.NoError(b.t, err)
	change()
	b.holds(`document.querySelector("[data-old]") === null`)
}

// TestRealBoardByTheKeyboardAlone does all that people do with an incident with
// Tab, Enter, Space and letters, on a phone's and a desk's screen, and where no
// script runs.
func TestRealBoardByTheKeyboardAlone(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: the browser takes minutes")
	}
	for _, size := range []struct {
		name          string
		width, height int64
		flags         []chromedp.ExecAllocatorOption
	}{
		{"phone", 390, 844, nil},
		{"desk", 1280, 900, nil},
		{"phone without scripts", 390, 844, []chromedp.ExecAllocatorOption{chromedp.Flag("blink-settings", "scriptEnabled=false")}},
	} {
		t.Run(size.name, func(t *testing.T) {
			h := newHouse(t)
			b := h.browser(t, size.name, size.width, size.height, size.flags...)
			id := h.fires(t, "shop", incident.SeverityCritical)
			b.do("/", chromedp.Navigate(b.url+"/"))
			b.see("1 open incident")
			b.walk("a.skip")
			b.keys(kb.Enter)
			require.True(t, b.here("#main").Is, "the skip link leads to the content")
			b.then(fmt.Sprintf("#title-%d a", id), kb.Enter, "Timeline")
			b.answersByKeys(id, size.flags == nil)
			b.then(fmt.Sprintf("a[href='/incidents/%d/postmortem']", id), kb.Enter, "Impact")
			b.changesATurnByKeys()
			b.fillsInAProfileByKeys()
		})
	}
}

// answersByKeys acknowledges, snoozes, notes and resolves.
func (b *tab) answersByKeys(id incident.ID, scripts bool) {
	b.t.Helper()
	form := func(action, field string) string {
		return fmt.Sprintf("form[action='/incidents/%d/%s'] %s", id, action, field)
	}
	b.choose(form("acknowledge", "select"), "Asha")
	b.then(form("acknowledge", "button"), kb.Enter, "Asha Rao has it")
	more := func() { b.then("details.more summary", " ", "Write") }

	more()
	b.choose(form("snooze", "[name=for]"), "12")
	b.then(form("snooze", "button"), " ", "snoozed")
	more()
	b.enter(form("note", "textarea"), "The disk ")
	if scripts { // the page follows another incident, and nothing is lost
		b.renewed(func() { b.fires(b.t, "mail", incident.SeverityWarning) })
		require.True(b.t, b.here(form("note", "textarea")).Is, "the keyboard stays where it was")
	}
	b.keys("is full.")
	b.then(form("note", "button"), kb.Enter, "The disk is full.")
	more()
	b.then(form("resolve", "button"), kb.Enter, "it lasted")
}

// changesATurnByKeys has somebody stand in until tomorrow, and takes it back.
func (b *tab) changesATurnByKeys() {
	b.t.Helper()
	b.do("/oncall", chromedp.Navigate(b.url+"/oncall"))
	b.see("Somebody stands in")
	b.choose("#o-by", "Asha")
	b.choose("#o-instead", "Ben")
	until := time.Now().AddDate(0, 0, 1)
	b.enter("#o-until", until.Format("01022006")+kb.ArrowRight+"0900A")
	b.holds(fmt.Sprintf("document.getElementById('o-until').value === %q", until.Format("2006-01-02T")+"09:00"))
	b.enter("#o-reason", "concert")
	b.then("#o-enter", kb.Enter, "Ben Carter is on call for shop")
	b.choose("[id^='by-']", "Asha")
	b.then("[id^='end-']", " ", "Nothing: the turns are those of the catalogue.")
}

// fillsInAProfileByKeys enters a phone number and an order, sends a test and
// renews the calendar.
func (b *tab) fillsInAProfileByKeys() {
	b.t.Helper()
	b.logIn("/profile")
	b.see("Your profile")
	b.enter("#p-phone", "0770")
	b.then("#save", kb.Enter, "want the international form")
	b.enter("#p-phone", "+44 7700 900123")
	b.choose("#place-1", "phone")
	b.then("#save", kb.Enter, "You entered •••123.")
	b.then("#test", " ", "Your test message")
	b.then("#renew", kb.Enter, "New address")
	b.then("#stop", kb.Enter, "It is off: there is no address")
}
