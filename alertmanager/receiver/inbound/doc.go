// Package inbound takes alerts that other systems raise: Azure Monitor,
// CloudWatch through SNS, Grafana, and whatever can post JSON.
//
// It is a second door into flow 2, beside package webhook. cmd/tocsin_receiver
// mounts [Handler]; a form's file proves who sends and reads a post into
// [Event]s; [Label] finds the service and the team and makes of each what an
// alert of Alertmanager has. The receiver stores that before it answers, and
// posts it to every Alertmanager again and again until it is over: so one
// routing, one rota and one board serve all alerts.
//
// What a reader would not guess: a post that proves who sends and cannot be
// read raises an alert of its own. An answer of 4xx is final for most senders,
// and nobody looks at their logs. Nothing here follows an address that a
// message names, but the certificate of SNS, whose place is pinned.
package inbound
