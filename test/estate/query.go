package estate

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Series is one series of an answer of Prometheus; an instant query gives each
// one sample, a range selector the raw samples with their own times.
type Series struct {
	Labels  map[string]string
	Samples []Sample
}

// Sample is one value at one time.
type Sample struct {
	At    time.Time
	Value float64
}

// Query asks Prometheus now.
func (e *Estate) Query(ctx context.Context, promql string) ([]Series, error) {
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string `json:"metric"`
				Value  *point            `json:"value"`
				Values []point           `json:"values"`
			} `json:"result"`
		} `json:"data"`
	}
	address := e.URL(Prometheus) + "/api/v1/query?" + url.Values{"query": {promql}}.Encode()
	if err := e.Get(ctx, address, &answer); err != nil {
		return nil, err
	}
	var found []Series
	for _, result := range answer.Data.Result {
		s := Series{Labels: result.Metric}
		if result.Value != nil {
			s.Samples = append(s.Samples, Sample(*result.Value))
		}
		for _, value := range result.Values {
			s.Samples = append(s.Samples, Sample(value))
		}
		found = append(found, s)
	}
	return found, nil
}

// point is [seconds, "value"] in JSON.
type point Sample

func (p *point) UnmarshalJSON(text []byte) error {
	var seconds float64
	var value string
	if err := json.Unmarshal(text, &[]any{&seconds, &value}); err != nil {
		return err
	}
	number, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return err
	}
	*p = point{At: time.UnixMilli(int64(seconds * 1000)), Value: number}
	return nil
}

// Get decodes the JSON at the address into v.
func (e *Estate) Get(ctx context.Context, address string, v any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	answer, err := e.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s answers %s", address, answer.Status)
	}
	if err := json.NewDecoder(answer.Body).Decode(v); err != nil {
		return fmt.Errorf("reading the answer of %s: %w", address, err)
	}
	return nil
}
