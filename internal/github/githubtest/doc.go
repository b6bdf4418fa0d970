// Package githubtest is a GitHub for tests: a server on loopback that keeps
// workflow runs, pull requests and comments, and answers as GitHub's published
// REST description says.
//
// Tests of the client, of the pipeline collector and of the receiver's GitHub
// channel start one with [New], give it runs, and look at the comments it has
// received. It does conditional requests, pages, redirects and rate limits,
// and misbehaves when told to.
//
// It cannot drift: every request's parameters and body, and every answer, are
// checked against the OpenAPI description that `make fixtures` fetches, and a
// deviation fails the test. The answers are the description's own examples
// with the test's values written over them.
package githubtest
