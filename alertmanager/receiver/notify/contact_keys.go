package notify

import (
	"errors"
	"net/mail"
	"net/url"
	"slices"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// ContactKey is one way in which somebody can be addressed.
type ContactKey struct {
	Name    string // in a file of contacts, and in a form
	Want    string // the form of a value, for whoever got it wrong
	Answers bool   // a person's answers are known by it

	field func(*Contacts) *string
	good  func(string) bool
	mask  func(string) string
}

// ContactKeys is the table of what [Contacts] holds.
func ContactKeys() []ContactKey {
	return []ContactKey{
		{"email", "one address such as name@example.org", false, func(c *Contacts) *string { return &c.Email }, isAddress, maskAddress},
		{"phone", "the international form, such as +44 7700 900000", true, func(c *Contacts) *string { return &c.Phone }, isNumber, maskEnd},
		{"ntfy", "a topic of letters, digits, _ and -, at most 64", false, func(c *Contacts) *string { return &c.Ntfy }, isTopic, maskAll},
		{"pushover", "a user key of 30 letters and digits", false, func(c *Contacts) *string { return &c.Pushover }, isUserKey, maskAll},
		{"slack", "a member's id, such as U0123ABCD (in the profile: copy member ID)", true, func(c *Contacts) *string { return &c.Slack }, isMember, maskEnd},
		{"pagerduty", "a user's id, such as PT23IWX (at the end of the profile's address)", true, func(c *Contacts) *string { return &c.PagerDuty }, isUserID, maskEnd},
		{"victorops", "a user's name of letters, digits, ., _ and -, at most 64", true, func(c *Contacts) *string { return &c.VictorOps }, isUserName, maskEnd},
	}
}

// Of is the value of the key.
func (k ContactKey) Of(c Contacts) string { return *k.field(&c) }

// Put sets it; spaces around it are nobody's.
func (k ContactKey) Put(c *Contacts, value string) { *k.field(c) = strings.TrimSpace(value) }

// Masked is the value as its owner knows it again, and nobody else learns it.
func (k ContactKey) Masked(c Contacts) string {
	if value := k.Of(c); value != "" {
		return k.mask(value)
	}
	return ""
}

// Check says what is wrong with the first value that is. It names the key,
// never a value.
func (c Contacts) Check() error {
	for _, k := range ContactKeys() {
		if value := k.Of(c); value != "" && !k.good(value) {
			return errors.New(k.Name + ": want " + k.Want)
		}
	}
	return nil
}

// Over takes from others what these contacts leave out.
func (c Contacts) Over(others Contacts) Contacts {
	for _, k := range ContactKeys() {
		if k.Of(c) == "" {
			k.Put(&c, k.Of(others))
		}
	}
	return c
}

// String keeps addresses out of what prints them by mistake.
func (Contacts) String() string { return "(contacts)" }

// Hide takes the addresses out of a text, such as a provider's refusal that
// repeats them. What is shorter than a secret could be any word.
func (c Contacts) Hide(text string) string {
	const shortest = 5
	for _, k := range ContactKeys() {
		value := k.Of(c)
		if len(value) < shortest {
			continue
		}
		bare := strings.ReplaceAll(value, " ", "")
		for _, form := range []string{value, bare, url.QueryEscape(bare)} {
			text = strings.ReplaceAll(text, form, "("+k.Name+")")
		}
	}
	return text
}

func isAddress(text string) bool {
	parsed, err := mail.ParseAddress(text) // takes a name in front of it too, which nothing that sends would
	return err == nil && parsed.Address == text && len(text) <= 254
}

func isNumber(text string) bool {
	digits := len(text) - strings.Count(text, " ") - 1
	return strings.HasPrefix(text, "+") && strings.Trim(text[1:], "0123456789 ") == "" && digits >= 6 && digits <= 15
}

func isTopic(text string) bool { return strings.Trim(text, alphanumeric+"_-") == "" && len(text) <= 64 }

func isUserKey(text string) bool { return strings.Trim(text, alphanumeric) == "" && len(text) == 30 }

func isMember(text string) bool {
	return strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == "" && strings.ContainsRune("UW", rune(text[0])) && len(text) <= 32
}

func isUserID(text string) bool {
	return strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == "" && len(text) <= 32
}

func isUserName(text string) bool {
	return strings.Trim(text, alphanumeric+"._-") == "" && len(text) <= 64
}

func maskAll(string) string { return "•••" }

// maskEnd leaves the last three characters of a number: no more than its owner
// needs.
func maskEnd(text string) string { return "•••" + text[max(0, len(text)-3):] }

// maskAddress leaves the domain.
func maskAddress(text string) string {
	return "•••" + text[max(0, strings.LastIndexByte(text, '@')):]
}

// CheckOrder says what is wrong with somebody's order of the ways.
func CheckOrder(ways []string) error {
	seen := map[string]bool{}
	for _, way := range ways {
		if !slices.Contains(catalog.Ways(), way) {
			return errors.New("order: want ways out of " + strings.Join(catalog.Ways(), ", "))
		}
		if seen[way] {
			return errors.New("order: " + way + " stands in it twice")
		}
		seen[way] = true
	}
	return nil
}
