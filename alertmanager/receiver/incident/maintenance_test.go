package incident_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// work is the maintenance of a service in these tests: a window from, until.
type work struct {
	*history
	from  time.Time
	until time.Time
}

func newWork(t *testing.T) *work {
	w := &work{history: newHistory(t)}
	w.terms.Maintenance = func(at time.Time) (incident.Window, bool) {
		open := !at.Before(w.from) && at.Before(w.until)
		return incident.Window{By: "deploy", Reason: "release 7", Until: w.until}, open
	}
	return w
}

// opens opens a window now, and ends one of before.
func (w *work) opens(length time.Duration) {
	w.t.Helper()
	w.from, w.until = w.now, w.now.Add(length)
	w.changed("deploy")
}

// ends ends the window now.
func (w *work) ends() {
	w.t.Helper()
	w.until = w.now
	w.changed("deploy")
}

func (w *work) changed(by string) {
	w.t.Helper()
	for _, i := range w.state.Incidents {
		w.play(incident.WindowsChanged{Incident: i.ID, By: by})
	}
}

// kinds lists the events of these kinds, in order.
func (w *work) kinds(of ...incident.Kind) []incident.Kind {
	var found []incident.Kind
	for _, e := range w.events {
		if slices.Contains(of, e.Kind) {
			found = append(found, e.Kind)
		}
	}
	return found
}

func (w *work) marks() []incident.Kind {
	return w.kinds(incident.KindMaintenanceBegan, incident.KindMaintenanceChanged, incident.KindMaintenanceEnded, incident.KindMaintenanceLifted)
}

const page = "page to on_call"

func TestNobodyHearsOfAFaultDuringMaintenance(t *testing.T) {
	w := newWork(t)
	w.opens(time.Hour)
	w.report(down())
	i := w.only()
	require.True(t, i.Open())
	require.True(t, i.Withheld())
	require.Equal(t, incident.Window{By: "deploy", Reason: "release 7", Until: w.until}, i.Maintenance.Window)
	require.Zero(t, i.Paging.Due, "no phone is going to ring")
	w.passes(50 * time.Minute)
	w.report(down(ended(w.now)))
	require.False(t, w.only().Open())
	w.passes(3 * time.Hour)
	w.expect()
	require.Equal(t, []incident.Kind{incident.KindMaintenanceBegan}, w.marks())
	require.False(t, w.only().Withheld(), "what is over is in no maintenance")
}

func TestWhatOutlastsTheWindowIsToldAndPaged(t *testing.T) {
	w := newWork(t)
	w.opens(time.Hour)
	w.report(down())
	w.passes(time.Hour)
	w.expect()
	require.True(t, w.only().Withheld(), "it may come up with the end of the work")
	w.passes(59 * time.Second)
	w.expect()
	w.passes(time.Second)
	w.expect(openedOnCall, openedPM, page)
	require.Contains(t, w.only().Messages[0].News, "the maintenance is over, and it still fires")
	w.passes(15 * time.Minute)
	w.expect("page to backup")
	require.Equal(t, []incident.Kind{incident.KindMaintenanceBegan, incident.KindMaintenanceEnded, incident.KindMaintenanceLifted}, w.marks())
	w.report(down(ended(w.now)))
	w.expect("resolved to told")
}

// A deployment ends its window when its own test succeeds; the alert ends some
// seconds later.
func TestAServiceThatComesUpWithTheEndIsNoNews(t *testing.T) {
	w := newWork(t)
	w.opens(time.Hour)
	w.report(down())
	w.passes(5 * time.Minute)
	w.ends()
	w.passes(40 * time.Second)
	w.report(down(ended(w.now)))
	w.passes(3 * time.Hour)
	w.expect()
}

func TestAFaultJustAfterTheEndIsAnIncidentOfItsOwn(t *testing.T) {
	w := newWork(t)
	w.opens(time.Hour)
	w.passes(time.Hour + 10*time.Second)
	w.report(down(from(w.now)))
	w.expect(openedOnCall, openedPM)
	w.passes(time.Minute)
	w.expect(page)
	require.Empty(t, w.marks())
}

