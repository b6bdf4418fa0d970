// Package estate runs the whole demo estate on free ports, for tests and
// benchmarks.
//
// The end-to-end tests and the detection benchmark call [Start]: it copies the
// committed catalogue, rules and Alertmanager configuration into a folder,
// changes addresses and what the caller edits, and starts the real Prometheus,
// Alertmanager, exporter and receiver over the demo shop and the inbox, which
// run inside the caller so that it can turn their switches and read their mail.
//
// The committed files are the only source: nothing is rendered or written anew,
// so what is proved here is what people get.
package estate
