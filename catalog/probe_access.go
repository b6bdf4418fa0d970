package catalog

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

// Access is how requests reach their server and prove who is asking: what all
// kinds of probes have in common that ask over HTTP. The zero value asks as
// anybody would.
type Access struct {
	Headers            map[string]Text `yaml:"headers,omitempty"`
	Auth               *Auth           `yaml:"auth,omitempty"`
	FollowRedirects    *bool           `yaml:"follow_redirects,omitempty"`     // true by default
	MaxRedirects       int             `yaml:"max_redirects,omitempty"`        // 10 by default
	AllowRedirectHosts []string        `yaml:"allow_redirect_hosts,omitempty"` // www.example.org or *.example.org; by default any that is no more private than the target
	Version            string          `yaml:"version,omitempty"`              // 1.1, 2 or 3; by default 2 where the server offers it over TLS, else 1.1
	CAFile             string          `yaml:"ca_file,omitempty"`              // certificates to trust instead of the machine's
	ServerName         string          `yaml:"server_name,omitempty"`          // asked for and verified in the TLS handshake; the address's host by default
	CertFile           string          `yaml:"cert_file,omitempty"`            // our own certificate, when the server asks for one
	KeyFile            string          `yaml:"key_file,omitempty"`             // its private key
	TLSMinVersion      string          `yaml:"tls_min_version,omitempty"`      // 1.0, 1.1, 1.2 or 1.3; 1.2 by default
	Proxy              *Proxy          `yaml:"proxy,omitempty"`                // none by default, whatever the environment says
	Resolver           string          `yaml:"resolver,omitempty"`             // host:port of a name server; the machine's by default
	IP                 string          `yaml:"ip,omitempty"`                   // 4, 6, prefer4 or prefer6; by default what answers first
}

// Auth proves who is asking, in one way: User with Password, Bearer, or OAuth2.
type Auth struct {
	User     string  `yaml:"user,omitempty"`
	Password *Secret `yaml:"password,omitempty"`
	Bearer   *Secret `yaml:"bearer,omitempty"`
	OAuth2   *OAuth2 `yaml:"oauth2,omitempty"`
}

// OAuth2 gets a token by client credentials (RFC 6749, section 4.4). It is kept
// until it expires, by all probes with the same credentials together.
type OAuth2 struct {
	TokenURL string   `yaml:"token_url"`
	Client   string   `yaml:"client"` // the client's id
	Secret   *Secret  `yaml:"secret"` // the client's secret
	Scopes   []string `yaml:"scopes,omitempty"`
	Audience string   `yaml:"audience,omitempty"`
}

// Proxy is what requests go through.
type Proxy struct {
	URL      string  `yaml:"url"` // http://, https:// or socks5://
	User     string  `yaml:"user,omitempty"`
	Password *Secret `yaml:"password,omitempty"`
}

// HTTPVersions are what Access.Version may be.
func HTTPVersions() []string { return []string{"1.1", "2", "3"} }

// TLSVersions are what Access.TLSMinVersion may be.
func TLSVersions() []string { return []string{"1.0", "1.1", "1.2", "1.3"} }

// IPChoices are what Access.IP may be.
func IPChoices() []string { return []string{"4", "6", "prefer4", "prefer6"} }

func (a *Access) complete() {
	if a.FollowRedirects == nil {
		follow := true
		a.FollowRedirects = &follow
	}
	const redirects = 10
	a.MaxRedirects = or(a.MaxRedirects, redirects)
	a.TLSMinVersion = or(a.TLSMinVersion, "1.2")
}

