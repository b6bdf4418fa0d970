// Package incident decides what an alert, a press of a button or the passing
// of time means for the people who look after a service.
//
// It stands in the middle of the flow from alert to person: the receiver loads
// the incidents that an input may concern, asks [Decide] for events, applies
// them with [Apply] and stores events, incidents and what is to be sent in one
// transaction. The events of an incident are its timeline.
//
// The package is pure: the time is an argument, and nothing here knows a clock,
// a network or a database, so a history can be played again from its events. A
// message names roles, never a person, because who is on call is a question of
// the instant at which it leaves.
package incident
