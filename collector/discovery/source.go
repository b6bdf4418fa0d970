package discovery

import (
	"context"
	"net/http"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

const (
	// maxTargets bounds what is remembered of one source.
	maxTargets = 20_000
	// maxAnswer bounds one file or answer.
	maxAnswer = 16 << 20
	// maxLabels and maxLabelName bound what is remembered of one target.
	maxLabels    = 64
	maxLabelName = 200
)

// source lists targets until ctx ends and tells them to a sink. Last is what it
// told last, before a restart or a change of its specification.
type source interface {
	run(ctx context.Context, last []catalog.Candidate, to sink)
}

// sink takes what a source finds.
type sink interface {
	// found is a whole list. Rejected are those of its targets that are not in
	// the source's form. An error says that parts of the list are as they were,
	// because they could not be read.
	found(list []catalog.Candidate, rejected []catalog.Rejection, err error)
	// failed says that nothing could be read: the last list stays.
	failed(err error)
}

// kind is one way of finding services.
type kind struct {
	name string
	is   func(*catalog.Discovery) bool
	make func(*catalog.Discovery, settings) source
}

// settings are what the kinds share.
type settings struct {
	userAgent string
	transport func() *http.Transport
}

// kinds are all there are.
func kinds() []kind {
	return []kind{
		{"file", func(d *catalog.Discovery) bool { return d.File != nil }, newFile},
		{"http", func(d *catalog.Discovery) bool { return d.HTTP != nil }, newHTTP},
		{"kubernetes", func(d *catalog.Discovery) bool { return d.Kubernetes != nil }, newKubernetes},
	}
}

// newSource makes the source that a catalogue names.
func newSource(d *catalog.Discovery, s settings) source {
	for _, k := range kinds() {
		if k.is(d) {
			return k.make(d, s)
		}
	}
	return nil
}
