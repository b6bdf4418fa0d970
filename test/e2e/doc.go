// Package e2e proves the whole line: from a broken page to a person who is
// told, through the real Prometheus, Alertmanager, exporter and receiver.
//
// Its tests break the demo estate as people would and read what arrives. They
// state what is told to whom and in which order; how fast it is measured by
// test/bench/detection.
//
// Only intervals differ from the committed files, so that the tests are short.
package e2e
