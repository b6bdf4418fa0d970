package receiver

import (
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/inbound"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

const (
	// silentAfter is how long a Prometheus may tell Alertmanager nothing. It
	// repeats each minute what fires, and its watchdog always does; what it has
	// not repeated for four minutes Alertmanager takes for resolved, and says so.
	silentAfter = 2 * time.Minute
	// asked is for how long what Alertmanager said about it counts.
	asked = time.Minute
	// mostVoices bounds what is remembered.
	mostVoices = 100
)

// voice is the watchdog of one Prometheus, as Alertmanager has it.
type voice struct {
	source string            // the cluster of Alertmanager that has it
	labels map[string]string // those by which it differs from other Prometheus servers
	since  time.Time         // heard without a break
	last   time.Time         // told by Prometheus
}

// newVoice leaves out the labels that our rule gives.
func newVoice(source string, labels map[string]string, since, last time.Time) voice {
	own := maps.Clone(labels)
	for _, name := range []string{"alertname", "severity", "audience", "service", "team"} {
		delete(own, name)
	}
	return voice{source, own, since, last}
}

// speaksFor says whether the same Prometheus has raised an alert, or one that
// calls itself the same.
func (v voice) speaksFor(a incident.Alert) bool {
	for name, value := range v.labels {
		if a.Labels[name] != value {
			return false
		}
	}
	return a.Name() != inbound.AlertName && a.Source == v.source
}

// hearing is when each Prometheus was heard last. An alert that Alertmanager
// calls resolved after that has not ended: nobody sees it any more.
type hearing struct {
	mutex  sync.Mutex
	at     map[string]time.Time // each cluster was asked
	voices []voice
}

// note takes in what a round over one cluster has heard. A watchdog that
// Alertmanager lists no more stays: it is the one that is silent.
func (h *hearing) note(now time.Time, source string, heard []voice) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.at == nil {
		h.at = map[string]time.Time{}
	}
	h.at[source] = now
	for _, v := range heard {
		h.put(v)
	}
}

func (h *hearing) put(v voice) {
	for n, known := range h.voices {
		if known.source != v.source || !maps.Equal(known.labels, v.labels) {
			continue
		}
		if v.last.After(known.last) {
			h.voices[n] = v
		}
		return
	}
	if len(h.voices) < mostVoices {
		h.voices = append(h.voices, v)
	}
}

// of is the voice that was heard last of those that speak for an alert; false
// when there is none.
func (h *hearing) of(a incident.Alert) (found voice, ok bool) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for _, v := range h.voices {
		if v.speaksFor(a) && (!ok || v.last.After(found.last)) {
			found, ok = v, true
		}
	}
	return found, ok
}

// one says whether all that was heard through a cluster is one Prometheus.
func (h *hearing) one(source string) bool {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	found := 0
	for _, v := range h.voices {
		if v.source == source {
			found++
		}
	}
	return found == 1
}

// silent says why an alert's end cannot have been told by who raised it; "" when
// it can, or nobody knows.
func (h *hearing) silent(a incident.Alert, now time.Time) string {
	h.mutex.Lock()
	fresh := now.Sub(h.at[a.Source]) <= asked
	h.mutex.Unlock()
	v, ok := h.of(a)
	if !fresh || !ok || now.Sub(v.last) <= silentAfter {
		return ""
	}
	return fmt.Sprintf("Prometheus has told Alertmanager nothing since %s", v.last.UTC().Format("15:04:05 MST"))
}
