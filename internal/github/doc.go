// Package github is the one client for GitHub's REST API: it logs in, as a person
// or as an app,
// asks conditionally, keeps to GitHub's limits and turns every refusal into
// one short error.
//
// The pipeline collector of the exporter reads workflow runs through it, and
// the receiver writes comments through it. Each program has one [Client] for
// its account, because the limits count per account; what the endpoints mean
// is the callers' business.
//
// A Client sends one request at a time and never waits for a limit to pass:
// it answers at once with an [Error] that says how long to stay away, so that
// the caller's schedule stays its own.
package github
