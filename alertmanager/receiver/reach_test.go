package receiver_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// reachable waits until a series of the metrics has a value.
func (h *house) reachable(name string, want float64) {
	h.t.Helper()
	require.Eventually(h.t, func() bool {
		value, known := h.measured()[name]
		return known && value == want
	}, 30*time.Second, 10*time.Millisecond, "%s is not %v", name, want)
}

// Somebody whom nothing reaches is known before the night: because there is no
// address, or because the last message came to nothing by every way. A message
// that arrives, also one that tries it out, ends that.
func TestWhomNothingReachesIsASeries(t *testing.T) {
	h := newHouse(t)
	for _, person := range []string{"asha", "ben", "pat", "mo"} {
		h.reachable("tocsin_receiver_person_reachable "+person, 1)
	}
	h.reachable("tocsin_rota_reachable shop", 1)

	h.write("mo.yml", "{}\n")
	h.reachable("tocsin_receiver_person_reachable mo", 0)
	h.write("mo.yml", "email: mo@example.org\n")
	h.reachable("tocsin_receiver_person_reachable mo", 1)

	for _, person := range []string{"asha", "ben"} {
		h.write(person+".yml", "ntfy: "+person+"\n")
	}
	h.catalog(strings.Replace(estate, "PUSH", "http://127.0.0.1:1/refused", 1))
	h.reload()
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	require.Eventually(t, func() bool {
		h.later(10 * time.Second) // a way is tried several times, with breaks
		return h.measured()["tocsin_rota_reachable shop"] == 0
	}, time.Minute, 20*time.Millisecond)
	h.reachable("tocsin_receiver_person_reachable asha", 0)
	h.stop()
	h.open()
	h.reachable("tocsin_receiver_person_reachable asha", 0)
	h.reachable("tocsin_receiver_person_reachable pat", 1)

	h.catalog(estate)
	h.reload()
	tried, err := h.receiver.Try(t.Context(), "asha", nil, "ben")
	require.NoError(t, err)
	require.NotEmpty(t, tried)
	h.reachable("tocsin_receiver_person_reachable asha", 1)
}
