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

// toolsKnow says whether the team's tools have heard of this outage.
func (i Incident) toolsKnow() bool {
	for _, m := range i.Messages {
		if !m.At.Before(i.Since) && len(m.To) == 1 && m.To[0] == RoleTools {
			return true
		}
	}
	return false
}
