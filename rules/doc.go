// Package rules holds what Prometheus loads: prometheus.yml and one rule file
// per subject, records first, then alerts. There is no Go code but tests.
//
// It stands between the exporter, whose metrics docs/metrics.md lists, and
// Alertmanager, whose routes match the labels severity, audience and team. The
// files are static: what is normal for a service, and which alerts it wants, are
// series that the exporter exports from the catalogue and joins.yml reduces.
//
// An alert uses series, records of its own group, and records of joins.yml;
// nothing else, because groups have no order among each other. What its
// annotations ask may be a few seconds old, so they may ask anything.
package rules
