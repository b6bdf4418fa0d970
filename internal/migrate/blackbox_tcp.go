package migrate

import (
	"regexp"
	"strings"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// tcp reads a module of the tcp prober.
func (m *module1) tcp(v *tree.Value) {
	kind, s := "tcp", settings("address", m.target.address)
	dialogue := v.Get("query_response")
	switch {
	case v.Get("tls").True() && dialogue.Empty():
		kind = "tls"
	case v.Get("tls").True():
		s.set("tls", true)
	}
	if reason := m.dialogue(s, dialogue); reason != "" {
		m.report.add(LeftOut, m.target.at, m.owner, "", "%s", reason)
		dialogue.Read()
		v.Touch()
		return
	}
	m.certificates(s, v.Get("tls_config"))
	m.address(s, v)
	m.check.Kind, m.check.Settings = kind, s
}

// dialogue reads what is said and expected, or gives the reason why it cannot
// be. What leads to a change over to TLS is the probe's own starttls.
func (m *module1) dialogue(s *Settings, v *tree.Value) string {
	var steps []*Settings
	said := ""
	for _, step := range v.Items() {
		if step.Get("starttls").True() {
			protocol := spokenBefore(said)
			if protocol == "" {
				return "its dialogue changes over to TLS in a protocol that tocsin import does not recognise: write the check with starttls by hand"
			}
			s.set("starttls", protocol)
			steps = nil
		}
		expect, send := step.Get("expect").Text(), step.Get("send").Text()
		if regexp.MustCompile(`\$\{?\d`).MatchString(send) {
			return "its dialogue answers with a part of what came, and a dialogue of the catalogue sends what it says"
		}
		said += send + "\n"
		steps = append(steps, exchange(expect, send)...)
	}
	if len(steps) > 0 {
		s.set("dialogue", steps)
	}
	return ""
}

// spokenBefore is the protocol whose words ask for TLS, as the catalogue calls
// it.
func spokenBefore(said string) string {
	said = strings.ToUpper(said)
	for _, word := range [][2]string{{"EHLO", "smtp"}, {"STLS", "pop3"}, {"AUTH TLS", "ftp"}, {"XMPP", "xmpp"}, {"STARTTLS", "imap"}} {
		if strings.Contains(said, word[0]) {
			return word[1]
		}
	}
	return ""
}

// exchange is a step of a dialogue. Of one step, blackbox_exporter expects
// before it sends, and the catalogue sends before it expects.
func exchange(expect, send string) []*Settings {
	var steps []*Settings
	if expect != "" {
		steps = append(steps, settings("expect_regexp", expect))
	}
	if send != "" {
		steps = append(steps, settings("send", send+"\n")) // blackbox_exporter ends what it sends with a line break
	}
	return steps
}
