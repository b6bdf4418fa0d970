// Package inbox catches mail and push messages and shows them as a page instead
// of delivering them.
//
// It is the last hop of the demo estate: Alertmanager and the receiver hand
// their messages to its SMTP side, and people, the end-to-end tests and the
// benchmark read them on its HTTP side. `tocsin inbox` and `tocsin up` run it;
// [New] listens, [Inbox.Run] serves.
//
// Mail is other people's HTML: a message is drawn only inside a frame that is
// sandboxed twice, by the frame's attribute and by the answer's own policy, so
// that nothing in it runs or is fetched. Number and size are bounded, and the
// oldest message goes first.
package inbox
