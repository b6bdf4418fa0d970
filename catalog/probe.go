package catalog

import "net/http"

// Means is what a probe's failure says about its service.
type Means string

// The values of Means; MeansDown is the default.
const (
	MeansDown     Means = "down"
	MeansDegraded Means = "degraded"
	MeansInfo     Means = "info"
)

func (m *Means) parse(text string) (err error) {
	*m, err = choice(text, MeansDown, MeansDegraded, MeansInfo)
	return err
}

// Probe is one question asked of a service again and again: exactly one kind
// is set. After loading, Interval, Timeout, Confirm, Means, Slow and Locations
// hold their defaults.
type Probe struct {
	Name      string   `yaml:"-"`
	Service   string   `yaml:"-"`
	Means     Means    `yaml:"means,omitempty"`
	Interval  Duration `yaml:"interval,omitempty"`
	Timeout   Duration `yaml:"timeout,omitempty"` // of one attempt; longer than the latency budget by default
	Confirm   int      `yaml:"confirm,omitempty"`
	Slow      Duration `yaml:"slow,omitempty"`      // latency budget of a success; thresholds.latency (per journey step) by default
	Locations []string `yaml:"locations,omitempty"` // every location by default

	HTTP     *HTTPProbe     `yaml:"http,omitempty"`
	Journey  []JourneyStep  `yaml:"journey,omitempty"`
	TCP      *TCPProbe      `yaml:"tcp,omitempty"`
	TLS      *TLSProbe      `yaml:"tls,omitempty"`
	DNS      *DNSProbe      `yaml:"dns,omitempty"`
	Postgres *PostgresProbe `yaml:"postgres,omitempty"`
}

// Kind is the name of the one kind that is set, as it stands in the catalogue.
func (p *Probe) Kind() string {
	switch {
	case p.HTTP != nil:
		return "http"
	case p.Journey != nil:
		return "journey"
	case p.TCP != nil:
		return "tcp"
	case p.TLS != nil:
		return "tls"
	case p.DNS != nil:
		return "dns"
	case p.Postgres != nil:
		return "postgres"
	}
	return ""
}

// HTTPProbe is one request. Status is what counts as an answer (2xx by
// default, after redirects); Body is text the answer contains, BodyRegexp an
// RE2 expression it matches, BodyNot text it must not contain.
type HTTPProbe struct {
	URL             string          `yaml:"url"`
	Method          string          `yaml:"method,omitempty"` // GET by default
	Headers         map[string]Text `yaml:"headers,omitempty"`
	Status          StatusSet       `yaml:"status,omitempty"`
	Body            string          `yaml:"body,omitempty"`
	BodyNot         string          `yaml:"body_not,omitempty"`
	BodyRegexp      *Regexp         `yaml:"body_regexp,omitempty"`
	FollowRedirects *bool           `yaml:"follow_redirects,omitempty"` // true by default
	CAFile          string          `yaml:"ca_file,omitempty"`
	ServerName      string          `yaml:"server_name,omitempty"`
}

// Methods are what HTTPProbe.Method may be.
func Methods() []string {
	return []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}
}

// JourneyStep is one request of a journey: Get or Post is set. Redirects are
// not followed when Status names a 3xx. Extract takes values out of the answer
// for later steps, which write them as {{name}}: "css:SELECTOR@ATTRIBUTE"
// (text without an attribute), "json:PATH" or "regexp:EXPRESSION" (the first
// group).
type JourneyStep struct {
	Name       string            `yaml:"name,omitempty"` // "POST /login" by default
	Get        string            `yaml:"get,omitempty"`
	Post       string            `yaml:"post,omitempty"`
	Headers    map[string]Text   `yaml:"headers,omitempty"`
	Form       map[string]Text   `yaml:"form,omitempty"`
	JSON       any               `yaml:"json,omitempty"`
	Status     StatusSet         `yaml:"status,omitempty"`
	Body       string            `yaml:"body,omitempty"`
	BodyNot    string            `yaml:"body_not,omitempty"`
	BodyRegexp *Regexp           `yaml:"body_regexp,omitempty"`
	Extract    map[string]string `yaml:"extract,omitempty"`
}

// TCPProbe connects to Address, host:port.
type TCPProbe struct {
	Address string `yaml:"address"`
}

// TLSProbe makes a TLS handshake with Address and verifies the certificate.
type TLSProbe struct {
	Address    string `yaml:"address"`
	ServerName string `yaml:"server_name,omitempty"` // Address' host by default
	CAFile     string `yaml:"ca_file,omitempty"`
}

// DNSProbe asks for one record set. Server is host:port, the machine's
// resolver by default; Type is A by default; Answers must all be among the
// answers when given.
type DNSProbe struct {
	Name     string   `yaml:"name"`
	Type     string   `yaml:"type,omitempty"`
	Server   string   `yaml:"server,omitempty"`
	Protocol string   `yaml:"protocol,omitempty"` // udp (default) or tcp
	Answers  []string `yaml:"answers,omitempty"`
}

// RecordTypes are what DNSProbe.Type may be.
func RecordTypes() []string {
	return []string{"A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"}
}

// PostgresProbe logs in and runs one query.
type PostgresProbe struct {
	DSN   *Secret `yaml:"dsn"`
	Query string  `yaml:"query,omitempty"` // SELECT 1 by default
}
