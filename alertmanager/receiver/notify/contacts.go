package notify

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"go.yaml.in/yaml/v3"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// Contacts is how to reach one person. It stands in a file of its own that
// only the receiver reads, or in the person's profile; every key is optional.
// See [ContactKeys].
type Contacts struct {
	Email string `yaml:"email,omitempty"` // one address
	Phone string `yaml:"phone,omitempty"` // international form, for SMS and calls
	Ntfy  string `yaml:"ntfy,omitempty"`  // a topic on delivery.ntfy

	Pushover string `yaml:"pushover,omitempty"` // the user key, for delivery.pushover
	Slack    string `yaml:"slack,omitempty"`    // a member's id, by which presses of buttons are known

	PagerDuty string `yaml:"pagerduty,omitempty"` // a user's id, by which what happens there is known
	VictorOps string `yaml:"victorops,omitempty"` // a user's name in Splunk On-Call, likewise
}

const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// ReadContacts reads a person's file. A person without one has no contacts.
// Errors name the file and the key, never a value.
func ReadContacts(p *catalog.Person) (Contacts, error) {
	if p == nil || p.Contacts == nil {
		return Contacts{}, nil
	}
	text, err := os.ReadFile(p.Contacts.Path)
	if err != nil {
		return Contacts{}, fmt.Errorf("reading the contacts of %s: %w", p.ID, err)
	}
	c, err := parseContacts(text)
	if err != nil {
		return Contacts{}, fmt.Errorf("reading the contacts of %s in %q: %w", p.ID, p.Contacts.Path, err)
	}
	return c, nil
}

func parseContacts(text []byte) (Contacts, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	var c Contacts
	if err := decoder.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return Contacts{}, errors.New("want a mapping of email, phone, ntfy, pushover, slack, pagerduty and victorops to one text each")
	}
	if err := c.Check(); err != nil {
		return Contacts{}, err
	}
	return c, nil
}
