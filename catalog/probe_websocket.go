package catalog

import "strings"

// WebSocketProbe opens a WebSocket. It sends Send and expects an answer, or
// sends a ping where nothing is sent or expected.
type WebSocketProbe struct {
	URL          string          `yaml:"url"` // ws:// or wss://
	Headers      map[string]Text `yaml:"headers,omitempty"`
	TLS          *Encryption     `yaml:"tls,omitempty"` // of wss://
	Subprotocol  string          `yaml:"subprotocol,omitempty"`
	Send         *Text           `yaml:"send,omitempty"`
	Expect       string          `yaml:"expect,omitempty"`
	ExpectRegexp *Regexp         `yaml:"expect_regexp,omitempty"`
}

func (p *WebSocketProbe) complete() {
	if strings.HasPrefix(p.URL, "wss://") && p.TLS == nil {
		p.TLS = new(Encryption)
	}
}

func (p *WebSocketProbe) check(c *checker, path string) {
	place := below(path, "url")
	web, is := strings.CutPrefix(p.URL, "ws")
	switch {
	case p.URL == "":
	case !is || !strings.HasPrefix(web, "://") && !strings.HasPrefix(web, "s://"):
		c.add(place, "got %s, want an address with ws:// or wss:// and a host", clipped(p.URL))
	default:
		c.checkURL(place, "http"+web)
	}
	if p.TLS != nil && strings.HasPrefix(p.URL, "ws://") {
		c.add(below(path, "tls"), "the address is not encrypted (want wss://)")
	}
	c.checkEncryption(below(path, "tls"), p.TLS)
	c.checkHeaders(below(path, "headers"), p.Headers)
	c.atMostOne(path, "what is expected", "expect", "expect_regexp")
}
