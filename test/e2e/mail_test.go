package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-monitoring/tocsin/internal/inbox"
	"github.com/tocsin-monitoring/tocsin/test/estate"
)

// The mailboxes of the demo's catalogue.
const (
	developers = "shop-developers@example.org" // the shop's team
	product    = "shop-product@example.org"    // its product people
	pat        = "pat@example.org"             // its product manager
	platform   = "platform@example.org"        // the team of payments and of Tocsin itself
)

// told waits for a message to the mailbox, caught after the instant, that
// contains all texts in subject or body.
func told(t *testing.T, e *estate.Estate, after time.Time, mailbox string, texts ...string) *inbox.Message {
	t.Helper()
	var found *inbox.Message
	eventually(t, fmt.Sprintf("%s is told %q", mailbox, texts), func() error {
		found = find(e, after, mailbox, texts...)
		if found == nil {
			return fmt.Errorf("no such message to %s among %d", mailbox, len(e.Inbox.Messages(mailbox)))
		}
		return nil
	})
	return found
}

// find is the first such message; nil when there is none.
func find(e *estate.Estate, after time.Time, mailbox string, texts ...string) *inbox.Message {
	for _, m := range slices.Backward(e.Inbox.Messages(mailbox)) { // the oldest first
		whole := m.Subject + "\n" + m.Text
		if m.Received.After(after) && !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(whole, text) }) {
			return m
		}
	}
	return nil
}

// mailboxes is who has been told anything.
func mailboxes(e *estate.Estate) []string {
	var all []string
	for _, m := range e.Inbox.Messages("") {
		all = append(all, m.To...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
