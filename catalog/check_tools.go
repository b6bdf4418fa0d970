package catalog

// checkTools looks at the tools among the shared places of a team, or of
// break_glass.
func (c *checker) checkTools(path string, of *Channels) {
	if tool := of.PagerDuty; tool != nil {
		c.checkBase(below(path, "pagerduty.url"), tool.URL)
	}
}

// checkAnswers looks at how a team's tools post back.
func (c *checker) checkAnswers(path string, of *Channels) {
	back := map[string]string{}
	if of.PagerDuty != nil {
		back["pagerduty.webhook_secret_file"] = of.PagerDuty.WebhookSecretFile
	}
	for key, file := range back {
		if file != "" && c.Links.Board == "" && !c.said("links", "board") {
			c.add(below(path, key), "what comes back is posted to the board (add links.board)")
		}
	}
}

// checkNoAnswers refuses them in break_glass: Tocsin's receiver is dead when
// Alertmanager sends there.
func (c *checker) checkNoAnswers(path string, of *Channels) {
	if of.PagerDuty != nil && of.PagerDuty.WebhookSecretFile != "" {
		c.add(below(path, "pagerduty.webhook_secret_file"), "nothing comes back to Alertmanager (want it in a team's channels)")
	}
}

// checkNoTools refuses a team's tools among its product channels, where nothing
// would reach them.
func (c *checker) checkNoTools(path string, of *Channels) {
	if of == nil {
		return
	}
	for key, given := range map[string]bool{"pagerduty": of.PagerDuty != nil, "victorops": of.VictorOps != nil} {
		if given {
			c.add(below(path, key), "a tool of the team hears of all its incidents (want it in channels)")
		}
	}
}
