package catalog

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// maxExchanges bounds the steps of a dialogue.
const maxExchanges = 50

// Hex is bytes, written in hexadecimal: ff ff 00 54.
type Hex struct{ bytes string }

// Bytes are the bytes that were written.
func (h Hex) Bytes() []byte { return []byte(h.bytes) }

// IsZero says that nothing was written.
func (h Hex) IsZero() bool { return h.bytes == "" }

// String writes the bytes as the catalogue does.
func (h Hex) String() string { return fmt.Sprintf("% x", h.bytes) }

func (h *Hex) parse(text string) error {
	decoded, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil || len(decoded) == 0 {
		return fmt.Errorf("malformed bytes (got %s, want hexadecimal such as ff ff 00 54)", clipped(text))
	}
	h.bytes = string(decoded)
	return nil
}

// Exchange is one step of a dialogue: something is sent, exactly as it stands,
// something is expected in what comes back, or both in this order.
type Exchange struct {
	Send         *Text   `yaml:"send,omitempty"`
	SendHex      Hex     `yaml:"send_hex,omitempty"`
	Expect       string  `yaml:"expect,omitempty"`
	ExpectHex    Hex     `yaml:"expect_hex,omitempty"`
	ExpectRegexp *Regexp `yaml:"expect_regexp,omitempty"`
}

func (c *checker) checkExchanges(path string, steps []Exchange) {
	if len(steps) > maxExchanges {
		c.add(path, "the dialogue is too long (got %d steps, want at most %d)", len(steps), maxExchanges)
	}
	for i := range steps {
		place := at(path, i)
		sent := c.atMostOne(place, "what is sent", "send", "send_hex")
		expected := c.atMostOne(place, "what is expected", "expect", "expect_hex", "expect_regexp")
		if !sent && !expected {
			c.add(place, "the step does nothing (want send, expect, or one of their other forms)")
		}
	}
}

// atMostOne notes a value with two of several keys; it is false where it has
// none.
func (c *checker) atMostOne(path, what string, keys ...string) bool {
	first := ""
	for _, key := range keys {
		switch {
		case !c.given(below(path, key)):
		case first != "":
			c.add(below(path, key), "%s is given twice (got %s and %s, want one)", what, first, key)
		default:
			first = key
		}
	}
	return first != ""
}
