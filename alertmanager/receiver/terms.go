package receiver

import (
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// steps are those of an escalation in the engine's terms.
func (d *directory) steps(e *catalog.Escalation) []incident.Step {
	var steps []incident.Step
	for _, s := range e.Steps {
		role := incident.Role(s.Notify)
		switch role {
		case incident.RoleOnCall, incident.RoleBackup, incident.RoleManager, incident.RoleTeam:
		default:
			role = incident.PersonRole(s.Notify)
		}
		step := incident.Step{Notify: role, By: s.By, Every: s.Every.Std(), For: s.For.Std(), Severity: incident.Severity(s.Severity)}
		for _, later := range s.Then {
			step.Then = append(step.Then, incident.Later{Way: later.Way, After: later.After.Std()})
		}
		switch inside, outside := d.catalog.Hours[s.Hours], d.catalog.Hours[s.Outside]; {
		case inside != nil:
			step.Within = inside.Contains
		case outside != nil:
			step.Within = func(t time.Time) bool { return !outside.Contains(t) }
		}
		steps = append(steps, step)
	}
	return steps
}

// turn says who has a role of a team with a rota, and until when; nil for a
// team without one.
func (d *directory) turn(team *catalog.Team) func(incident.Role, time.Time) (string, time.Time) {
	if d.rotas[team.Rota] == nil {
		return nil
	}
	return func(role incident.Role, t time.Time) (string, time.Time) {
		shift, _ := d.shift(team, t)
		switch {
		case role == incident.RoleOnCall:
			return shift.Primary, shift.Until
		case role == incident.RoleBackup && shift.Backup != "":
			return shift.Backup, shift.Until
		}
		return "", time.Time{}
	}
}
