// Package promql reads rule files and says what their expressions name.
//
// It stands beside flow 1, where metrics become alerts: the tests of rules/ and
// of dashboards/ hand it files and expressions and compare what it lists with
// docs/metrics.md, and the review of a pull request builds on it. It is the only
// package that knows Prometheus' parser, so that a change there is met here.
//
// An alert asks Prometheus more than its expression says: its labels and
// annotations are templates that run queries of their own. [Rule.Queries] lists
// those too, with the placeholders of printf filled in.
package promql
