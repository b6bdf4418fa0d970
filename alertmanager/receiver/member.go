package receiver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/webhook"
)

// memberList is what one member says: which alerts it has, who keeps each
// quiet, and since when it has run.
type memberList struct {
	start  string
	quiet  map[string]string // by fingerprint; empty for one that it notifies of
	voices []voice
	hidden []incident.Alert // of incidents that do not show all; see [reconciler.uncover]

	unheard []incident.Alert // that should have been told of; see [reconciler.hear]
}

func (l memberList) has(fingerprint string) bool {
	_, known := l.quiet[fingerprint]
	return known
}

// listed is an alert of GET /api/v2/alerts.
type listed struct {
	Fingerprint  string            `json:"fingerprint"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	UpdatedAt    time.Time         `json:"updatedAt"`
	GeneratorURL string            `json:"generatorURL"`
	Receivers    []struct {
		Name string `json:"name"`
	} `json:"receivers"`
	Status struct {
		State       string   `json:"state"`
		SilencedBy  []string `json:"silencedBy"`
		InhibitedBy []string `json:"inhibitedBy"`
	} `json:"status"`
}

func (c *reconciler) ask(ctx context.Context, member string) (memberList, error) {
	var status struct {
		Uptime string `json:"uptime"`
	}
	if _, err := c.get(ctx, member, "/api/v2/status", func(d *json.Decoder) error { return d.Decode(&status) }); err != nil {
		return memberList{}, err
	}
	list := memberList{start: status.Uptime, quiet: map[string]string{}}
	silenced := map[string][]string{} // by fingerprint, the silences
	var watchdogs []listed
	said, err := c.get(ctx, member, "/api/v2/alerts?active=true&silenced=true&inhibited=true&unprocessed=true", func(d *json.Decoder) error {
		return each(d, func(a listed) {
			list.quiet[a.Fingerprint] = quietBy(a)
			if len(a.Status.SilencedBy) > 0 {
				silenced[a.Fingerprint] = a.Status.SilencedBy
			}
			one := incident.Alert{Fingerprint: a.Fingerprint, StartsAt: a.StartsAt.UTC(), Labels: a.Labels, Annotations: a.Annotations, GeneratorURL: a.GeneratorURL}
			if one.Name() == watchdog {
				watchdogs = append(watchdogs, a)
			} else if c.hiding[one.Key()].id != 0 {
				list.hidden = append(list.hidden, webhook.Cut(one))
			} else if ours(a, one) && !c.known(a.Fingerprint) {
				one.Source = c.source
				list.unheard = append(list.unheard, webhook.Cut(one))
			}
		})
	})
	if err != nil {
		return memberList{}, err
	}
	for _, a := range watchdogs {
		ahead := c.receiver.now().Sub(said) // of the member's clock
		list.voices = append(list.voices, newVoice(c.source, a.Labels, a.StartsAt.Add(ahead), a.UpdatedAt.Add(ahead)))
	}
	return list, c.nameSilences(ctx, member, list.quiet, silenced)
}

// each decodes a list one by one: of ten thousand alerts little is kept.
func each(d *json.Decoder, take func(listed)) error {
	if token, err := d.Token(); err != nil || token != json.Delim('[') {
		return errors.Join(err, fmt.Errorf("want a list of alerts, got %v", token))
	}
	for d.More() {
		var a listed
		if err := d.Decode(&a); err != nil {
			return err
		}
		take(a)
	}
	_, err := d.Token()
	return err
}

// nameSilences puts the words of the silences to the alerts that they are over,
// when there are any.
func (c *reconciler) nameSilences(ctx context.Context, member string, quiet map[string]string, silenced map[string][]string) error {
	if len(silenced) == 0 {
		return nil
	}
	var silences []struct {
		ID        string `json:"id"`
		CreatedBy string `json:"createdBy"`
		Comment   string `json:"comment"`
	}
	if _, err := c.get(ctx, member, "/api/v2/silences", func(d *json.Decoder) error { return d.Decode(&silences) }); err != nil {
		return err
	}
	words := make(map[string]string, len(silences))
	for _, s := range silences {
		words[s.ID] = notify.OneLine(fmt.Sprintf("%s: %s", s.CreatedBy, s.Comment), 200)
	}
	for fingerprint, ids := range silenced {
		var by []string
		for _, id := range ids {
			if words[id] != "" {
				by = append(by, words[id])
			}
		}
		if slices.Sort(by); len(by) > 0 && quiet[fingerprint] != "" {
			quiet[fingerprint] = strings.Join(by, "; ")
		}
	}
	return nil
}

// quietBy says in words why a member does not notify of an alert; "" when it
// does.
func quietBy(a listed) string {
	switch {
	case a.Status.State != "suppressed":
		return ""
	case len(a.Status.SilencedBy) == 0:
		return "another alert inhibits it"
	}
	return "a silence"
}

// silences tells the engine which alerts are kept quiet. An alert is when
// every member that lists it says so: the first that does not will notify.
func (c *reconciler) silences(ctx context.Context, lists map[string]memberList) error {
	var news []incident.Seen
	err := c.receiver.store.EachOpen(ctx, func(i incident.Incident) {
		seen := map[incident.Occurrence]string{}
		changed := false
		for _, a := range c.raised(i) {
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
// once Alertmanager has not answered for a while or Prometheus is silent, and
// that it can again.
func (c *reconciler) sight(ctx context.Context, roundErr error) error {
	if roundErr == nil {
		c.failures = 0
		return c.receiver.sight(ctx, membersOf(c.source), "")
	}
	if silent, ok := errors.AsType[silence](roundErr); ok {
		return c.receiver.sight(ctx, membersOf(c.source), string(silent))
	}
	if c.failures++; c.failures < failuresToLose {
		return nil
	}
	return c.receiver.sight(ctx, membersOf(c.source), "Alertmanager cannot be asked what still fires")
}

// silence is why a round that had its answers knows nothing.
type silence string

func (s silence) Error() string { return string(s) }