// check notes every mistake; target is the address that is asked.
func (a *Access) check(c *checker, path, target string) {
	c.checkHeaders(below(path, "headers"), a.Headers)
	a.checkRedirects(c, path)
	c.checkWord(below(path, "version"), a.Version, HTTPVersions())
	c.checkWord(below(path, "tls_min_version"), a.TLSMinVersion, TLSVersions())
	c.checkWord(below(path, "ip"), a.IP, IPChoices())
	c.checkHostPort(below(path, "resolver"), a.Resolver)
	c.checkEncryption(path, &Encryption{CertFile: a.CertFile, KeyFile: a.KeyFile})
	if a.Version == "3" && strings.HasPrefix(target, "http:") {
		c.add(below(path, "version"), "HTTP/3 is always encrypted (got an address with http://, want https://)")
	}
	if a.Auth != nil {
		a.Auth.check(c, below(path, "auth"), a.Headers)
	}
	if a.Proxy != nil {
		a.Proxy.check(c, below(path, "proxy"))
		if a.Version == "3" {
			c.add(below(path, "proxy"), "HTTP/3 does not go through a proxy (remove proxy or version)")
		}
	}
}

func (c *checker) checkWord(path, text string, words []string) {
	if text == "" {
		return
	}
	if _, err := choice(text, words...); err != nil {
		c.add(path, "%v", err)
	}
}

func (a *Access) checkRedirects(c *checker, path string) {
	const most = 20
	if a.MaxRedirects > most {
		c.add(below(path, "max_redirects"), "got %d, want at most %d", a.MaxRedirects, most)
	}
	for _, key := range []string{"max_redirects", "allow_redirect_hosts"} {
		if a.FollowRedirects != nil && !*a.FollowRedirects && c.given(below(path, key)) {
			c.add(below(path, key), "no redirect is followed (remove %s, or follow_redirects)", key)
		}
	}
	name := regexp.MustCompile(`^(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$`)
	for i, host := range a.AllowRedirectHosts {
		if _, err := netip.ParseAddr(host); err != nil && host != "" && !name.MatchString(host) {
			c.add(at(below(path, "allow_redirect_hosts"), i), "malformed host (got %s, want one such as www.example.org, *.example.org or 10.0.0.7, without a port)", clipped(host))
		}
	}
}

func (a *Auth) check(c *checker, path string, headers map[string]Text) {
	ways := 0
	for _, key := range []string{"user", "bearer", "oauth2"} {
		if c.given(below(path, key)) {
			ways++
		}
	}
	switch {
	case ways > 1:
		c.add(path, "got several ways to prove who is asking, want one of user, bearer and oauth2")
	case ways == 0 && c.given(below(path, "password")):
		c.add(below(path, "password"), "a password without a user (want user: NAME)")
	case ways == 0:
		c.add(path, "nothing proves who is asking (want user and password, bearer, or oauth2)")
	}
	c.checkLogin(path, a.User, a.Password)
	for name := range headers {
		if strings.EqualFold(name, "Authorization") {
			c.add(path, "the header Authorization is given too (remove one of them)")
		}
	}
	if a.OAuth2 != nil {
		c.checkURL(below(below(path, "oauth2"), "token_url"), a.OAuth2.TokenURL)
	}
}

func (p *Proxy) check(c *checker, path string) {
	c.checkLogin(path, p.User, p.Password)
	if p.Password != nil && p.User == "" {
		c.add(below(path, "password"), "a password without a user (want user: NAME)")
	}
	if p.URL == "" {
		return
	}
	place := below(path, "url")
	u, err := url.Parse(p.URL)
	switch {
	case strings.Contains(p.URL, "@"):
		c.hideAt(place)
		c.add(place, "an address must not hold credentials (want user: NAME and password: {file: PATH} beside it)")
	case err != nil || !proxies(u.Scheme) || u.Hostname() == "" || !goodPort(u.Port()) || strings.Trim(u.Path, "/") != "":
		c.add(place, "malformed address of a proxy (got %s, want one such as http://proxy.example.org:3128, https://… or socks5://…)", clipped(p.URL))
	}
}

func proxies(scheme string) bool { return scheme == "http" || scheme == "https" || scheme == "socks5" }
