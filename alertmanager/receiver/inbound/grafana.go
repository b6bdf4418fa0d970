package inbound

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// readGrafana reads the webhook of Grafana's alerting, each alert of a group
// for itself: https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/.
func readGrafana(spec *catalog.GrafanaInbound, body []byte) ([]Event, error) {
	post, err := read(body)
	if err != nil {
		return nil, fmt.Errorf("the body is not JSON: %w", err)
	}
	if len(post.list("alerts")) == 0 {
		return nil, errors.New("the body has no alerts: want the default payload of Grafana's webhook contact point")
	}
	var events []Event
	var problems []error
	for n, item := range post.list("alerts") {
		one, _ := item.(map[string]any)
		e := grafanaAlert(one)
		if e.Key == "" {
			problems = append(problems, fmt.Errorf("alerts[%d] has neither a fingerprint nor labels", n))
			continue
		}
		e.Expire = spec.Expire.Std()
		events = append(events, e)
	}
	if cut := post.text("truncatedAlerts"); cut != "" && cut != "0" {
		events = append(events, Event{
			Key: "truncated " + post.text("groupKey"), Title: "Alerts cut off", Expire: time.Hour,
			Summary: "Grafana left " + cut + " alerts out of a message: set \"Max alerts\" of the contact point to 0", Labels: map[string]string{},
		})
	}
	return events, errors.Join(problems...)
}

func grafanaAlert(one object) Event {
	labels, about := one.at("labels"), one.at("annotations")
	e := Event{
		Title: labels.text("alertname"), Labels: labels.pairs(),
		At:   instant(one.text("startsAt"), time.RFC3339Nano),
		Link: cmp.Or(link(one.text("panelURL")), link(one.text("dashboardURL")), link(one.text("generatorURL"))),
		Key:  one.text("fingerprint"),
	}
	if e.Key == "" {
		for _, name := range sortedKeys(e.Labels) {
			e.Key += name + "=" + e.Labels[name] + "\n"
		}
	}
	if strings.EqualFold(one.text("status"), "resolved") {
		e.Ended, e.At = true, instant(one.text("endsAt"), time.RFC3339Nano)
	}
	e.Summary = cmp.Or(about.text("summary"), e.Title)
	if rule := labels.text("rulename"); rule != "" && (e.Title == "DatasourceError" || e.Title == "DatasourceNoData") {
		e.Summary = rule + ": " + map[string]string{"DatasourceError": "Grafana cannot evaluate the rule", "DatasourceNoData": "Grafana gets no data for the rule"}[e.Title]
		e.Title = rule // so that whoever claims the rule hears of it
	}
	e.Detail = joined([]string{about.text("description"), about.text("Error"), strings.TrimSpace(one.text("valueString"))})
	e.named()
	return e
}
