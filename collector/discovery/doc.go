// Package discovery finds services that nobody writes down: in Prometheus'
// service-discovery files, behind a URL that answers in the same form, and in
// Kubernetes.
//
// It stands in flow 1 between internal/reload and everything that follows the
// catalogue. The reloader hands each written catalogue to [Discovery]; it asks
// the sources that the catalogue names, extends the catalogue with what they
// list, and hands the result on as an ordinary *catalog.Catalog, again whenever
// a list changes. Each source is one file and one row of the table in
// source.go.
//
// What a reader would not guess: losing sight is not removal. A source that
// cannot be read keeps its last list, over restarts too; a service goes only
// when its source was read and no longer lists it.
package discovery
