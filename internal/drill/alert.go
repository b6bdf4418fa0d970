package drill

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// AlertName is the name of the alert of an exercise.
const AlertName = "TocsinDrill"

// believed is how long Alertmanager believes the alert if nobody takes it back.
const believed = time.Hour

// posted is an alert as Alertmanager's API takes it
// (https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml).
type posted struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt"`
}

// alert is that of the exercise with its end.
func (d *drill) alert(end time.Time) posted {
	return posted{
		Labels: map[string]string{
			"alertname": AlertName, "severity": string(d.Severity), "audience": string(d.Audience), "service": d.Service, "team": d.Team,
			incident.LabelDrill: d.id,
		},
		Annotations: map[string]string{
			"summary":     "Drill: nothing is wrong with " + d.Service,
			"description": d.By + " started an exercise (tocsin drill). Acknowledge it; it ends by itself.",
			"impact":      "None.",
		},
		StartsAt: d.began.UTC(), EndsAt: end.UTC(),
	}
}

// raise posts the alert to every member; one of them is enough.
func (d *drill) raise(ctx context.Context) error {
	return d.post(ctx, d.alert(d.began.Add(believed)), "took the alert")
}

// takeBack ends the alert.
func (d *drill) takeBack(ctx context.Context) error {
	if err := d.post(ctx, d.alert(time.Now()), "took its end"); err != nil {
		return fmt.Errorf("the alert was not taken back and ends at %s: %w", d.began.Add(believed).Format("15:04"), err)
	}
	return nil
}

func (d *drill) post(ctx context.Context, a posted, done string) error {
	body, err := json.Marshal([]posted{a})
	if err != nil {
		return err
	}
	var problems []error
	for _, member := range d.Alertmanagers {
		if err := d.postTo(ctx, member, body); err != nil {
			problems = append(problems, fmt.Errorf("posting to Alertmanager %s: %w", member, err))
			continue
		}
		d.hop(time.Now(), "Alertmanager %s %s", member, done)
	}
	if len(problems) < len(d.Alertmanagers) {
		for _, problem := range problems {
			d.hop(time.Now(), "%v", problem)
		}
		return nil
	}
	return errors.Join(problems...)
}

func (d *drill) postTo(ctx context.Context, member string, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(member, "/")+"/api/v2/alerts", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := d.HTTP.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode/100 != 2 {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 300))
		return fmt.Errorf("it answers %d: %s", answer.StatusCode, strings.TrimSpace(string(text)))
	}
	return nil
}
