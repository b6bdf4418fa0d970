package receiver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/webhook"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// Tokens are the bearer tokens of the clusters, read anew each time. With an
// error come those that could be read: one cluster's mistake is not another's.
func (r *Receiver) Tokens() ([]webhook.Token, error) {
	spec := r.current.Load().catalog.Delivery.Receiver
	if spec == nil || spec.TokenFile == "" {
		return nil, nil
	}
	const path = "delivery.receiver"
	tokens, err := withToken(nil, catalog.MainCluster, path+".token_file", spec.TokenFile)
	for _, name := range slices.Sorted(maps.Keys(spec.Clusters)) {
		var problem error
		tokens, problem = withToken(tokens, name, path+".clusters."+name+".token_file", spec.Clusters[name].TokenFile)
		err = errors.Join(err, problem)
	}
	return tokens, err
}

// withToken adds the token of a source to those of the others.
func withToken(tokens []webhook.Token, source, place, file string) ([]webhook.Token, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return tokens, fmt.Errorf("%s: %w", place, err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return tokens, fmt.Errorf("%s: %q is empty", place, file)
	}
	for _, other := range tokens {
		if other.Value == token {
			return tokens, fmt.Errorf("%s: %q holds the token of %s: nobody can tell the two apart", place, file, other.Source)
		}
	}
	return append(tokens, webhook.Token{Source: source, Value: token}), nil
}

// Beats is when the watchdog of each source was heard last that the catalogue
// has; what was heard of one that has left it says nothing.
func (r *Receiver) Beats(ctx context.Context) (map[string]time.Time, error) {
	beats, err := r.store.Beats(ctx)
	sources := r.current.Load().catalog.Sources()
	maps.DeleteFunc(beats, func(source string, _ time.Time) bool { _, known := sources[source]; return !known })
	return beats, err
}

// beatMetrics says when each watchdog was heard last, at the scrape.
type beatMetrics struct{ receiver *Receiver }

var descBeat = prometheus.NewDesc("tocsin_receiver_watchdog_last_beat_timestamp_seconds", "When the watchdog of a source was heard last.", []string{"source"}, nil)

func (m beatMetrics) Describe(c chan<- *prometheus.Desc) { c <- descBeat }

func (m beatMetrics) Collect(c chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	beats, err := m.receiver.Beats(ctx)
	if err != nil {
		return // no series rather than wrong ones
	}
	for source, at := range beats {
		c <- prometheus.MustNewConstMetric(descBeat, prometheus.GaugeValue, float64(at.UnixMilli())/1000, source)
	}
}
