// Package pipeline holds no code, only the test of a pipeline's way through
// Tocsin: from a workflow run on GitHub to the comment on its pull request.
//
// It puts together what cmd puts together in two programs: the exporter's
// pipeline collector with its pages, and the receiver with its store and its
// GitHub channel, both against one fake GitHub. Prometheus and Alertmanager
// between them are played by the test, which fires when /metrics says so.
//
// The fake is held to GitHub's published description, so this is as near to
// GitHub as a test without a network comes.
package pipeline
