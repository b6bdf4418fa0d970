package render

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// The receivers' names; those of teams end in the team's.
const (
	receiverTocsin     = "tocsin/receiver"
	receiverWatchdog   = "tocsin/watchdog"
	receiverBreakGlass = "tocsin/break-glass"
	receiverNobody     = "tocsin/nobody"
	receiverTeam       = "tocsin/team/"
	receiverProduct    = "tocsin/product/"
)

// lastResort is the root's receiver, which Alertmanager demands.
func (r *renderer) lastResort() string {
	if r.c.Delivery.Receiver == nil {
		return r.use(receiver{Name: receiverNobody})
	}
	return receiverTocsin
}

// webhook posts to Tocsin's receiver. Redirects are not followed: a redirected
// POST arrives as an empty GET, is answered 200, and the alert is lost.
func (r *renderer) webhook(name, path string) receiver {
	to := r.c.Delivery.Receiver
	hook := webhookChannel{URL: plainURL(strings.TrimSuffix(to.URL, "/") + path), SendResolved: true, Timeout: "5s"}
	if to.TokenFile != "" {
		hook.HTTP.Authorization = &authorization{Type: "Bearer", CredentialsFile: r.place.beside(to.TokenFile)}
	}
	return receiver{Name: name, Webhook: []webhookChannel{hook}}
}

// breakGlass is the one place where PagerDuty and Splunk On-Call are
// Alertmanager's own: it speaks when Tocsin's receiver cannot.
func (r *renderer) breakGlass() receiver {
	all := receiver{Name: receiverBreakGlass}
	for i, channels := range r.c.Monitoring.BreakGlass {
		path := fmt.Sprintf("monitoring.break_glass[%d]", i)
		if channels.GitHub != nil {
			r.problem(r.c.Errorf(path+".github", "Alertmanager cannot open issues, and Tocsin's receiver is dead when this is used (want slack, teams, email, pagerduty or victorops)"))
		}
		one := r.channels(receiverBreakGlass, channels, path)
		all.Slack = append(all.Slack, one.Slack...)
		all.Teams = append(all.Teams, one.Teams...)
		all.Email = append(all.Email, one.Email...)
		all.PagerDuty = append(all.PagerDuty, r.pagerDuty(channels.PagerDuty)...)
		all.VictorOps = append(all.VictorOps, r.victorOps(channels.VictorOps)...)
	}
	return all
}

// channels are the native ones of a team: a Slack bot, GitHub, PagerDuty and
// Splunk On-Call belong to Tocsin's receiver, so that each channel has one
// sender.
func (r *renderer) channels(name string, of catalog.Channels, path string) receiver {
	to := receiver{Name: name}
	if of.Slack != nil && !of.Slack.Bot() {
		to.Slack = append(to.Slack, r.slack(of.Slack.Channel, of.Slack.WebhookFile))
	}
	if of.Teams != nil {
		to.Teams = append(to.Teams, r.msTeams(of.Teams.WebhookFile))
	}
	if of.Email == nil {
		return to
	}
	if r.c.Delivery.SMTP == nil {
		r.problem(r.c.Errorf(path+".email", "no relay to send it through (want delivery.smtp: {host: …, from: …})"))
		return to
	}
	for _, address := range of.Email.To {
		to.Email = append(to.Email, r.email(address))
	}
	return to
}

func (r *renderer) slack(channel, webhookFile string) slackChannel {
	return slackChannel{
		APIURLFile:   r.place.absolute(webhookFile),
		Channel:      literal(channel),
		SendResolved: true,
		Color:        expand("tocsin.slack.color"),
		Title:        r.expand("tocsin.slack.title"),
		TitleLink:    r.expand("tocsin.board"),
		Text:         r.expand("tocsin.slack.text"),
		Fallback:     r.expand("tocsin.slack.title"),
		Footer:       expand("tocsin.slack.footer"),
	}
}

func (r *renderer) msTeams(webhookFile string) teamsChannel {
	return teamsChannel{
		WebhookURLFile: r.place.absolute(webhookFile),
		SendResolved:   true,
		Title:          r.expand("tocsin.teams.title"),
		Text:           r.expand("tocsin.teams.text"),
	}
}

// email is one address: a mailbox that refuses the message does not keep it
// from the others.
func (r *renderer) email(address string) emailChannel {
	to := emailChannel{
		To:           literal(address),
		SendResolved: true,
		Headers: map[string]string{
			"Subject":        r.expand("tocsin.subject"),
			"Auto-Submitted": "auto-generated", // no out-of-office answers
		},
		Text:      r.expand("tocsin.email.text"),
		HTML:      r.expand("tocsin.email.html"),
		Threading: threading{Enabled: true, By: "daily"},
	}
	if r.inline != nil {
		r.inline.into(&to)
	}
	return to
}

func (r *renderer) pagerDuty(of *catalog.PagerDutyChannel) []pagerDutyChannel {
	if of == nil {
		return nil
	}
	return []pagerDutyChannel{{
		RoutingKeyFile: r.place.absolute(of.RoutingKeyFile),
		SendResolved:   true,
		Severity:       "critical",
		Description:    expand("tocsin.subject"),
		Client:         "Tocsin",
	}}
}

func (r *renderer) victorOps(of *catalog.VictorOpsChannel) []victorOpsChannel {
	if of == nil {
		return nil
	}
	return []victorOpsChannel{{
		APIKeyFile:        r.place.absolute(of.APIKeyFile),
		RoutingKey:        literal(of.RoutingKey),
		SendResolved:      true,
		EntityDisplayName: expand("tocsin.subject"),
		StateMessage:      expand("tocsin.email.text"),
		MonitoringTool:    "Tocsin",
	}}
}

// expand is a field that expands to one of our texts, which learns from it
// where the incident board is; without one it links to Alertmanager.
func (r *renderer) expand(text string) string {
	var told string
	if r.trial && text != "tocsin.board" {
		told += `{{ define "tocsin.trial" }}[trial] {{ end }}`
	}
	if r.c.Links.Board != "" && strings.Contains(linked, text) {
		told += `{{ define "tocsin.board" }}{{ ` + strconv.Quote(r.c.Links.Board) + ` }}{{ end }}`
	}
	return told + expand(text)
}

// linked lists the texts that link to the board.
const linked = "tocsin.board tocsin.email.text tocsin.email.html tocsin.teams.text"

// expand is a field that expands to one of our texts as it is.
func expand(text string) string { return `{{ template "` + text + `" . }}` }

// literal keeps text of the catalogue from being read as a template.
func literal(text string) string { return strings.ReplaceAll(text, "{{", `{{"{{"}}`) }

// plainURL does the same for a webhook's address, which is a template too.
func plainURL(url string) string { return strings.ReplaceAll(url, "{{", "%7B%7B") }

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
