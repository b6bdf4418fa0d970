// Package resident keeps small what a long-running program holds in memory.
//
// cmd/tocsin_exporter calls it while it starts and a while after: the tables and
// the code of thirty protocols, most of which no catalogue uses, are read when
// the program starts and never again.
//
// What a reader would not guess: nothing is lost by it. The pages given back
// are unchanged copies of the program's file, and come back from the system's
// file cache when they are touched.
package resident
