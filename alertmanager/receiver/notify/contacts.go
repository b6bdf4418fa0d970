package notify

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// Contacts is how to reach one person. It stands in a file of its own that
// only the receiver reads; every key is optional.
type Contacts struct {
	Email string `yaml:"email,omitempty"` // one address
	Phone string `yaml:"phone,omitempty"` // international form, for SMS and calls
	Ntfy  string `yaml:"ntfy,omitempty"`  // a topic on delivery.ntfy

	Pushover string `yaml:"pushover,omitempty"` // the user key, for delivery.pushover
	Slack    string `yaml:"slack,omitempty"`    // a member's id, by which presses of buttons are known
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
		return Contacts{}, errors.New("want a mapping of email, phone, ntfy, pushover and slack to one text each")
	}
	if c.Email != "" {
		if _, err := mail.ParseAddress(c.Email); err != nil || strings.ContainsAny(c.Email, "\r\n") {
			return Contacts{}, errors.New("email: want one address such as name@example.org")
		}
	}
	if strings.Trim(c.Phone, "+0123456789 ") != "" || (c.Phone != "" && !strings.HasPrefix(c.Phone, "+")) {
		return Contacts{}, errors.New("phone: want the international form, such as +44 7700 900000")
	}
	if strings.Trim(c.Ntfy, alphanumeric+"_-") != "" || len(c.Ntfy) > 64 {
		return Contacts{}, errors.New("ntfy: want a topic of letters, digits, _ and -, at most 64")
	}
	if c.Pushover != "" && (strings.Trim(c.Pushover, alphanumeric) != "" || len(c.Pushover) != 30) {
		return Contacts{}, errors.New("pushover: want a user key of 30 letters and digits")
	}
	if strings.Trim(c.Slack, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" || (c.Slack != "" && !strings.HasPrefix(c.Slack, "U") && !strings.HasPrefix(c.Slack, "W")) {
		return Contacts{}, errors.New("slack: want a member's id, such as U0123ABCD (in the profile: copy member ID)")
	}
	return c, nil
}
