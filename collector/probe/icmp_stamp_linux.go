package probe

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/sys/unix"
)

// stamped is a socket whose packets the kernel stamps with the time at which
// they came, so that a round trip does not hold the time until we looked.
type stamped struct {
	*icmp.PacketConn
	udp *net.UDPConn // of the two, the one that it is
	ip  *net.IPConn
	oob []byte
}

// stamp makes the kernel stamp, where it can.
func stamp(conn *icmp.PacketConn) packets {
	s := &stamped{PacketConn: conn, oob: make([]byte, 128)}
	var inner net.PacketConn
	if four := conn.IPv4PacketConn(); four != nil {
		inner = four.PacketConn
	} else if six := conn.IPv6PacketConn(); six != nil {
		inner = six.PacketConn
	}
	s.udp, _ = inner.(*net.UDPConn)
	s.ip, _ = inner.(*net.IPConn)
	socket, ok := inner.(syscall.Conn)
	if !ok || s.udp == nil && s.ip == nil || withStamps(socket) != nil {
		return unstamped{conn}
	}
	return s
}

// withStamps asks the kernel for them.
func withStamps(socket syscall.Conn) error {
	raw, err := socket.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	err = raw.Control(func(fd uintptr) {
		set = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS_NEW, 1)
	})
	return errors.Join(err, set)
}

// Receive implements packets.
func (s *stamped) Receive(b []byte) (packet []byte, from netip.Addr, at time.Time, err error) {
	var n, controls int
	if s.udp != nil {
		var sender netip.AddrPort
		n, controls, _, sender, err = s.udp.ReadMsgUDPAddrPort(b, s.oob)
		from = sender.Addr()
	} else {
		var sender *net.IPAddr
		if n, controls, _, sender, err = s.ip.ReadMsgIP(b, s.oob); err == nil {
			from, _ = netip.AddrFromSlice(sender.IP)
		}
	}
	if err != nil {
		return nil, from, at, err
	}
	from = from.Unmap().WithZone("")
	return bareICMP(b[:n], s.ip != nil && from.Is4()), from, stampOf(s.oob[:controls]), nil
}

// bareICMP takes off the IP header that a raw socket for IPv4 shows (ip(7), raw(7)).
func bareICMP(b []byte, header bool) []byte {
	if !header || len(b) == 0 {
		return b
	}
	return b[min(len(b), int(b[0]&0x0f)<<2):]
}

// stampOf is the time in a packet's control messages (socket(7)); zero without one.
func stampOf(controls []byte) time.Time {
	for len(controls) > 0 {
		header, data, rest, err := unix.ParseOneSocketControlMessage(controls)
		if err != nil {
			break
		}
		if header.Level == unix.SOL_SOCKET && header.Type == unix.SO_TIMESTAMPNS_NEW && len(data) >= 16 {
			return time.Unix(int64(binary.NativeEndian.Uint64(data)), int64(binary.NativeEndian.Uint64(data[8:])))
		}
		controls = rest
	}
	return time.Time{}
}