func TestPageAfterCountsFromTheEndOfTheWindow(t *testing.T) {
	w := newWork(t)
	w.terms.PageAfter = 10 * time.Minute
	w.opens(time.Hour)
	w.report(down())
	w.passes(time.Hour + time.Minute)
	w.expect(openedOnCall, openedPM)
	w.passes(9*time.Minute - time.Second)
	w.expect()
	w.passes(time.Second)
	w.expect(page)
}

// The escalation of a fault that is older than the window stands still, and
// goes on where it stood.
func TestAnEscalationStandsStill(t *testing.T) {
	w := newWork(t)
	w.report(down())
	w.passes(time.Minute)
	w.expect(openedOnCall, openedPM, page)
	w.deliver()
	w.passes(5 * time.Minute)
	w.opens(2 * time.Hour)
	w.passes(2 * time.Hour) // the backup's page and the product manager's reminders fall into it
	w.expect()
	w.passes(time.Minute)
	w.expect("update to on_call", "page to backup", "reminder to product_manager")
	w.passes(5 * time.Minute)
	w.expect("page to backup")
}

func TestAWindowThatEndsBeforeTheNextStepDelaysNothing(t *testing.T) {
	w := newWork(t)
	w.report(down())
	w.passes(time.Minute)
	w.expect(openedOnCall, openedPM, page)
	w.deliver()
	w.opens(5 * time.Minute)
	w.passes(6 * time.Minute)
	w.expect("update to on_call")
	w.passes(9 * time.Minute)
	w.expect("page to backup")
}

func TestWhoHasItKeepsIt(t *testing.T) {
	w := newWork(t)
	w.report(down())
	w.expect(openedOnCall, openedPM)
	w.deliver()
	w.play(incident.Acknowledge{Incident: 1, Person: "on_call", Via: "the board"})
	w.opens(10 * time.Minute)
	w.expect("acknowledged to told")
	w.passes(time.Hour)
	require.Equal(t, "on_call", w.only().Owner)
	w.expect("update to on_call", "reminder to product_manager")
}

func TestWhoeverWasToldBeforeHearsOfTheEnd(t *testing.T) {
	w := newWork(t)
	w.report(down())
	w.expect(openedOnCall, openedPM)
	w.deliver()
	w.opens(time.Hour)
	w.passes(time.Minute)
	w.report(down(ended(w.now)))
	w.expect("resolved to told")
}

func TestAcknowledgedDuringTheWindow(t *testing.T) {
	w := newWork(t)
	w.opens(10 * time.Minute)
	w.report(down())
	w.play(incident.Acknowledge{Incident: 1, Person: "asha", Via: "the board"})
	w.passes(3 * time.Hour)
	w.expect(openedOnCall, openedPM, "reminder to product_manager", "reminder to product_manager")
}

func TestAnExtendedWindowHoldsOn(t *testing.T) {
	w := newWork(t)
	w.opens(30 * time.Minute)
	w.report(down())
	w.passes(29 * time.Minute)
	w.until = w.until.Add(time.Hour)
	w.changed("asha")
	require.Equal(t, w.until, w.only().Maintenance.Until)
	w.passes(time.Hour)
	w.expect()
	w.passes(2 * time.Minute)
	w.expect(openedOnCall, openedPM, page)
	require.Equal(t, []incident.Kind{
		incident.KindMaintenanceBegan, incident.KindMaintenanceChanged, incident.KindMaintenanceEnded, incident.KindMaintenanceLifted,
	}, w.marks())
}

// The next window opens before messages go again after the last one.
func TestOneWindowAfterTheOther(t *testing.T) {
	w := newWork(t)
	w.opens(30 * time.Minute)
	w.report(down())
	w.passes(30*time.Minute + 20*time.Second)
	w.opens(30 * time.Minute)
	w.passes(30 * time.Minute)
	w.expect()
	w.passes(time.Minute)
	w.expect(openedOnCall, openedPM, page)
}

