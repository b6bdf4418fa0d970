package render

// inhibitions keep channels from hearing one fault twice. A source silences
// only alerts of its own service and never one that is graver than itself, and
// nothing silences ServiceDown: an alert that says something new about users
// is always told. Catalogues can lower an alert's severity, down to info,
// which no channel hears: such an alert silences nothing.
func inhibitions() []inhibition {
	symptoms := oneOf("alertname", AlertServiceSlow, AlertJourneyFailing, AlertPartialOutage, AlertPartialSlowdown, AlertComponentDown)
	slow := equals("alertname", AlertServiceSlow)
	lesser := oneOf("severity", "warning", "info")
	service := []string{"service"}
	return []inhibition{
		{
			why:    "A service that is down is also slow, and its journeys fail. That it is down names the components that are.",
			Source: []string{equals("alertname", AlertServiceDown), equals("severity", "critical")},
			Target: []string{symptoms},
			Equal:  service,
		},
		{
			Source: []string{equals("alertname", AlertServiceDown), equals("severity", "warning")},
			Target: []string{symptoms, lesser},
			Equal:  service,
		},
		{
			why:    "A dependency that is down explains slowness, and nothing graver.",
			Source: []string{equals("alertname", AlertDependencyDown), oneOf("severity", "critical", "warning")},
			Target: []string{slow, lesser},
			Equal:  service,
		},
	}
}
