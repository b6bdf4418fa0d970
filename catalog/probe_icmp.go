package catalog

import (
	"net/netip"
	"strings"
	"time"
)

const (
	defaultPackets    = 3
	defaultGap        = Duration(100 * time.Millisecond)
	maxPackets        = 100
	defaultPacketSize = 56
	// minPacketSize has room for what tells our packets from others', and
	// maxPacketSize still fits an Ethernet frame of IPv4.
	minPacketSize = 16
	maxPacketSize = 1472
)

// Family is the version of the Internet protocol that a probe uses.
type Family string

// The values of Family; without one the resolver's first address is used.
const (
	IPv4 Family = "ipv4"
	IPv6 Family = "ipv6"
)

func (f *Family) parse(text string) (err error) {
	*f, err = choice(text, IPv4, IPv6)
	return err
}

// ICMPProbe sends echo requests to Host, as ping does. It succeeds when a
// packet comes back and no more than MaxLoss of them are lost.
type ICMPProbe struct {
	Host    string   `yaml:"host"`
	Family  Family   `yaml:"family,omitempty"`
	Packets int      `yaml:"packets,omitempty"`  // 3 by default
	Gap     Duration `yaml:"gap,omitempty"`      // from packet to packet; 100ms by default
	Size    int      `yaml:"size,omitempty"`     // bytes of payload; 56 by default
	MaxLoss Ratio    `yaml:"max_loss,omitempty"` // all but one may be lost by default
}

func (p *ICMPProbe) complete() {
	p.Packets = or(p.Packets, defaultPackets)
	p.Gap = or(p.Gap, defaultGap)
	p.Size = or(p.Size, defaultPacketSize)
}

func (p *ICMPProbe) check(c *checker, path string) {
	c.checkHost(below(path, "host"), p.Host)
	if _, err := netip.ParseAddr(p.Host); err == nil && p.Family != "" && (p.Family == IPv6) != strings.Contains(p.Host, ":") {
		c.add(below(path, "family"), "got %s, but the host %s is an address of the other family", clipped(string(p.Family)), clipped(p.Host))
	}
	if p.Packets > maxPackets {
		c.add(below(path, "packets"), "got %d, want at most %d", p.Packets, maxPackets)
	}
	if p.Size < minPacketSize || p.Size > maxPacketSize {
		c.add(below(path, "size"), "got %d bytes, want %d to %d", p.Size, minPacketSize, maxPacketSize)
	}
}

// checkTime wants the last packet to be sent while there is time to answer it.
func (p *ICMPProbe) checkTime(c *checker, path string, timeout Duration) {
	if sending := Duration(p.Packets-1) * p.Gap; p.Packets <= maxPackets && sending >= timeout {
		c.add(path, "sending %d packets %s apart takes %s (want less than the timeout, %s)", p.Packets, p.Gap, sending, timeout)
	}
}
