// Package web is the exporter's pages: what people and Prometheus ask it.
//
// cmd/tocsin_exporter makes the handler last, from the finished harness, and
// hands it to internal/httpserver. The package reads from the harness and asks
// it to try a probe or to reload; it keeps no state of its own.
//
// A trace is the one form of an attempt, from which its JSON, text and page are
// made; docs/pages.md describes them.
//
// What a reader would not guess: there is no way to name a target. Only probes
// of the catalogue can be tried, one attempt at a time each, so nobody who
// reaches the port can make the exporter connect anywhere else.
package web
