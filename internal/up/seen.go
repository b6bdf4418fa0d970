package up

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

const prometheusURL = "http://127.0.0.1:9090"

// allSeen is empty until each scheduled probe has a first result. What fails
// before it ever worked is told as such, and more slowly than an outage.
const allSeen = `count(tocsin_probe_up == 1) == sum(tocsin_exporter_probes)`

// sayWhenSeen tells when breaking the demo begins to make sense; nothing when
// ctx ends first.
func sayWhenSeen(ctx context.Context, s *screen, prometheus string) {
	began := time.Now()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for !holds(ctx, prometheus, allSeen) {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
	s.say("%s\n", s.paint(colourGreen, "  Every probe has seen its service well, after "+time.Since(began).Round(time.Second).String()+". Now break something."))
}

// holds asks Prometheus whether the expression has a result.
func holds(ctx context.Context, prometheus, promql string) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	address := prometheus + "/api/v1/query?" + url.Values{"query": {promql}}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	var result struct {
		Data struct {
			Result []json.RawMessage `json:"result"`
		} `json:"data"`
	}
	return json.NewDecoder(answer.Body).Decode(&result) == nil && len(result.Data.Result) > 0
}
