package probe

import "syscall"

// tellErrors makes a socket for datagrams return what ICMP messages say of its
// packets, such as that nobody listens there (ip(7), ipv6(7): IP_RECVERR,
// IPV6_RECVERR). Without it only a connected socket hears of them.
func tellErrors(socket syscall.Conn) {
	raw, err := socket.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, syscall.IP_RECVERR, 1)
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IPV6, syscall.IPV6_RECVERR, 1)
	})
}
