// Package templates holds the texts of the messages that Alertmanager sends by
// itself: mail, Slack and Microsoft Teams.
//
// It stands between `tocsin render`, which writes the texts beside
// alertmanager.yml, and Alertmanager, which reads them from there. `tocsin
// check` compares what lies there with what is shipped.
//
// Alertmanager accepts a pattern that matches no file, and then every message
// fails; that is why the texts are written and checked together with it.
package templates

import "embed"

// Files are the texts as shipped.
//
//go:embed tocsin-*.tmpl
var Files embed.FS
