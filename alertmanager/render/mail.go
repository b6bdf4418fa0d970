package render

import (
	"net"
	"net/netip"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// mailer is the relay as Alertmanager's settings; nil without one.
type mailer struct {
	host, from, username, passwordFile string
	requireTLS, implicitTLS            bool
}

// mail reads delivery.smtp.
func (r *renderer) mail() (*mailer, error) {
	relay := r.c.Delivery.SMTP
	if relay == nil {
		return nil, nil
	}
	m := &mailer{host: relay.Host, from: literal(relay.From), username: relay.Username}
	if relay.PasswordFile != "" {
		m.passwordFile = r.place.absolute(relay.PasswordFile)
	}
	switch encryption(relay) {
	case "tls":
		m.requireTLS, m.implicitTLS = true, true
	case "starttls":
		m.requireTLS = true
	case "none":
	default:
		return nil, r.c.Errorf("delivery.smtp.tls", "got %q, want starttls, tls or none", relay.TLS)
	}
	return m, nil
}

// encryption is what the catalogue says, or its default.
func encryption(relay *catalog.SMTP) string {
	if relay.TLS != "" {
		return relay.TLS
	}
	host, _, _ := net.SplitHostPort(relay.Host)
	if address, err := netip.ParseAddr(host); host == "localhost" || (err == nil && address.IsLoopback()) {
		return "none"
	}
	return "starttls"
}

func (m *mailer) global() *global {
	g := &global{ResolveTimeout: "5m"}
	if m == nil {
		return g
	}
	g.SMTPSmarthost, g.SMTPFrom = m.host, m.from
	g.SMTPAuthUsername, g.SMTPAuthPasswordFile = m.username, m.passwordFile
	g.SMTPRequireTLS, g.SMTPForceImplicitTLS = &m.requireTLS, &m.implicitTLS
	return g
}

// into writes the relay into one channel, for a configuration whose global
// section is somebody else's.
func (m *mailer) into(to *emailChannel) {
	to.Smarthost, to.From = m.host, m.from
	to.AuthUsername, to.AuthPasswordFile = m.username, m.passwordFile
	to.RequireTLS, to.ForceImplicitTLS = &m.requireTLS, &m.implicitTLS
}
