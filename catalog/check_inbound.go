package catalog

import (
	"regexp"
	"strings"

	"github.com/ohler55/ojg/jp"
)

func (c *checker) checkInbound() {
	if len(c.Inbound) > 0 && len(c.Links.Alertmanager) == 0 && !c.said("links", "alertmanager") {
		c.add("inbound", "alerts from elsewhere go through Alertmanager (add links.alertmanager, with every member of the cluster)")
	}
	for name, in := range c.Inbound {
		path := below("inbound", name)
		c.exactlyOne(path, "the form of the alerts", "azure", "cloudwatch", "grafana", "json")
		known(c, below(path, "service"), "service", in.Service, c.Services)
		if c.given(below(path, "team")) {
			known(c, below(path, "team"), "team", in.Team, c.Teams)
		}
		c.checkProof(path, in)
		if in.CloudWatch != nil {
			c.checkTopics(below(path, "cloudwatch.topics"), in.CloudWatch.Topics)
		}
		if in.JSON != nil {
			in.JSON.check(c, below(path, "json"))
		}
	}
}

// checkProof wants everybody who sends to prove who it is; the messages of SNS
// are signed.
func (c *checker) checkProof(path string, in *Inbound) {
	entra := in.Azure != nil && in.Azure.Entra != nil
	if entra {
		u := c.checkURL(below(path, "azure.entra.issuer"), in.Azure.Entra.Issuer)
		if u != nil && u.Scheme != "https" && !onLoopback(u.Host) {
			c.add(below(path, "azure.entra.issuer"), "got %s, want an address with https://", clipped(in.Azure.Entra.Issuer))
		}
	}
	signed := in.CloudWatch != nil || entra || in.Azure != nil && c.meant[below(path, "azure")]
	if in.TokenFile == "" && !signed && !c.said(path, "token_file") && in.kinds() > 0 {
		c.add(path, "anybody could raise and end alerts here (add token_file, with what the sender shows)")
	}
}

func (in *Inbound) kinds() int {
	n := 0
	for _, given := range []bool{in.Azure != nil, in.CloudWatch != nil, in.Grafana != nil, in.JSON != nil} {
		if given {
			n++
		}
	}
	return n
}

func (c *checker) checkTopics(path string, topics []string) {
	if len(topics) == 0 && c.given(path) {
		c.add(path, "the list is empty (want the ARN of a topic of SNS)")
	}
	arn := regexp.MustCompile(`^arn:aws[a-z-]*:sns:[a-z0-9-]{3,}:[0-9]{12}:[A-Za-z0-9_.-]{1,256}$`)
	for i, topic := range topics {
		if !arn.MatchString(topic) {
			c.add(at(path, i), "malformed topic (got %s, want an ARN such as arn:aws:sns:eu-west-2:123456789012:alarms)", clipped(topic))
		}
	}
	c.distinct(path, topics)
}

func (j *JSONInbound) check(c *checker, path string) {
	if _, err := jp.ParseString(j.Alerts); j.Alerts != "" && err != nil {
		c.add(below(path, "alerts"), "malformed JSON path %s: %v", clipped(j.Alerts), err)
	}
	for key, text := range map[string]string{
		"key": j.Key, "title": j.Title, "summary": j.Summary, "description": j.Description,
		"severity": j.Severity, "state": j.State, "service": j.Service,
	} {
		c.checkPaths(below(path, key), text)
	}
	for name, text := range j.Labels {
		c.checkPaths(below(below(path, "labels"), name), text)
	}
	if j.Key != "" && !strings.Contains(j.Key, "{{") {
		c.add(below(path, "key"), "the key is the same for every alert (got %s, want what tells them apart, such as \"{{$.id}}\")", clipped(j.Key))
	}
	if j.State == "" && len(j.Resolved) > 0 && !c.said(path, "state") || j.State != "" && len(j.Resolved) == 0 && !c.said(path, "resolved") {
		c.add(path, "an end has two parts (want state and resolved, or neither and expire)")
	}
	if j.State == "" && j.Expire == 0 && !c.said(path, "state") && !c.said(path, "expire") {
		c.add(path, "its alerts would never end (want state and resolved, or expire)")
	}
}

// checkPaths wants what stands in {{ }} to be JSON paths.
func (c *checker) checkPaths(path, text string) {
	for _, expression := range PathsIn(text) {
		if _, err := jp.ParseString(expression); err != nil {
			c.add(path, "malformed JSON path %s: %v", clipped(expression), err)
		}
	}
	if strings.Count(text, "{{") != len(PathsIn(text)) {
		c.add(path, "a {{ is not closed (got %s, want {{ and }} around a JSON path)", clipped(text))
	}
}

// PathsIn lists the JSON paths that stand in {{ }} in a text of a [JSONInbound].
func PathsIn(text string) []string {
	var paths []string
	for {
		_, rest, found := strings.Cut(text, "{{")
		path, after, closed := strings.Cut(rest, "}}")
		if !found || !closed {
			return paths
		}
		paths, text = append(paths, strings.TrimSpace(path)), after
	}
}

// checkAlertsFrom wants a service to claim something in particular.
func (c *checker) checkAlertsFrom(path string, matches []AlertMatch) {
	for i, m := range matches {
		item := at(path, i)
		known(c, below(item, "from"), "source of alerts", m.From, c.Inbound)
		if m.From == "" && m.Title == "" && m.Resource == "" && len(m.Dimensions)+len(m.Labels) == 0 && !c.meant[item] {
			c.add(item, "the service would claim every alert from everywhere (want from, title, resource, dimensions or labels)")
		}
	}
}
