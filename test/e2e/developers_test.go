package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What builds up hurts no user yet: developers are told, with the threshold,
// and nobody else.
func TestWhatBuildsUpIsToldToDevelopersOnly(t *testing.T) {
	e := start(t)
	began := turn(t, e, "certificate/on")
	message := told(t, e, began, developers, "The certificate of shop runs out in 9d", "the threshold is 21d")
	t.Logf("%s\n%s", message.Subject, message.Text)
	require.Subset(t, []string{developers, "asha@example.org", "ben@example.org"}, mailboxes(e), "neither the product side nor a phone")
}
