package receiver_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A step that leaves the way to people rings each by the first way of their own
// order by which they can be reached.
func TestEverybodyIsRungInTheirOwnWay(t *testing.T) {
	h := newHouse(t)
	h.catalog(strings.NewReplacer(
		"contacts: {file: asha.yml}", "contacts: {file: asha.yml}, prefer: [voice, email]", // no voice is configured
		"{notify: on_call, by: [push], for: 15m}", "{notify: on_call, by: [preferred], for: 15m}",
		"{notify: backup, by: [push, email], every: 5m}", "{notify: backup, by: [preferred], every: 5m}",
	).Replace(estate))
	h.reload()
	require.Equal(t, 200, h.post(h.firing("ServiceDown", "critical", "users")))
	h.mail("asha@example.org", 1)
	h.mail("push:asha", 1)
	h.later(2 * time.Minute)
	require.Contains(t, h.mail("asha@example.org", 2).Subject, "PLEASE ACKNOWLEDGE")
	h.later(15 * time.Minute)
	require.Contains(t, h.mail("push:ben", 1).Subject, "PLEASE ACKNOWLEDGE", "ben has no order of his own")
	require.Len(t, h.inbox.Messages("push:asha"), 1)
	require.Empty(t, h.inbox.Messages("ben@example.org"))
}
