package probe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

// complaint is an ICMP message that says that a packet did not arrive.
type complaint struct {
	packet []byte     // the beginning of the echo request
	to     netip.Addr // whom it was for
	by     netip.Addr // who complains; invalid when that is not known
	why    string     // the message in words
}

// refused says that an error of a socket is about one of its packets, and not
// about the socket: the next call may succeed.
func refused(err error) bool {
	for _, about := range []syscall.Errno{
		syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.ECONNREFUSED, syscall.ENOPROTOOPT, syscall.EMSGSIZE, syscall.EACCES, syscall.EPROTO, syscall.EOPNOTSUPP,
	} {
		if errors.Is(err, about) {
			return true
		}
	}
	return false
}

// hear tells those who wait what is said of their packets.
func (p *pinger) hear(socket *echoSocket) {
	for {
		c, ok := socket.complaint()
		if !ok {
			return
		}
		p.refuse(socket, c)
	}
}

// refuse finds whose packet a complaint is about. A router quotes at least the
// packet's header, which holds its number, and most also what only we know.
func (p *pinger) refuse(socket *echoSocket, c complaint) {
	const header, nonce = 8, 16
	if len(c.packet) < header || socket.raw && int(binary.BigEndian.Uint16(c.packet[4:])) != socket.id {
		return
	}
	sequence := binary.BigEndian.Uint16(c.packet[6:])
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.waiting[sequence]
	if e == nil || e.to.WithZone("") != c.to || len(c.packet) >= nonce && e.nonce != binary.BigEndian.Uint64(c.packet[header:]) {
		return
	}
	delete(p.waiting, sequence)
	e.answer <- reply{number: e.number, refusal: c.String()}
}

// because4 is an ICMP message in words; empty for one that is not known. The
// numbers are RFC 792's and RFC 1812's.
func because4(kind, code byte, mtu uint32) string {
	const unreachable, tooBig, exceeded = 3, 4, 11
	switch {
	case kind == unreachable && code == tooBig:
		return fits(mtu)
	case kind == unreachable:
		return map[byte]string{
			0: "the network cannot be reached", 1: "the host cannot be reached", 2: "the host does not speak ICMP", 3: "the port cannot be reached",
			9: "the network is forbidden", 10: "the host is forbidden", 13: "a filter forbids it",
		}[code]
	case kind == exceeded:
		return astray
	}
	return ""
}

// because6 is the same for ICMPv6 (RFC 4443).
func because6(kind, code byte, mtu uint32) string {
	const unreachable, tooBig, exceeded = 1, 2, 3
	switch kind {
	case unreachable:
		return map[byte]string{
			0: "there is no route", 1: "a filter forbids it", 2: "the address is beyond its scope", 3: "the host cannot be reached", 4: "the port cannot be reached",
			5: "a filter forbids the source", 6: "the route is refused",
		}[code]
	case tooBig:
		return fits(mtu)
	case exceeded:
		return astray
	}
	return ""
}

// astray is what time exceeded means.
const astray = "it was passed on too often, as in a loop of routes"

func fits(mtu uint32) string {
	return fmt.Sprintf("it is too big; at most %d bytes fit", mtu)
}

// String is who says what.
func (c complaint) String() string {
	by := "the network"
	if c.by.IsValid() && !c.by.IsUnspecified() {
		by = c.by.Unmap().String()
	}
	return fmt.Sprintf("%s says: %s", by, c.why)
}
