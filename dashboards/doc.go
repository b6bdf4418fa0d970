// Package dashboards holds the Grafana dashboards and what keeps them mergeable.
//
// They stand at the end of flow 1: Prometheus answers their queries from the
// recorded series of rules/ and the exporter's metrics. Grafana reads the .json
// files through provisioning/; nobody else does. The tests hold every query
// against docs/metrics.md and rules/, and the files against [Normalize].
//
// A dashboard that went through Grafana's editor comes back with dozens of
// defaults, another order of keys and the viewer's own time range. Normalize
// takes all of that out again, so that the difference in a pull request is the
// change that somebody made.
package dashboards
