// Package pages holds no code, only the tests that keep README.md and
// docs/ true.
//
// Every command in a shell block is run (or, for what never ends, found in the
// Makefile and covered by the end-to-end tests), every link leads somewhere,
// and every error that is shown is one that the code prints.
//
// A kind of command that no test knows how to run is a failure: whoever shows
// something new also says here how it is proven.
package pages
