package migrate

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"golang.org/x/net/publicsuffix"
	"golang.org/x/text/unicode/norm"
)

// longestName is what the catalogue allows.
const longestName = 63

// named makes a name of the catalogue from a text that people wrote: small
// letters, digits, - and _, accents taken off.
func named(text string) string {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFKD.String(strings.ToLower(clean(text))) {
		switch {
		case r < unicode.MaxASCII && (unicode.IsLower(r) || unicode.IsDigit(r) || r == '_'):
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r): // an accent
		default:
			gap = true
		}
	}
	name := strings.TrimLeft(b.String(), "_")
	return strings.Trim(name[:min(len(name), longestName)], "-")
}

// names gives out names of one section, each once.
type names map[string]bool

// take is the wished name, or the first with a number behind it that is free.
func (n names) take(wish, otherwise string) string {
	if wish == "" {
		wish = otherwise
	}
	name := wish
	for i := 2; n[name]; i++ {
		tail := fmt.Sprintf("-%d", i)
		name = strings.TrimRight(wish[:min(len(wish), longestName-len(tail))], "-") + tail
	}
	n[name] = true
	return name
}

// hostOf is the host of an address with or without a scheme, without its port.
func hostOf(address string) string {
	if !strings.Contains(address, "://") {
		address = "//" + address
	}
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

// probeName is what a probe without a name is called in its service.
func probeName(kind string, s *Settings) string {
	switch kind {
	case "http":
		u, err := url.Parse(s.text("url"))
		if err != nil {
			return kind
		}
		const longest = 40
		name := named(u.Path)
		if name == "" {
			return "home"
		}
		return strings.TrimRight(name[:min(len(name), longest)], "-")
	case "tls":
		return "certificate"
	}
	return kind
}

// registered is the domain below which a host's name stands, as registries
// know it.
func registered(host string) string {
	if domain, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return domain
	}
	return host
}
