package catalog

import (
	"fmt"
	"strings"
)

// Delivery is how messages leave: one SMTP relay for Alertmanager and for the
// receiver, the receiver's own address as Alertmanager reaches it, and the
// services for push messages, text messages and calls.
type Delivery struct {
	SMTP     *SMTP     `yaml:"smtp,omitempty"`
	Receiver *Receiver `yaml:"receiver,omitempty"`
	Ntfy     *Ntfy     `yaml:"ntfy,omitempty"`
	Twilio   *Twilio   `yaml:"twilio,omitempty"`

	GovukNotify *GovukNotify `yaml:"govuk_notify,omitempty"`
	Pushover    *Pushover    `yaml:"pushover,omitempty"`
}

// SMTP is a mail relay. Host is host:port. TLS is starttls (the default
// except on loopback), tls or none.
type SMTP struct {
	Host         string `yaml:"host"`
	From         string `yaml:"from"`
	Username     string `yaml:"username,omitempty"`
	PasswordFile string `yaml:"password_file,omitempty"`
	TLS          string `yaml:"tls,omitempty"`
}

// The values of SMTP.TLS.
const (
	TLSStart = "starttls"
	TLSOn    = "tls"
	TLSNone  = "none"
)

// Receiver is where Alertmanager posts and how it proves who it is: URL is the
// base URL without a path; TokenFile holds the bearer token. Clusters are those
// of Alertmanager beside the one of links.alertmanager. APITokens are those of
// programs that open maintenance windows, such as a deployment, by the name
// under which their windows are noted.
type Receiver struct {
	URL       string              `yaml:"url"`
	TokenFile string              `yaml:"token_file,omitempty"`
	Clusters  map[string]*Cluster `yaml:"clusters,omitempty"`
	APITokens map[string]*Secret  `yaml:"api_tokens,omitempty"`
}

// Cluster is a further cluster of Alertmanager that posts here. The token that
// TokenFile holds says whose alerts and whose watchdog come; Alertmanager is
// every member of it, empty when none can be asked.
type Cluster struct {
	TokenFile    string   `yaml:"token_file"`
	Alertmanager []string `yaml:"alertmanager,omitempty"`
}

// MainCluster is what the cluster of links.alertmanager is called where sources
// of alerts are told apart.
const MainCluster = "alertmanager"

// Sources are the clusters of Alertmanager that post to the receiver, each with
// the addresses of its members.
func (c *Catalog) Sources() map[string][]string {
	sources := map[string][]string{MainCluster: c.Links.Alertmanager}
	if c.Delivery.Receiver == nil {
		return sources
	}
	for name, cluster := range c.Delivery.Receiver.Clusters {
		sources[name] = cluster.Alertmanager
	}
	return sources
}

// Ntfy is a push server; people's topics stand in their contacts.
type Ntfy struct {
	URL       string `yaml:"url"`
	TokenFile string `yaml:"token_file,omitempty"`
}

// Pushover is an application at Pushover; people's user keys stand in their
// contacts. URL is another server that speaks the same protocol.
type Pushover struct {
	TokenFile string `yaml:"token_file"`
	URL       string `yaml:"url,omitempty"`
}

// Monitoring says who looks after Tocsin itself. BreakGlass is told natively
// by Alertmanager when the receiver is dead.
type Monitoring struct {
	Team         string             `yaml:"team"`
	FallbackTeam string             `yaml:"fallback_team,omitempty"` // Team by default
	BreakGlass   []Channels         `yaml:"break_glass,omitempty"`
	Heartbeat    *OutboundHeartbeat `yaml:"heartbeat,omitempty"`
}

// OutboundHeartbeat is the address that the receiver calls while it works, at
// somebody outside who raises the alarm when the calls stay away. Exactly one
// of URL and URLFile, whose content is the address, is set.
type OutboundHeartbeat struct {
	URL     string   `yaml:"url,omitempty"`
	URLFile string   `yaml:"url_file,omitempty"`
	Every   Duration `yaml:"every,omitempty"`  // 1m by default
	Method  string   `yaml:"method,omitempty"` // POST by default
}

// Address reads the address; its errors name the file only.
func (h *OutboundHeartbeat) Address() (string, error) {
	if h.URLFile == "" {
		return h.URL, nil
	}
	text, err := readAtMost(h.URLFile, maxSecret)
	address := strings.TrimSpace(string(text))
	if err == nil && !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "http://") {
		err = fmt.Errorf("%q does not hold an address with http:// or https://", h.URLFile)
	}
	if err != nil {
		return "", fmt.Errorf("monitoring.heartbeat.url_file: %w", err)
	}
	return address, nil
}

// OutboundMethods are what OutboundHeartbeat.Method may be.
func OutboundMethods() []string { return []string{"GET", "POST"} }
