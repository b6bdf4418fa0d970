package catalog

import (
	"slices"
	"strings"
	"time"
)

func (c *checker) checkLinks() {
	l := c.Links
	c.checkBase("links.prometheus", l.Prometheus)
	c.checkBase("links.grafana", l.Grafana)
	c.checkBase("links.board", l.Board)
	c.checkBase("links.runbooks", l.Runbooks)
	for i, address := range l.Alertmanager {
		c.checkBase(at("links.alertmanager", i), address)
	}
	c.distinct("links.alertmanager", l.Alertmanager)
	for i, address := range l.Exporters {
		c.checkBase(at("links.exporters", i), address)
	}
	c.distinct("links.exporters", l.Exporters)
	c.checkAlertmanagerAccount()
	c.checkBase("accounts.github.api", c.Accounts.GitHub.API)
	if c.Accounts.GitHub.Token != nil && c.Accounts.GitHub.App != nil {
		c.add("accounts.github.app", "GitHub knows one of us only (want token or app)")
	}
}

// checkAlertmanagerAccount wants an account that is of use.
func (c *checker) checkAlertmanagerAccount() {
	account := c.Accounts.Alertmanager
	if account == nil {
		return
	}
	const path = "accounts.alertmanager"
	if account.Auth == nil && account.TLS == nil {
		c.add(path, "it says nothing (want auth, tls, or neither of them and no account)")
	}
	if len(c.Links.Alertmanager) == 0 {
		c.add(path, "there is no Alertmanager to log in to (add links.alertmanager)")
	}
	if account.Auth != nil {
		account.Auth.check(c, below(path, "auth"), nil)
	}
	encrypted := func(address string) bool { return strings.HasPrefix(address, "https:") }
	if account.TLS != nil && len(c.Links.Alertmanager) > 0 && !slices.ContainsFunc(c.Links.Alertmanager, encrypted) {
		c.add(below(path, "tls"), "no address of links.alertmanager is encrypted (want https://)")
	}
	c.checkEncryption(below(path, "tls"), account.TLS)
}

func (c *checker) checkDelivery() {
	if relay := c.Delivery.SMTP; relay != nil {
		c.checkHostPort("delivery.smtp.host", relay.Host)
		c.checkMail("delivery.smtp.from", relay.From, true)
		if _, err := choice(relay.TLS, TLSStart, TLSOn, TLSNone); err != nil {
			c.add("delivery.smtp.tls", "%v", err)
		}
		if (relay.Username == "") != (relay.PasswordFile == "") {
			c.add("delivery.smtp", "a login has two parts (want username and password_file, or neither)")
		}
	}
	if receiver := c.Delivery.Receiver; receiver != nil {
		u := c.checkURL("delivery.receiver.url", receiver.URL)
		if u != nil && (strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "") {
			c.add("delivery.receiver.url", "got %s, want the receiver's address without a path", clipped(receiver.URL))
		}
		c.checkClusters(receiver)
	}
	if push := c.Delivery.Ntfy; push != nil {
		c.checkBase("delivery.ntfy.url", push.URL)
	}
	if push := c.Delivery.Pushover; push != nil {
		c.checkBase("delivery.pushover.url", push.URL)
	}
	c.checkTwilio(c.Delivery.Twilio)
	c.checkGovukNotify(c.Delivery.GovukNotify)
}

