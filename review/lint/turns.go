package lint

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall/duty"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

const (
	// ahead is how far the turns of a rota are looked at.
	ahead = 365 * 24 * time.Hour
	// nearChange is how close to a change of clocks a handover is worth a line.
	nearChange = 24 * time.Hour
	// mostNear is how many such lines there are of one change.
	mostNear = 6
	// calendarsRunOut is how long before their end the shipped holidays are
	// worth a warning.
	calendarsRunOut = 90 * 24 * time.Hour
)

// turns looks a year ahead: is somebody on call at every instant, when do the
// handovers around a change of clocks come, and are the holidays known?
func turns(in Input) []Finding {
	c := in.Catalog
	if len(c.Rotas) == 0 {
		return orGood(runOut(in), "there is no rota")
	}
	rotas, problems, err := duty.Read(c, in.Now)
	if err != nil {
		return []Finding{{Problem, err.Error()}}
	}
	var findings, fetched []Finding
	for _, problem := range problems {
		if errors.Is(problem.Err, duty.ErrNotFetched) {
			fetched = append(fetched, Finding{Good, problem.Path + ": not looked at here, because the receiver fetches this calendar (its log, and the board's page of who is on call, say what is wrong with it)"})
			continue
		}
		findings = append(findings, Finding{Warning, c.Errorf(problem.Path, "%v", problem.Err).Error()})
	}
	for _, name := range sorted(c.Rotas) {
		rota := rotas[name]
		if gaps := rota.Gaps(in.Now, in.Now.Add(ahead)); len(gaps) > 0 && !rota.GapsAllowed() {
			findings = append(findings, Finding{Warning, gapWords(name, rota, gaps)})
		}
	}
	findings = append(findings, runOut(in)...)
	if len(findings) == 0 {
		findings = []Finding{{Good, "somebody is on call at every instant of the next year"}}
	}
	findings = append(findings, fetched...)
	for _, name := range sorted(c.Rotas) {
		for _, line := range changes(rotas[name], in.Now) {
			findings = append(findings, Finding{Good, fmt.Sprintf("rotas.%s: %s", name, line)})
		}
	}
	return findings
}

func gapWords(name string, rota *oncall.Rota, gaps []oncall.Shift) string {
	const layout = "Mon 2 Jan 2006 15:04 MST"
	text := fmt.Sprintf("rotas.%s: nobody is on call from %s to %s", name, gaps[0].From.In(rota.Zone()).Format(layout), gaps[0].Until.In(rota.Zone()).Format(layout))
	if len(gaps) > 1 {
		text += fmt.Sprintf(", and %d more times within a year", len(gaps)-1)
	}
	return text + " (add people or a layer, or say gaps: allowed)"
}

// changes are the handovers near each change of clocks in the zones of a rota,
// with their instants.
func changes(rota *oncall.Rota, now time.Time) []string {
	var lines []string
	for _, zone := range rota.Zones() {
		lines = append(lines, changesIn(zone, rota, now)...)
	}
	return lines
}

func changesIn(zone *time.Location, rota *oncall.Rota, now time.Time) []string {
	var lines []string
	for at := now; ; {
		_, at = at.In(zone).ZoneBounds()
		if at.IsZero() || at.After(now.Add(ahead)) {
			return lines
		}
		near, more := nearest(rota, at)
		for n, handover := range near {
			line := fmt.Sprintf("clocks change on %s; the handover at %s is %s UTC",
				at.In(zone).Format("2 Jan 2006"), handover.In(zone).Format("Mon 15:04 MST"), handover.UTC().Format("Mon 15:04"))
			if n == len(near)-1 && more > 0 {
				line += fmt.Sprintf(" (and %d more within a day of it)", more)
			}
			lines = append(lines, line)
		}
	}
}

// nearest are the handovers within a day of a change of clocks, in order, and of
// many those that are nearest to it; more counts the others.
func nearest(rota *oncall.Rota, change time.Time) (near []time.Time, more int) {
	for _, shift := range rota.Shifts(change.Add(-nearChange), change.Add(nearChange)) {
		if d := shift.From.Sub(change).Abs(); d <= nearChange {
			near = append(near, shift.From)
		}
	}
	slices.SortStableFunc(near, func(a, b time.Time) int { return cmp.Compare(a.Sub(change).Abs(), b.Sub(change).Abs()) })
	if more = max(len(near)-mostNear, 0); more > 0 {
		near = near[:mostNear]
	}
	slices.SortFunc(near, time.Time.Compare)
	return near, more
}

// runOut warns of calendars that end soon, if the catalogue uses them.
func runOut(in Input) []Finding {
	known := catalog.HolidaysKnownUntil()
	if in.Now.Add(calendarsRunOut).Before(known) {
		return nil
	}
	var used []string
	for _, name := range sorted(in.Catalog.Rotas) {
		used = append(used, duty.Calendars(in.Catalog.Rotas[name])...)
	}
	for _, name := range sorted(in.Catalog.Hours) {
		used = append(used, in.Catalog.Hours[name].Holidays...)
	}
	if len(used) == 0 {
		return nil
	}
	slices.Sort(used)
	return []Finding{{Warning, fmt.Sprintf("the holidays of %s are known in full until %s only: use a newer Tocsin, or an iCal file",
		strings.Join(slices.Compact(used), ", "), known.AddDate(0, 0, -1).Format("2 January 2006"))}}
}
