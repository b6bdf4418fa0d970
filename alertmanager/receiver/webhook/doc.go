// Package webhook takes notifications from Alertmanager.
//
// It is the door of the flow from alert to person: [Handler] checks the token,
// decodes payload version 4 and gives the result to a [Sink], which the
// receiver implements by its store and engine.
//
// What it answers decides what Alertmanager does. A 2xx is given only for what
// is durable. Everything that may be better later is 503, because Alertmanager
// repeats 5xx and nothing else: 429 and 413 lose the alert. A redirect would
// turn the POST into a GET whose 200 counts as delivered, so there is none.
package webhook
