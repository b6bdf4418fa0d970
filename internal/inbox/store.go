package inbox

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// The bounds of what is kept.
const (
	maxMessages     = 500
	maxMessageBytes = 1 << 20
	maxTotalBytes   = 64 << 20
	maxRecipients   = 50
)

// Message is one caught mail. To is the envelope's recipients: who really got
// it, whatever its header says.
type Message struct {
	ID       int       `json:"id"`
	Received time.Time `json:"received"`
	From     string    `json:"from"`
	To       []string  `json:"to"`
	Subject  string    `json:"subject"`
	Text     string    `json:"text"`
	HTML     string    `json:"html,omitempty"`
	Raw      string    `json:"-"`
}

func (m *Message) size() int { return len(m.Raw) + len(m.Text) + len(m.HTML) }

// store keeps the newest messages. changed is closed and replaced by each
// change.
type store struct {
	mutex    sync.Mutex
	messages []*Message // oldest first
	bytes    int
	last     int
	changed  chan struct{}
}

func newStore() *store { return &store{changed: make(chan struct{})} }

// add gives the message its number and drops the oldest over the bounds.
func (s *store) add(m *Message) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.last++
	m.ID = s.last
	s.messages = append(s.messages, m)
	s.bytes += m.size()
	for len(s.messages) > maxMessages || s.bytes > maxTotalBytes {
		s.bytes -= s.messages[0].size()
		s.messages = slices.Delete(s.messages, 0, 1)
	}
	s.announce()
}

func (s *store) clear() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.messages, s.bytes = nil, 0
	s.announce()
}

func (s *store) announce() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// next is closed by the next change.
func (s *store) next() <-chan struct{} {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.changed
}

// list is the messages to the mailbox, the newest first; all of them when it
// is empty. They are shared: nobody writes to them.
func (s *store) list(mailbox string) []*Message {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	found := make([]*Message, 0, len(s.messages))
	for _, m := range slices.Backward(s.messages) {
		if mailbox == "" || slices.ContainsFunc(m.To, func(to string) bool { return strings.EqualFold(to, mailbox) }) {
			found = append(found, m)
		}
	}
	return found
}

// get is nil when there is no such message, or no longer.
func (s *store) get(id int) *Message {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, m := range s.messages {
		if m.ID == id {
			return m
		}
	}
	return nil
}
