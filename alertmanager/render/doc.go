// Package render turns the catalogue into Alertmanager's configuration: who is
// told of an alert, through which channel, how fast, and at which hours.
//
// It stands at the head of the flow from alert to person. `tocsin render`
// calls [Config], [Fragment] or [Shadow] and writes the text; `tocsin check`
// calls them again and compares; Alertmanager reads the result. Routes match
// the label team, never service, so the file grows with teams only.
//
// The text is marshalled from structs of this package, because Alertmanager's
// own print every secret and every secret's address as <secret>. Nothing
// leaves the package that Alertmanager's own loader has not accepted.
package render
