package receiver_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/internal/github/githubtest"
)

// TestAnIncidentAsAnIssue: opened once though GitHub's first answer is lost and
// the receiver begins another life, commented, closed.
func TestAnIncidentAsAnIssue(t *testing.T) {
	h, gh := newHouse(t), githubtest.New(t)
	gh.RequireToken("secret")
	text := strings.Replace(estate, "channels: {email: {to: [shop@example.org]}}", "channels: {github: {repository: example/shop, issues: true}}", 1)
	h.catalog("accounts: {github: {api: '" + gh.URL() + "', token: {file: token}}}\n" + text)
	h.reload()
	gh.Misbehave(http.MethodPost, "/repos/example/shop/issues", githubtest.Reply{Done: true})
	down := h.firing("ServiceDown", "critical", "users")
	require.Equal(t, 200, h.post(down))
	require.Eventually(t, func() bool { return len(gh.Issues()) == 1 }, soon, often)
	h.stop()
	h.open()
	h.settled(1, sent("issue/shop", incident.WayIssue))
	require.Contains(t, gh.Issues()[0].Body, "**CRITICAL** shop has ServiceDown.")

	require.NoError(t, h.receiver.Acknowledge(t.Context(), 1, "asha", "board"))
	require.Eventually(t, func() bool { return len(gh.Comments()) == 1 }, soon, often)
	require.Contains(t, gh.Comments()[0].Body, "Asha Rao has taken it on.")
	require.Equal(t, 200, h.post(h.ended(down)))
	require.Eventually(t, func() bool { return len(gh.Comments()) == 2 }, soon, often)
	issues := gh.Issues()
	require.Len(t, issues, 1)
	require.Equal(t, "closed completed", issues[0].State+" "+issues[0].Reason)
}
