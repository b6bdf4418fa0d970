package receiver

import "sync"

// hub tells readers of the board that something changed, not what.
type hub struct {
	mu      sync.Mutex
	readers map[chan struct{}]bool
}

func newHub() *hub { return &hub{readers: map[chan struct{}]bool{}} }

// publish never blocks: a reader that has not looked yet will see this change
// with the one before.
func (h *hub) publish() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for reader := range h.readers {
		wake(reader)
	}
}

// Changes gives a channel that receives after changes, and a function that
// ends it.
func (r *Receiver) Changes() (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	r.hub.mu.Lock()
	defer r.hub.mu.Unlock()
	r.hub.readers[c] = true
	return c, func() {
		r.hub.mu.Lock()
		defer r.hub.mu.Unlock()
		delete(r.hub.readers, c)
	}
}
