// Package resident keeps small what a long-running program holds in memory.
//
// cmd/tocsin_exporter and cmd/tocsin_receiver call it while they start and a
// while after: the tables and the code of thirty protocols, most of which no
// catalogue uses, are read when the program starts and never again. Most of
// their heap stays as long as the catalogue and what is open, so collecting
// more often than Go would costs little.
//
// What a reader would not guess: nothing is lost by it. The pages given back
// are unchanged copies of the program's file, and come back from the system's
// file cache when they are touched.
package resident
