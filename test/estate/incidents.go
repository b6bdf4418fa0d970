package estate

import (
	"context"
	"time"
)

// Incident is what the receiver's JSON API says of one.
type Incident struct {
	ID       int64     `json:"id"`
	Service  string    `json:"service"`
	Audience string    `json:"audience"`
	Opened   time.Time `json:"opened"`
	Closed   time.Time `json:"closed"`
	Alerts   []Alert   `json:"alerts"`
}

// Alert is one alert of an incident.
type Alert struct {
	Labels     map[string]string `json:"labels"`
	ReceivedAt time.Time         `json:"received_at"`
}

// Open reports whether the incident goes on.
func (i Incident) Open() bool { return i.Closed.IsZero() }

// Incidents asks the receiver for all of them.
func (e *Estate) Incidents(ctx context.Context) ([]Incident, error) {
	var answer struct {
		Incidents []Incident `json:"incidents"`
	}
	err := e.Get(ctx, e.URL(Receiver)+"/api/v1/incidents", &answer)
	return answer.Incidents, err
}
