// Package receiver is the flow from alert to person: it puts webhook,
// incident, oncall, notify, store and board together.
//
// cmd/tocsin_receiver makes one and runs it. A notification, a press of a
// button and a due time all go the same way: load the incident, let the engine
// decide, save events, state and what is to be sent in one transaction, then
// wake whoever waits: the dispatcher for the outbox, the board's readers for
// what changed.
//
// Nothing polls on that way. The timers only serve what was planned, and what
// a wake-up that was lost in a crash has left behind.
package receiver
