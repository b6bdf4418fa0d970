package inbox

import (
	"net/http"
	"sync"
	"time"
)

// beats are the calls of the receiver's outbound heartbeat. The inbox stands
// for somebody outside, but raises no alarm.
type beats struct {
	mutex sync.Mutex
	Beats
}

// Beats is what was heard of the heartbeat.
type Beats struct {
	Count int       `json:"count"`
	Last  time.Time `json:"last,omitzero"`
}

func (b *beats) heard() Beats {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.Beats
}

// Heartbeat is what was heard of the heartbeat so far.
func (i *Inbox) Heartbeat() Beats { return i.beats.heard() }

func (i *Inbox) beat(w http.ResponseWriter, _ *http.Request) {
	i.beats.mutex.Lock()
	i.beats.Count++
	i.beats.Last = i.now().UTC()
	i.beats.mutex.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

func (i *Inbox) apiHeartbeat(w http.ResponseWriter, _ *http.Request) { writeJSON(w, i.Heartbeat()) }
