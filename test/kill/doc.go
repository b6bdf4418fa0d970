// Package kill ends a real receiver at random instants, under load, and looks
// at what is left.
//
// It is a test only: each round starts the program on the same folder, posts
// alerts from several sides, kills it with SIGKILL, and the next life goes on. What
// was answered with success has an incident and rings its person by every step of
// the escalation; only what was on its way may come twice. test/pager runs the
// programs.
//
// A second test has two receivers over one PostgreSQL, and kills either.
//
// -rounds and -shared-rounds say how many; `go test ./test/kill -rounds 1000 -timeout 1h` is the long form.
package kill
