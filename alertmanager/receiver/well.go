package receiver

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

const (
	// wellFor is for how long Prometheus must call an alert over that no member
	// lists: several scrapes and evaluations after its own start.
	wellFor = 3 * time.Minute
	// evaluated is how old the last evaluation of a rule may be.
	evaluated = 2 * time.Minute
)

// reasonWell stands on the timeline.
const reasonWell = "Alertmanager was started anew and does not know it, and Prometheus, which would have raised it again, has called it over for 3 minutes"

// blinding are the alerts that say that Prometheus itself does not see all: then
// nothing that it calls over has ended.
func blinding() []string {
	return []string{"ExporterDown", "LocationIsolated", "ProbeStale", "ProbesLate", "TocsinSightLost"}
}

// askPrometheus asks the one Prometheus there is whether what no member lists
// goes on. Unlike a member that was started anew it need not be told: it says at
// once what is pending or fires. One that cannot be asked changes nothing.
func (c *reconciler) askPrometheus(ctx context.Context, unlisted map[string]firing, beats map[string]time.Time) error {
	link := c.receiver.current.Load().catalog.Links.Prometheus
	if len(unlisted) == 0 || link == "" || c.source != catalog.MainCluster || !c.receiver.hearing.one(c.source) {
		clear(c.well)
		return nil
	}
	said, err := c.askRules(ctx, link)
	if err != nil {
		level.Debug(c.receiver.logger).Log("msg", "Prometheus could not be asked what still fires", "err", err)
		clear(c.well)
		return nil
	}
	for fingerprint, f := range unlisted {
		if said.fires(f.labels) {
			c.goesOn(f)
		}
		if !c.calledOver(fingerprint, f, said, beats[f.source]) {
			continue
		}
		if err := c.end(ctx, fingerprint, f, reasonWell); err != nil {
			return err
		}
	}
	return nil
}

// calledOver says whether Prometheus has called an alert over for long, while it
// was heard.
func (c *reconciler) calledOver(fingerprint string, f firing, said rules, beat time.Time) bool {
	now := c.receiver.now()
	if !said.over(f.labels, now) || f.heard.IsZero() || now.Sub(beat) > missedBeats*beatEvery {
		delete(c.well, fingerprint)
		return false
	}
	if c.well[fingerprint].IsZero() {
		c.well[fingerprint] = now
	}
	return now.Sub(c.well[fingerprint]) >= wellFor
}

// rules are the alerting rules of Prometheus, as it evaluated them last.
type rules []rule

type rule struct {
	Name           string    `json:"name"`
	Health         string    `json:"health"`
	LastEvaluation time.Time `json:"lastEvaluation"`
	Alerts         []struct {
		Labels map[string]string `json:"labels"` // pending or firing
	} `json:"alerts"`
}

// askRules does not log in as one does at Alertmanager: that is for nobody else.
func (c *reconciler) askRules(ctx context.Context, link string) (rules, error) {
	var answer struct {
		Data struct {
			Groups []struct {
				Rules rules `json:"rules"`
			} `json:"groups"`
		} `json:"data"`
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(link, "/")+"/api/v1/rules?type=alert", nil)
	if err != nil {
		return nil, fmt.Errorf("asking Prometheus: %w", err)
	}
	response, err := c.receiver.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking Prometheus: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("asking Prometheus: it answered %d", response.StatusCode)
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, mostOfAnswer)).Decode(&answer); err != nil {
		return nil, fmt.Errorf("asking Prometheus: %w", err)
	}
	var all rules
	for _, g := range answer.Data.Groups {
		all = append(all, g.Rules...)
	}
	return all, nil
}

// fires says whether an alert is pending or fires. Its severity may have changed,
// and Alertmanager was given more labels than the rule has.
func (r rules) fires(labels map[string]string) bool {
	for _, one := range r {
		for _, a := range one.Alerts {
			if one.Name == labels["alertname"] && sameAlert(a.Labels, labels) {
				return true
			}
		}
	}
	return false
}

func sameAlert(raised, known map[string]string) bool {
	for name, value := range raised {
		if name != "severity" && known[name] != value {
			return false
		}
	}
	return true
}

// over says whether its rules were evaluated without it, by a Prometheus that
// sees what there is.
func (r rules) over(labels map[string]string, now time.Time) bool {
	known := false
	for _, one := range r {
		if len(one.Alerts) > 0 && slices.Contains(blinding(), one.Name) {
			return false
		}
		if one.Name != labels["alertname"] {
			continue
		}
		known = true
		if one.Health != "ok" || now.Sub(one.LastEvaluation) > evaluated {
			return false
		}
	}
	return known && !r.fires(labels)
}
