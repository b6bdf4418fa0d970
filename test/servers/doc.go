// Package servers runs real servers for tests: a PostgreSQL, an nginx, a
// Postfix, each in a folder of its own, on a free port of loopback, as a
// process that ends with its test.
//
// The tests of probe kinds call it. It stands beside test/estate, which runs
// our own programs and the engines; nothing of the product imports it.
//
// What a reader would not guess: a server that is not installed skips the test
// with a reason that says what to install, unless the variable
// TOCSIN_INTEGRATION is "require", as `make test-integration` and CI set it;
// then it fails. The packages stand in the file packages, one a line, which
// `make test-integration` installs on Debian.
package servers
