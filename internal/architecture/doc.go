// Package architecture holds no code, only the test that keeps the arrows of
// the tree pointing one way.
//
// The test asks the go command what each package really links, so an arrow
// that sneaks in through a third package is found too. The rules are one
// table; a new rule is a row.
//
// They are a test and not a linter's setting so that `go test` alone shows
// them, with the chain of imports that broke one.
package architecture
