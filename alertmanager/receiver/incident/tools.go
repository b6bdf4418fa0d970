package incident

// tools tells what the team uses beside us. They hear of every change of an
// incident that is told to somebody; what each makes of it is the channel's
// matter.
func (d *decision) tools(id ID, kind MessageKind, news string) {
	i, ok := d.state.Incident(id)
	if !ok || !d.terms(i).Tools {
		return
	}
	d.queue(id, Message{Kind: kind, To: []Role{RoleTools}, News: news})
}

// ForTools says that a message is for the team's tools and for no person.
func (m Message) ForTools() bool { return len(m.To) == 1 && m.To[0] == RoleTools }

// toolsKnow says whether the team's tools have heard of this outage.
func (i Incident) toolsKnow() bool {
	for _, m := range i.Messages {
		if !m.At.Before(i.Since) && m.ForTools() {
			return true
		}
	}
	return false
}

// Alarmed says whether a place was told to ring somebody in this outage, or may
// have been: a message that was given up may have arrived all the same.
func (i Incident) Alarmed(place, way string) bool {
	for _, m := range i.Messages {
		for _, d := range m.Deliveries {
			if m.Kind == MessagePage && !m.At.Before(i.Since) && d.Recipient == place && d.Way == way {
				return true
			}
		}
	}
	return false
}