// checkClusters wants each cluster to be told by its token, and each member to
// be of one cluster: an alert ends when its own members list it no more.
func (c *checker) checkClusters(receiver *Receiver) {
	const path = "delivery.receiver.clusters"
	if len(receiver.Clusters) > 0 && receiver.TokenFile == "" && !c.said("delivery.receiver", "token_file") {
		c.add(path, "without a token of the first cluster nobody can tell them apart (add delivery.receiver.token_file)")
	}
	tokens, members := map[string]string{receiver.TokenFile: "delivery.receiver.token_file"}, map[string]string{}
	for i, address := range c.Links.Alertmanager {
		members[address] = at("links.alertmanager", i)
	}
	for _, name := range names(receiver.Clusters) {
		cluster, of := receiver.Clusters[name], below(path, name)
		if name == MainCluster || name == "receiver" {
			c.add(of, "the name is taken (%q is the cluster of links.alertmanager, \"receiver\" is the receiver itself)", MainCluster)
		}
		if where := tokens[cluster.TokenFile]; where != "" && cluster.TokenFile != "" {
			c.add(below(of, "token_file"), "it is that of %s, too: the token says which cluster posts", where)
		}
		tokens[cluster.TokenFile] = below(of, "token_file")
		c.distinct(below(of, "alertmanager"), cluster.Alertmanager)
		for i, address := range cluster.Alertmanager {
			member := at(below(of, "alertmanager"), i)
			c.checkBase(member, address)
			if where := members[address]; where != "" && !slices.Contains(cluster.Alertmanager[:i], address) {
				c.add(member, "it is %s, too: a member is of one cluster", where)
			}
			members[address] = member
		}
	}
}

func (c *checker) checkMonitoring() {
	m := c.Monitoring
	known(c, "monitoring.team", "team", m.Team, c.Teams)
	if c.given("monitoring.fallback_team") {
		known(c, "monitoring.fallback_team", "team", m.FallbackTeam, c.Teams)
	}
	if m.Heartbeat != nil {
		c.checkHeartbeatOut("monitoring.heartbeat", m.Heartbeat)
	}
	for i := range m.BreakGlass {
		path := at("monitoring.break_glass", i)
		channels := &m.BreakGlass[i]
		if *channels == (Channels{}) {
			c.add(path, "the entry reaches nobody (give it a channel such as email: {to: [someone@example.org]})")
		}
		if channels.GitHub != nil {
			c.add(below(path, "github"), "GitHub cannot be told without Tocsin's receiver (want slack, teams, email, pagerduty or victorops)")
		}
		if channels.Webhook != nil {
			c.add(below(path, "webhook"), "webhooks are posted by Tocsin's receiver, which is dead when this is used (want slack, teams, email, pagerduty or victorops)")
		}
		c.checkChannels(path, channels)
		c.checkNoAnswers(path, channels)
	}
}

func (c *checker) checkHeartbeatOut(path string, h *OutboundHeartbeat) {
	const most = Duration(time.Hour)
	c.exactlyOne(path, "the address", "url", "url_file")
	c.checkURL(below(path, "url"), h.URL)
	if h.Every < 10*shortest || h.Every > most {
		c.add(below(path, "every"), "got %s, want %s to %s", h.Every, 10*shortest, most)
	}
	if _, err := choice(h.Method, OutboundMethods()...); err != nil {
		c.add(below(path, "method"), "%v", err)
	}
}

// checkChannels looks at the shared places of a team, or of break_glass.
func (c *checker) checkChannels(path string, of *Channels) {
	if of == nil {
		return
	}
	if of.Email != nil {
		c.checkEmail(below(path, "email"), of.Email)
	}
	if of.GitHub != nil {
		c.checkRepository(below(path, "github.repository"), of.GitHub.Repository)
		c.checkIssues(below(path, "github"), of.GitHub)
	}
	if of.Slack != nil {
		c.checkSlack(below(path, "slack"), of.Slack)
	}
	c.checkTools(path, of)
}

func (c *checker) checkEmail(path string, of *EmailChannel) {
	to := below(path, "to")
	if len(of.To) == 0 && c.given(to) {
		c.add(to, "the list is empty (want an address such as team@example.org)")
	}
	for i, address := range of.To {
		c.checkMail(at(to, i), address, false)
	}
	c.distinct(to, of.To)
	if c.Delivery.SMTP == nil && !c.said("delivery", "smtp") {
		c.add(path, "mail needs a relay (add delivery.smtp)")
	}
}

func (c *checker) given(path string) bool { return c.positions.given(path) }

// said is given, or meant by a misspelled key, or it cannot be known.
func (c *checker) said(path, key string) bool {
	return c.given(below(path, key)) || c.meant[below(path, key)] || c.meant[path]
}
