package catalog

import "strings"

// checkSlack wants one sender: Alertmanager through a webhook, or the
// receiver as a bot. The receiver tells teams only, while it lives.
func (c *checker) checkSlack(path string, of *SlackChannel) {
	if !c.given(below(path, "webhook_file")) {
		c.oneSender(path)
	}
	for _, key := range []string{"signing_secret_file", "api"} {
		if c.given(below(path, key)) && !c.said(path, "bot_token_file") {
			c.add(below(path, key), "it belongs to a bot (want bot_token_file beside it)")
		}
	}
	c.checkBase(below(path, "api"), of.API)
	if !of.Bot() {
		return
	}
	place := below(path, "bot_token_file")
	if !c.ofATeam(path) {
		c.add(place, "a bot tells only the channels of a team (want webhook_file)")
		return
	}
	c.needsReceiver(place, "a bot")
}

func (c *checker) oneSender(path string) {
	if !c.said(path, "bot_token_file") && !c.meant[below(path, "webhook_file")] {
		c.add(path, "the sender is missing (want webhook_file or bot_token_file)")
	}
}

// checkIssues wants what the receiver needs to open issues.
func (c *checker) checkIssues(path string, of *GitHubChannel) {
	if !of.Issues {
		return
	}
	place := below(path, "issues")
	if !c.ofATeam(path) {
		c.add(place, "issues are opened only for the channels of a team")
		return
	}
	if !c.Accounts.GitHub.LoggedIn() && !c.said("accounts.github", "token") && !c.said("accounts.github", "app") {
		c.add(place, "GitHub opens issues for nobody without a login (add accounts.github.token or accounts.github.app)")
	}
	c.needsReceiver(place, "an issue")
}

// ofATeam says whether a channel is one of teams.NAME.channels.
func (c *checker) ofATeam(path string) bool {
	return strings.HasPrefix(path, "teams.") && strings.Contains(path, ".channels.")
}

func (c *checker) needsReceiver(path, what string) {
	if c.Delivery.Receiver == nil && !c.said("delivery", "receiver") {
		c.add(path, "%s needs Tocsin's receiver (add delivery.receiver)", what)
	}
}
