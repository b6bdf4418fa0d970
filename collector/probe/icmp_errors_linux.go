package probe

import (
	"encoding/binary"
	"net"
	"net/netip"
	"syscall"
)

// complain makes the socket hear of ICMP messages about its packets.
func (s *echoSocket) complain() {
	if socket := s.descriptor(); socket != nil {
		tellErrors(socket)
	}
}

// complaint takes the next message from the socket's queue of errors; it is
// false when there is none.
func (s *echoSocket) complaint() (c complaint, ok bool) {
	socket := s.descriptor()
	if socket == nil {
		return c, false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return c, false
	}
	packet, control := make([]byte, 128), make([]byte, 512)
	var n, size int
	var to syscall.Sockaddr
	_ = raw.Control(func(fd uintptr) {
		n, size, _, to, err = syscall.Recvmsg(int(fd), packet, control, syscall.MSG_ERRQUEUE|syscall.MSG_DONTWAIT)
	})
	if err != nil {
		return c, false
	}
	c.packet, c.to = packet[:n], socketAddress(to)
	messages, err := syscall.ParseSocketControlMessage(control[:size])
	for _, m := range messages {
		v4 := m.Header.Level == syscall.IPPROTO_IP && m.Header.Type == syscall.IP_RECVERR
		v6 := m.Header.Level == syscall.IPPROTO_IPV6 && m.Header.Type == syscall.IPV6_RECVERR
		if v4 || v6 {
			c.read(m.Data)
		}
	}
	return c, err == nil
}

// read reads a struct sock_extended_err and the address behind it, of who
// complains (ip(7), IP_RECVERR).
func (c *complaint) read(data []byte) {
	const size, family, fromICMP4, fromICMP6 = 16, 2, 2, 3
	if len(data) < size {
		return
	}
	origin, kind, code, info := data[4], data[5], data[6], binary.NativeEndian.Uint32(data[8:])
	switch origin {
	case fromICMP4:
		c.why = because4(kind, code, info)
	case fromICMP6:
		c.why = because6(kind, code, info)
	}
	if c.why == "" {
		c.why = syscall.Errno(binary.NativeEndian.Uint32(data)).Error()
	}
	by := data[size:]
	if len(by) < family {
		return
	}
	switch binary.NativeEndian.Uint16(by) {
	case syscall.AF_INET:
		c.by = addressIn(by, 4, net.IPv4len)
	case syscall.AF_INET6:
		c.by = addressIn(by, 8, net.IPv6len)
	}
}

func addressIn(data []byte, at, size int) netip.Addr {
	if len(data) < at+size {
		return netip.Addr{}
	}
	address, _ := netip.AddrFromSlice(data[at : at+size])
	return address
}

func socketAddress(of syscall.Sockaddr) netip.Addr {
	switch of := of.(type) {
	case *syscall.SockaddrInet4:
		return netip.AddrFrom4(of.Addr)
	case *syscall.SockaddrInet6:
		return netip.AddrFrom16(of.Addr).Unmap()
	}
	return netip.Addr{}
}
