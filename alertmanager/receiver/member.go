package receiver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

// memberList is what one member says: which alerts it has, who keeps each
// quiet, and since when it has run.
type memberList struct {
	start string
	quiet map[string]string // by fingerprint; empty for one that it notifies of
}

func (l memberList) has(fingerprint string) bool {
	_, known := l.quiet[fingerprint]
	return known
}

// listed is an alert of GET /api/v2/alerts.
type listed struct {
	Fingerprint string `json:"fingerprint"`
	Status      struct {
		State       string   `json:"state"`
		SilencedBy  []string `json:"silencedBy"`
		InhibitedBy []string `json:"inhibitedBy"`
	} `json:"status"`
}

func (c *reconciler) ask(ctx context.Context, member string) (memberList, error) {
	var status struct {
		Uptime string `json:"uptime"`
	}
	if err := c.get(ctx, member, "/api/v2/status", &status); err != nil {
		return memberList{}, err
	}
	var alerts []listed
	if err := c.get(ctx, member, "/api/v2/alerts?active=true&silenced=true&inhibited=true&unprocessed=true", &alerts); err != nil {
		return memberList{}, err
	}
	silences, err := c.askSilences(ctx, member, alerts)
	if err != nil {
		return memberList{}, err
	}
	list := memberList{start: status.Uptime, quiet: make(map[string]string, len(alerts))}
	for _, a := range alerts {
		list.quiet[a.Fingerprint] = quietBy(a, silences)
	}
	return list, nil
}

// askSilences gives the words of the silences, when there is one over an
// alert.
func (c *reconciler) askSilences(ctx context.Context, member string, alerts []listed) (map[string]string, error) {
	if !slices.ContainsFunc(alerts, func(a listed) bool { return len(a.Status.SilencedBy) > 0 }) {
		return nil, nil
	}
	var silences []struct {
		ID        string `json:"id"`
		CreatedBy string `json:"createdBy"`
		Comment   string `json:"comment"`
	}
	if err := c.get(ctx, member, "/api/v2/silences", &silences); err != nil {
		return nil, err
	}
	words := make(map[string]string, len(silences))
	for _, s := range silences {
		words[s.ID] = notify.OneLine(fmt.Sprintf("%s: %s", s.CreatedBy, s.Comment), 200)
	}
	return words, nil
}

// quietBy says in words why a member does not notify of an alert; "" when it
// does.
func quietBy(a listed, silences map[string]string) string {
	if a.Status.State != "suppressed" {
		return ""
	}
	if len(a.Status.SilencedBy) == 0 {
		return "another alert inhibits it"
	}
	var by []string
	for _, id := range a.Status.SilencedBy {
		if words := silences[id]; words != "" {
			by = append(by, words)
		}
	}
	if len(by) == 0 {
		return "a silence"
	}
	slices.Sort(by)
	return strings.Join(by, "; ")
}

// silences tells the engine which alerts are kept quiet. An alert is when
// every member that lists it says so: the first that does not will notify.
func (c *reconciler) silences(ctx context.Context, lists map[string]memberList) error {
	var news []incident.Seen
	err := c.receiver.store.EachOpen(ctx, func(i incident.Incident) {
		seen := map[incident.Occurrence]string{}
		changed := false
		for _, a := range i.Firing() {
			by, known := quiet(a.Fingerprint, lists)
			if known {
				seen[a.Occurrence()] = by
				changed = changed || by != a.SilencedBy
			}
		}
		if changed {
			news = append(news, incident.Seen{Incident: i.ID, SilencedBy: seen})
		}
	})
	for _, in := range news {
		err = errors.Join(err, c.receiver.on(ctx, in.Incident, in, nil))
	}
	return err
}

func quiet(fingerprint string, lists map[string]memberList) (by string, known bool) {
	for _, list := range lists {
		words, has := list.quiet[fingerprint]
		switch {
		case has && words == "":
			return "", true
		case has && (by == "" || words < by):
			by = words
		}
		known = known || has
	}
	return by, known
}

// sight says on every open incident that nobody can see whether it goes on,
// once Alertmanager has not answered for a while, and that it can again.
func (c *reconciler) sight(ctx context.Context, roundErr error) error {
	if roundErr == nil {
		c.failures = 0
		return c.receiver.sight(ctx, "", "")
	}
	if c.failures++; c.failures < failuresToLose {
		return nil
	}
	return c.receiver.sight(ctx, "", "Alertmanager cannot be asked what still fires")
}
