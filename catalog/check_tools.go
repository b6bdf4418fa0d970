package catalog

import (
	"maps"
	"mime"
	"strings"
)

// checkTools looks at the tools among the shared places of a team, or of
// break_glass.
func (c *checker) checkTools(path string, of *Channels) {
	if tool := of.PagerDuty; tool != nil {
		c.checkBase(below(path, "pagerduty.url"), tool.URL)
		c.checkPagerDutyAPI(below(path, "pagerduty"), tool)
	}
	if tool := of.VictorOps; tool != nil {
		c.checkBase(below(path, "victorops.url"), tool.URL)
	}
	if tool := of.Webhook; tool != nil {
		c.exactlyOne(below(path, "webhook"), "the address", "url", "url_file")
		c.checkURL(below(path, "webhook.url"), tool.URL)
		if kind, _, err := mime.ParseMediaType(tool.ContentType); tool.ContentType != "" && (err != nil || !strings.Contains(kind, "/")) {
			c.add(below(path, "webhook.content_type"), "got %s, want a media type such as application/json", clipped(tool.ContentType))
		}
	}
}

// checkPagerDutyAPI wants both halves of the REST API's login, for a team's
// channels.
func (c *checker) checkPagerDutyAPI(path string, of *PagerDutyChannel) {
	token, user := below(path, "api_token_file"), below(path, "api_user")
	switch {
	case c.given(token) && !c.ofATeam(path):
		c.add(token, "Alertmanager writes no notes (want it in a team's channels)")
	case c.given(token) && !c.said(path, "api_user"):
		c.add(token, "PagerDuty wants to know in whose name (add api_user, the mail address of a user there)")
	case c.given(user) && !c.said(path, "api_token_file"):
		c.add(user, "it belongs to a token (want api_token_file beside it)")
	case of.APIUser != "":
		c.checkMail(user, of.APIUser, false)
	}
}

// answers are the secrets of what a team's tools post back, by their keys.
func (of *Channels) answers() map[string]string {
	files := map[string]string{}
	if of.PagerDuty != nil {
		files["pagerduty.webhook_secret_file"] = of.PagerDuty.WebhookSecretFile
	}
	if of.Slack.Bot() {
		files["slack.signing_secret_file"] = of.Slack.SigningSecretFile
	}
	if of.VictorOps != nil {
		files["victorops.webhook_token_file"] = of.VictorOps.WebhookTokenFile
	}
	maps.DeleteFunc(files, func(_, file string) bool { return file == "" })
	return files
}

// checkAnswers wants an address for what a team's tools post back.
func (c *checker) checkAnswers(path string, of *Channels) {
	if c.Links.Board != "" || c.said("links", "board") {
		return
	}
	for key := range of.answers() {
		c.add(below(path, key), "what comes back is posted to the board (add links.board)")
	}
}

// checkNoAnswers refuses them in break_glass: Tocsin's receiver is dead when
// Alertmanager sends there.
func (c *checker) checkNoAnswers(path string, of *Channels) {
	for key := range of.answers() {
		c.add(below(path, key), "nothing comes back to Alertmanager (want it in a team's channels)")
	}
}

// checkNoTools refuses a team's tools among its product channels, where nothing
// would reach them.
func (c *checker) checkNoTools(path string, of *Channels) {
	if of == nil {
		return
	}
	for key, given := range map[string]bool{"pagerduty": of.PagerDuty != nil, "victorops": of.VictorOps != nil, "webhook": of.Webhook != nil} {
		if given {
			c.add(below(path, key), "a tool of the team hears of all its incidents (want it in channels)")
		}
	}
}
