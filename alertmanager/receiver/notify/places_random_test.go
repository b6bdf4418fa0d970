package notify_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify/slacktest"
	"github.com/tocsin-monitoring/tocsin/internal/github/githubtest"
)

// outage sends an incident's messages in order, each until it is taken, as the
// dispatcher does. Before each attempt something may go wrong, and the receiver
// may begin another life after it. It gives the news that were told.
func outage(t *testing.T, random *rand.Rand, p *place, wrong func(), again func(), send func(notify.Message) (notify.Receipt, error)) []string {
	t.Helper()
	thread, told := "", []string{}
	for n := range 2 + random.IntN(5) {
		kind, news := incident.MessageUpdate, fmt.Sprintf("news number %d", n)
		if n == 0 {
			kind = incident.MessageOpened
		}
		m := p.next(kind, news, thread)
		for attempt := 1; ; attempt++ {
			require.Less(t, attempt, 40)
			m.Attempt = attempt
			if random.IntN(2) == 0 {
				wrong()
			}
			receipt, err := send(m)
			if random.IntN(3) == 0 {
				again()
			}
			if err == nil && random.IntN(5) > 0 { // or we died before it was noted
				thread = receipt.Thread
				break
			}
			require.False(t, err != nil && notify.IsPermanent(err), err)
		}
		if n > 0 {
			told = append(told, news)
		}
	}
	return told
}

// TestSlackOnManyBadDays: whatever happens in between, the incident has one
// message, and each piece of news is told once.
func TestSlackOnManyBadDays(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			b := newBot(t)
			methods := []string{"chat.postMessage", "chat.update", "conversations.history", "conversations.replies", "users.conversations"}
			faults := []slacktest.Fault{slacktest.Cut(), slacktest.Cut(), {}, slacktest.Refusal("internal_error"), {Status: 502}, {Status: 200, Body: `{"ok":tr`, Done: true}}
			told := outage(t, random, b.place, func() {
				b.Behave()
				f := faults[random.IntN(len(faults))]
				if f.Status == 0 && !f.Done {
					f = slacktest.Fault{Status: 500}
				}
				b.Misbehave(methods[random.IntN(len(methods))], f)
			}, func() { b.open("#" + slacktest.Name) }, func(m notify.Message) (notify.Receipt, error) { return b.Send(t.Context(), m) })
			var replies []string
			first := b.Messages()[0]
			for _, m := range b.Messages()[1:] {
				require.Equal(t, first.TS, m.Thread, "a second message: %s", m.Text)
				replies = append(replies, m.Text)
			}
			for n := range told {
				told[n] += "."
			}
			require.Equal(t, told, replies)
		})
	}
}

func TestIssuesOnManyBadDays(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 2))
			g := newTracker(t)
			replies := []githubtest.Reply{{Done: true}, {Done: true}, {}, {Status: 502, Body: "{}"}}
			told := outage(t, random, g.place, func() {
				g.Behave()
				method := []string{http.MethodPost, http.MethodPost, http.MethodPatch, http.MethodGet}[random.IntN(4)]
				g.Misbehave(method, "", replies[random.IntN(len(replies))])
			}, func() { g.open("ghs_verysecret") }, func(m notify.Message) (notify.Receipt, error) { return g.Send(t.Context(), m) })
			g.only()
			require.Len(t, g.Comments(), len(told))
			for n, comment := range g.Comments() {
				require.Contains(t, comment.Body, told[n])
			}
		})
	}
}
