// Package postmortem makes a first draft of an incident's post-mortem from what
// was kept with the incident, and from nothing else: it can be made years later.
//
// The board gives an [Input] to [Draft] and shows the [Document]; the tool gets
// the document from the receiver's API and writes it with [Markdown] or [HTML].
// All three are pure functions.
//
// A draft is read outside the team: people have their names in it, and no
// addresses. What a channel said when it could not deliver is therefore left
// out, since providers repeat the address. What only people know is left open to
// be filled in.
package postmortem
