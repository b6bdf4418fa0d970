// Package lint judges a catalogue that loads: what is legal and will
// nevertheless fail somebody one night.
//
// It is the first part of the flow from pull request to proof. `tocsin check`
// hands it a catalogue and prints the results; it changes nothing and reads
// only the files that the catalogue names. Each check is one function and one
// row of the table in lint.go.
//
// What makes a catalogue useless (a dangling name, a rota without people) is
// an error of package catalog, because the exporter and the receiver must
// refuse it too; what is here can wait until it is mended.
package lint
