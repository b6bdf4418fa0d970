package probe

import "github.com/tocsin-monitoring/tocsin/catalog"

// newTCP builds the kind tcp: a connection, closed at once, or a dialogue.
func newTCP(s site) (Func, error) {
	spec := s.probe.TCP
	c := &conversation{dialogue: newDialogue(s, "tcp", spec.Address, spec.TLS), steps: spec.Dialogue, starttls: spec.StartTLS}
	c.plainFirst = spec.StartTLS != ""
	return c.run, nil
}

func tcpHost(p *catalog.Probe) string { return p.TCP.Address }

// newUDP builds the kind udp: datagrams that are answered.
func newUDP(s site) (Func, error) {
	spec := s.probe.UDP
	c := &conversation{dialogue: newDialogue(s, "udp", spec.Address, nil), steps: spec.Dialogue}
	c.network = "udp"
	return c.run, nil
}

func udpHost(p *catalog.Probe) string { return p.UDP.Address }
