// Package collector is the exporter's harness: it schedules, times, limits,
// confirms and exports what the probe kinds find, and keeps the last results.
//
// It is the middle of flow 1. cmd/tocsin_exporter wires it: internal/reload
// hands each good catalogue to the [Harness] and the other parts, the harness
// builds attempts with package probe and calls them, and Prometheus reads what
// [Harness.Gather] returns. Sources of other signals (resources, pipelines)
// plug in as a [Source].
//
// What a reader would not guess: an idle probe holds no goroutine. One loop
// over a heap of due times starts a goroutine per run, so that twenty thousand
// probes cost their results and nothing else. Waiting for a free slot is lag,
// which is counted, and never a failure; neither is time that runs out while
// the exporter itself does not get to run (docs/adr/0009).
package collector
