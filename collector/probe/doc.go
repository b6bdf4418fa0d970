// Package probe asks services questions: one file per kind, each a function
// from a context and a spec to a result.
//
// It stands at the start of flow 1. The harness in package collector builds a
// [Func] from each probe of the catalogue with [New], calls it on schedule and
// does everything else: timing, limits, confirmation, panics, metrics, history.
// [Kinds] is the one table of kinds; failure reasons, phases and the rows of
// the documentation derive from it.
//
// What a reader would not guess: a Func opens a fresh connection and resolves
// afresh on every call, because an outage hides behind a connection that was
// opened yesterday; and no text leaves this package that still holds a value
// which came from a secret's file.
package probe