// A window opens by the calendar, and nobody says so to the engine: the first
// input finds out, and no page slips through.
func TestAWindowOpensUnnoticed(t *testing.T) {
	w := newWork(t)
	w.report(down())
	w.expect(openedOnCall, openedPM)
	w.deliver()
	w.from, w.until = w.now.Add(10*time.Second), w.now.Add(time.Hour)
	w.passes(time.Hour)
	w.expect()
	require.True(t, w.only().Withheld())
	w.passes(time.Minute)
	w.expect("update to on_call", page, "reminder to product_manager")
}

// The receiver was not running when the window ended.
func TestAWindowEndedUnnoticed(t *testing.T) {
	w := newWork(t)
	w.opens(10 * time.Minute)
	w.report(down())
	w.after(2 * time.Hour).play(incident.CatalogChanged{Incident: 1})
	w.expect()
	w.passes(time.Minute)
	w.expect(openedOnCall, openedPM, page)
}

func TestItComesBackAfterTheWindow(t *testing.T) {
	w := newWork(t)
	w.opens(10 * time.Minute)
	w.report(down())
	w.passes(5 * time.Minute)
	w.report(down(ended(w.now)))
	w.passes(10 * time.Minute)
	w.report(down(from(w.now)))
	w.expect("reopened to on_call", "reopened to product_manager")
	w.passes(time.Minute)
	w.expect(page)
}

func TestItComesBackWithinTheWindow(t *testing.T) {
	w := newWork(t)
	w.opens(time.Hour)
	w.report(down())
	w.passes(5 * time.Minute)
	w.report(down(ended(w.now)))
	w.passes(10 * time.Minute)
	w.report(down(from(w.now)))
	w.expect()
	require.True(t, w.only().Withheld())
	w.passes(10 * time.Minute)
	w.report(down(ended(w.now)))
	require.Equal(t, []incident.Kind{incident.KindMaintenanceBegan, incident.KindMaintenanceBegan}, w.marks())
}

// What gets worse and better meanwhile is told once, as it is afterwards.
func TestSeverityDuringTheWindow(t *testing.T) {
	w := newWork(t)
	w.opens(time.Hour)
	w.report(login())
	w.passes(time.Minute)
	w.report(down(from(w.now)))
	w.passes(time.Minute)
	w.report(down(from(w.now.Add(-time.Minute)), ended(w.now)))
	w.passes(time.Hour)
	w.expect(openedOnCall, openedPM)
	require.Equal(t, incident.SeverityWarning, w.only().Severity)
}

func TestAPullRequestIsNobodysNight(t *testing.T) {
	w := newWork(t)
	w.opens(time.Hour)
	w.report(alert("PipelineFailed", "warning", "developers", label("pipeline", "deploy")))
	w.expect("opened to github")
	w.passes(time.Hour + time.Minute)
	w.expect("opened to team")
}

func TestAServiceThatNeverPagesIsToldOfAtOnceAfterwards(t *testing.T) {
	w := newWork(t)
	w.terms.PagesFrom = func(time.Time) (time.Time, bool) { return time.Time{}, false }
	w.opens(time.Hour)
	w.report(down())
	w.passes(time.Hour + time.Minute)
	w.expect(openedOnCall, openedPM)
}

// The office opens while the window is open.
func TestHoursAndMaintenance(t *testing.T) {
	w := newWork(t)
	office := start.Add(90 * time.Minute)
	w.terms.PagesFrom = func(at time.Time) (time.Time, bool) { return later(at, office), true }
	w.opens(time.Hour)
	w.report(down())
	w.passes(89 * time.Minute)
	w.expect(openedOnCall, openedPM)
	w.passes(time.Minute)
	w.expect(page)
}
