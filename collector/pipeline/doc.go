// Package pipeline watches deployment pipelines, one file per provider, and
// exports what became of the last run of each.
//
// The exporter hands it the catalogue's pipelines that are its to read. The
// rules raise PipelineFailed from what it exports; the receiver asks
// [Collector.Handler] for the details of a run, because ids, commits and
// addresses are never labels.
//
// A run that was cancelled or skipped proves nothing: after a failure the
// pipeline stays failed until a run succeeds. And when a poll fails, what was
// known stays exported, because losing sight is not recovery.
package pipeline
