// Package promapi makes and reads the one request of Prometheus' HTTP API that
// Tocsin's programs need: what a query gives now.
//
// Usage queries, disks (collector/reading) and the probe kind promql call it,
// each over a client of its own. It knows no client and keeps nothing.
//
// Values stay the text that Prometheus wrote: JSON has no NaN, and whoever
// compares says better what a number is. The API is described at
// https://prometheus.io/docs/prometheus/latest/querying/api/
package promapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MaxAnswer is what a caller should read of an answer, in bytes.
const MaxAnswer = 1 << 20

// Sample is one series of an answer and its value now.
type Sample struct {
	Metric map[string]string
	Value  string
}

// String is the series as people write it in a query.
func (s Sample) String() string {
	var matchers []string
	for _, name := range slices.Sorted(maps.Keys(s.Metric)) {
		if name != "__name__" {
			matchers = append(matchers, name+"="+strconv.Quote(s.Metric[name]))
		}
	}
	return s.Metric["__name__"] + "{" + strings.Join(matchers, ", ") + "}"
}

// Endpoint is where a server at a base URL answers queries.
func Endpoint(server string) string { return strings.TrimSuffix(server, "/") + "/api/v1/query" }

// NewRequest asks for the value of a query now, of which the server gives up
// after limit.
func NewRequest(ctx context.Context, server, query string, limit time.Duration) (*http.Request, error) {
	return newRequest(ctx, server, url.Values{"query": {query}, "timeout": {seconds(limit)}})
}

// NewWholeRequest asks as NewRequest does, for the whole answer or none: Thanos,
// where a store does not answer, otherwise leaves its series out and only warns.
// Prometheus knows no such parameter and takes no notice of it.
func NewWholeRequest(ctx context.Context, server, query string, limit time.Duration) (*http.Request, error) {
	return newRequest(ctx, server, url.Values{"query": {query}, "timeout": {seconds(limit)}, "partial_response": {"false"}})
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s" }

func newRequest(ctx context.Context, server string, form url.Values) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, Endpoint(server), strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("asking Prometheus: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req, nil
}

// answer is the envelope of an answer.
type answer struct {
	Status string `json:"status"`
	Error  string `json:"error"`
	Data   struct {
		ResultType string          `json:"resultType"`
		Result     json.RawMessage `json:"result"`
	} `json:"data"`
}

// point is a time and a value.
type point [2]any

func (p point) value() string {
	text, _ := p[1].(string)
	return short(text)
}

// Read reads an answer: the series of a vector in their order, or the one value
// of a scalar. The error says what came instead, in one line of at most about
// 300 characters.
func Read(status int, text []byte) ([]Sample, error) {
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		return nil, fmt.Errorf("got status %d and no JSON: is links.prometheus the address of a Prometheus?", status)
	}
	if a.Status != "success" {
		return nil, fmt.Errorf("status %d: %s", status, short(a.Error))
	}
	samples, err := samplesOf(a)
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	return samples, nil
}

func samplesOf(a answer) ([]Sample, error) {
	switch a.Data.ResultType {
	case "scalar":
		var p point
		err := json.Unmarshal(a.Data.Result, &p)
		return []Sample{{Value: p.value()}}, err
	case "vector":
		var series []struct {
			Metric map[string]string `json:"metric"`
			Value  point             `json:"value"`
		}
		err := json.Unmarshal(a.Data.Result, &series)
		samples := make([]Sample, len(series))
		for i, s := range series {
			samples[i] = Sample{Metric: s.Metric, Value: s.Value.value()}
		}
		return samples, err
	case "":
		return nil, errors.New("it has no result")
	}
	return nil, fmt.Errorf("got a %s, want one value now", short(a.Data.ResultType))
}

// short bounds foreign text to one line of 200 characters.
func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > 200 {
		return string(runes[:199]) + "…"
	}
	return s
}
