package estate

import (
	"context"
	"time"
)

// Incident is what the receiver's JSON API says of one.
type Incident struct {
	ID       string    `json:"id"`
	Service  string    `json:"service"`
	Audience string    `json:"audience"`
	State    string    `json:"state"`
	OpenedAt time.Time `json:"opened_at"`
}

// Incidents asks the receiver for all of them.
func (e *Estate) Incidents(ctx context.Context) ([]Incident, error) {
	var answer struct {
		Incidents []Incident `json:"incidents"`
	}
	err := e.Get(ctx, e.URL(Receiver)+"/api/v1/incidents", &answer)
	return answer.Incidents, err
}
