// Package heartbeat keeps what batch jobs say of themselves: that they have
// started, succeeded or failed, and the end of their log.
//
// It is the part of flow 1 that is asked instead of asking. cmd/tocsin_exporter
// mounts [Handler] at /heartbeat/, jobs post to it, and the probe kind
// heartbeat judges what the [Store] remembers on the exporter's own schedule,
// so that silence is noticed too.
//
// What a reader would not guess: a job is remembered from the moment on which
// the exporter first looks for it, on disk, so that one that never calls is
// told from one that is new, across restarts. A signal is answered with 200
// only when it is on disk.
package heartbeat
