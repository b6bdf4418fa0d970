package receiver

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

// mostHandedOver is how many incidents a handover lists; the board shows all.
const mostHandedOver = 20

// handover is what is written when a turn begins.
type handover struct {
	receiver  *Receiver
	directory *directory
	turn      store.Turn
	shift     oncall.Shift
	open      []incident.Incident
	lines     []string
	zone      *time.Location
}

// begin is for whoever comes on call.
func (h handover) begin() notify.Text {
	until := h.shift.Until.In(h.zone).Format("Mon 2 Jan 15:04 MST")
	t := notify.Text{
		State: "ON CALL", Subject: fmt.Sprintf("You are on call for %s until %s", h.turn.Rota, until),
		Lead: "Your turn has begun. " + h.count(), Alerts: h.lines, Links: h.links(),
	}
	t.Rows = append(t.Rows, notify.Row{Name: "Until", Value: until})
	if h.shift.Backup != "" {
		t.Rows = append(t.Rows, notify.Row{Name: "Behind you", Value: h.directory.name(h.shift.Backup)})
	}
	if h.turn.Before != "" {
		t.Rows = append(t.Rows, notify.Row{Name: "Before you", Value: h.directory.name(h.turn.Before)})
	}
	return t
}

// end is for whoever goes off call while something is open.
func (h handover) end() notify.Text {
	who := h.directory.name(h.turn.Person)
	return notify.Text{
		State: "ON CALL", Subject: fmt.Sprintf("Your turn for %s is over: %s has it", h.turn.Rota, who),
		Lead: h.count() + " What you have acknowledged stays yours until you hand it over.", Alerts: h.lines, Links: h.links(),
	}
}

func (h handover) count() string {
	switch len(h.open) {
	case 0:
		return "Nothing is open."
	case 1:
		return "1 incident is open."
	}
	return fmt.Sprintf("%d incidents are open.", len(h.open))
}

func (h handover) links() []notify.Link {
	if h.directory.board() == "" {
		return nil
	}
	return []notify.Link{{Name: "Board", URL: h.directory.board()}}
}

// list says of each incident what it is, who has it, and what was noted last.
func (h handover) list(ctx context.Context) ([]string, error) {
	var lines []string
	for n, i := range h.open {
		if n == mostHandedOver {
			return append(lines, fmt.Sprintf("and %d more on the board", len(h.open)-n)), nil
		}
		line := fmt.Sprintf("#%d %s: %s (since %s, %s)", i.ID, i.Severity, notify.OneLine(i.Lead().Summary(), 200), notify.Clock(i.Began(), h.zone), h.whose(i))
		events, err := h.receiver.store.Events(ctx, i.ID)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line+h.noted(events))
	}
	return lines, nil
}

func (h handover) whose(i incident.Incident) string {
	switch {
	case i.Owner != "":
		return h.directory.name(i.Owner) + " has it"
	case i.Withheld():
		return "in maintenance"
	}
	return "nobody has it"
}

// noted is the last note on a timeline, as the end of a line.
func (h handover) noted(events []incident.Event) string {
	note := ""
	for _, e := range events {
		if e.Kind == incident.KindNote {
			note = fmt.Sprintf("; %s noted: %s", h.directory.name(e.Person), strings.TrimSuffix(notify.OneLine(e.Text, 300), "."))
		}
	}
	return note
}
