// Package demo is a small web shop that can be broken on purpose, so that
// people see what Tocsin tells them before they trust it with anything real.
//
// `tocsin demo` runs it alone, `tocsin up` runs it under the probes of the
// shipped tocsin.yml, and the end-to-end tests turn its switches. [New] listens,
// [Estate.Run] serves: the shop with its switches at /admin, the payments
// service that the shop depends on, and an HTTPS door whose certificate can be
// made to run out.
//
// The switches never break /admin, /metrics or /-/ready: what is broken can
// always be seen and mended.
package demo
