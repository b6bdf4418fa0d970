// Package figures reads from Prometheus what explains an incident, and holds it
// in a form that outlives Prometheus' retention.
//
// The receiver calls [Reader.Read] when an incident opens, while it lasts and
// when it closes, merges what comes with what it has ([Figures.Merge]) and keeps
// it in its store as [Figures.Encode] writes it. The board and the post-mortem
// draw from that alone, years later if need be.
//
// What is asked stands in one table, [Questions]. Everything is bounded: the
// points and series of an answer, its bytes, and what is kept in the end. A
// point that Prometheus did not have is missing here too: nothing is filled in.
package figures
