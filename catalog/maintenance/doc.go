// Package maintenance says when which service is in maintenance.
//
// It stands beside the catalogue and before both flows: the exporter exports
// what a [Plan] says of the catalogue's windows, the receiver withholds pages
// by it and by the windows that were opened once ([Once]), and the tool prints
// both. What they share is here so that they never disagree.
//
// The package is pure: the time is an argument, and nothing is stored. A
// window that comes again is kept as days and a wall clock; only its beginning
// is looked up in the zone, and its length is real time, so a window of three
// hours lasts three hours in the night in which clocks change, too.
package maintenance
