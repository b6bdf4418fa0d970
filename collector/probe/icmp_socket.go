package probe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// linger is how long a socket stays open after the last answer, for the next
// probe to use.
const linger = 250 * time.Millisecond

// room is how much a socket holds of what was not read yet, in bytes: five
// thousand answers, as Linux counts them.
const room = 4 << 20

// The protocol numbers of ICMP, by IANA.
const (
	protocolICMP4 = 1
	protocolICMP6 = 58
)

// pingers are the sockets through which all probes of a builder send echo
// requests, one for each family, because a socket and a reader for each probe
// would cost more than the packets. The zero value is ready.
type pingers struct{ four, six pinger }

// to is the socket for an address.
func (p *pingers) to(address netip.Addr) *pinger {
	if address.Is4() {
		return &p.four
	}
	p.six.ipv6 = true
	return &p.six
}

// packets is a socket for ICMP, as package icmp opens it.
type packets interface {
	// Receive waits for a packet. It is in b, from an address without a zone, and
	// came at the time that the kernel says, zero where it says none.
	Receive(b []byte) (packet []byte, from netip.Addr, at time.Time, err error)
	WriteTo(b []byte, to net.Addr) (int, error)
	SetReadDeadline(t time.Time) error
	Close() error
}

// echoSocket is an open socket. The kernel puts an identifier of its own into
// what an unprivileged one sends, and shows it nothing else; a raw one sees the
// answers to everybody on the machine.
type echoSocket struct {
	packets
	opened *icmp.PacketConn // the same, where the machine opened it; nil in tests
	raw    bool
	id     int
}

// unstamped is a socket on a system that does not say when a packet came.
type unstamped struct{ *icmp.PacketConn }

// Receive implements packets.
func (s unstamped) Receive(b []byte) (packet []byte, from netip.Addr, at time.Time, err error) {
	n, address, err := s.ReadFrom(b)
	return b[:n], sender(address), time.Time{}, err
}

// pinger is the socket of one family, open while somebody waits, and a little
// longer.
type pinger struct {
	ipv6 bool
	open func(ipv6 bool) (*echoSocket, error) // openEcho where it is nil

	mu      sync.Mutex
	socket  *echoSocket // nil while it is closed
	users   int
	next    uint16
	waiting map[uint16]*echo // by sequence number
}

// echo is a request that somebody waits for.
type echo struct {
	number   int // among the packets of its attempt
	to       netip.Addr
	sequence uint16
	nonce    uint64 // in the payload, so that nobody can answer who did not see it
	sent     time.Time
	answer   chan<- reply // has room for all packets of its attempt
}

// reply says that a packet came back, or why it cannot.
type reply struct {
	number  int
	took    time.Duration
	refusal string // empty when it came back
}

// enter opens the socket if need be. Whoever entered leaves.
func (p *pinger) enter() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.socket == nil {
		open := p.open
		if open == nil {
			open = openEcho
		}
		socket, err := open(p.ipv6)
		if err != nil {
			return err
		}
		p.socket, p.waiting = socket, make(map[uint16]*echo)
		go p.listen(socket)
	}
	if p.users++; p.users == 1 {
		_ = p.socket.SetReadDeadline(time.Time{})
	}
	return nil
}

// leave lets the reader end when nobody else comes.
func (p *pinger) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.users--; p.users == 0 && p.socket != nil {
		_ = p.socket.SetReadDeadline(time.Now().Add(linger))
	}
}

// send sends one request of size bytes of payload. The caller forgets it when
// it does not wait any longer.
func (p *pinger) send(e *echo, size int) error {
	p.mu.Lock()
	socket := p.socket
	if socket == nil || len(p.waiting) > 1<<15 {
		p.mu.Unlock()
		return errors.New("the socket for echo requests is lost, or too many are unanswered")
	}
	for p.next++; p.waiting[p.next] != nil; p.next++ {
	}
	e.sequence, e.nonce = p.next, rand.Uint64()
	request, err := p.request(socket, e, size)
	e.sent = time.Now()
	p.waiting[e.sequence] = e
	p.mu.Unlock()
	if err == nil {
		_, err = socket.WriteTo(request, socket.address(e.to))
	}
	if refused(err) { // which may be about another's packet
		p.hear(socket)
		_, err = socket.WriteTo(request, socket.address(e.to))
	}
	return err
}

func (p *pinger) request(socket *echoSocket, e *echo, size int) ([]byte, error) {
	payload := make([]byte, size)
	binary.BigEndian.PutUint64(payload, e.nonce)
	m := icmp.Message{Type: ipv4.ICMPTypeEcho, Body: &icmp.Echo{ID: socket.id, Seq: int(e.sequence), Data: payload}}
	if p.ipv6 {
		m.Type = ipv6.ICMPTypeEchoRequest
	}
	return m.Marshal(nil)
}

// forget stops waiting for an answer.
func (p *pinger) forget(e *echo) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting[e.sequence] == e {
		delete(p.waiting, e.sequence)
	}
}

// listen hands answers to those who wait, until nobody does or the socket
// breaks. It ends by itself.
func (p *pinger) listen(socket *echoSocket) {
	buffer := make([]byte, 2048)
	for {
		packet, from, at, err := socket.Receive(buffer)
		if err == nil {
			p.deliver(socket, packet, from, at)
			continue
		}
		if refused(err) {
			p.hear(socket)
			continue
		}
		if p.retire(err) {
			_ = socket.Close()
			return
		}
	}
}

// retire says whether the reader is to end: nobody waits, or reading failed.
func (p *pinger) retire(err error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if errors.Is(err, os.ErrDeadlineExceeded) && p.users > 0 {
		return false
	}
	p.socket = nil
	return true
}

// deliver finds who waits for an answer that came at a time. What nobody waits
// for is dropped.
func (p *pinger) deliver(socket *echoSocket, packet []byte, from netip.Addr, at time.Time) {
	protocol := protocolICMP4
	if p.ipv6 {
		protocol = protocolICMP6
	}
	m, err := icmp.ParseMessage(protocol, packet)
	if err != nil || m.Type != ipv4.ICMPTypeEchoReply && m.Type != ipv6.ICMPTypeEchoReply {
		return
	}
	body, ok := m.Body.(*icmp.Echo)
	if !ok || socket.raw && body.ID != socket.id || len(body.Data) < 8 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.waiting[uint16(body.Seq)]
	if e == nil || e.nonce != binary.BigEndian.Uint64(body.Data) || e.to.WithZone("") != from {
		return
	}
	delete(p.waiting, uint16(body.Seq))
	e.answer <- reply{number: e.number, took: e.since(at)}
}

// since is the time from the request until its answer came; until now where
// nobody knows when that was, or the clock was set in between.
func (e *echo) since(came time.Time) time.Duration {
	now := time.Since(e.sent)
	if took := came.Sub(e.sent); took >= 0 && took < now {
		return took
	}
	return now
}

// sender is the address that a packet came from, without a zone.
func sender(a net.Addr) netip.Addr {
	var ip net.IP
	switch a := a.(type) {
	case *net.UDPAddr:
		ip = a.IP
	case *net.IPAddr:
		ip = a.IP
	}
	address, _ := netip.AddrFromSlice(ip)
	return address.Unmap()
}

// address is where to send to, as the socket takes it.
func (s *echoSocket) address(to netip.Addr) net.Addr {
	if s.raw {
		return &net.IPAddr{IP: to.AsSlice(), Zone: to.Zone()}
	}
	return &net.UDPAddr{IP: to.AsSlice(), Zone: to.Zone()}
}

// openEcho opens an unprivileged socket where the machine lets us, and a raw
// one otherwise.
func openEcho(ipv6 bool) (*echoSocket, error) {
	socket, err := openUnprivileged(ipv6)
	if err == nil {
		return socket, nil
	}
	socket, errRaw := openRaw(ipv6)
	switch {
	case errRaw == nil:
		return socket, nil
	case errors.Is(errRaw, os.ErrPermission) && errors.Is(err, os.ErrPermission):
		return nil, errors.New("echo requests are not permitted: net.ipv4.ping_group_range must include the exporter's group (it is for IPv6 too), or the exporter needs CAP_NET_RAW")
	}
	return nil, fmt.Errorf("opening a socket for ICMP: %s; a raw one: %s", plainly(bareOp(err)), plainly(bareOp(errRaw)))
}

func openUnprivileged(ipv6 bool) (*echoSocket, error) {
	network, address := "udp4", "0.0.0.0"
	if ipv6 {
		network, address = "udp6", "::"
	}
	conn, err := icmp.ListenPacket(network, address)
	if err != nil {
		return nil, err
	}
	return listening(&echoSocket{packets: stamp(conn), opened: conn}), nil
}

func openRaw(six bool) (*echoSocket, error) {
	network, address := "ip4:icmp", "0.0.0.0"
	if six {
		network, address = "ip6:ipv6-icmp", "::"
	}
	conn, err := icmp.ListenPacket(network, address)
	if err != nil {
		return nil, err
	}
	filter(conn, six)
	return listening(&echoSocket{packets: stamp(conn), opened: conn, raw: true, id: int(rand.Uint32() & 0xffff)}), nil
}

// listening is a socket that hears of what the network says about its packets,
// and has room for the answers to a whole volley.
func listening(s *echoSocket) *echoSocket {
	s.complain()
	if socket, ok := s.descriptor().(interface{ SetReadBuffer(bytes int) error }); ok {
		_ = socket.SetReadBuffer(room) // the system gives what it allows
	}
	return s
}

// descriptor is the socket below the packages that opened it, or nil.
func (s *echoSocket) descriptor() syscall.Conn {
	switch {
	case s.opened == nil:
		return nil
	case s.opened.IPv4PacketConn() != nil:
		socket, _ := s.opened.IPv4PacketConn().PacketConn.(syscall.Conn)
		return socket
	case s.opened.IPv6PacketConn() != nil:
		socket, _ := s.opened.IPv6PacketConn().PacketConn.(syscall.Conn)
		return socket
	}
	return nil
}

// filter keeps all but echo replies from the socket; where the system cannot,
// they are told apart later.
func filter(conn *icmp.PacketConn, six bool) {
	if six {
		var f ipv6.ICMPFilter
		f.SetAll(true)
		f.Accept(ipv6.ICMPTypeEchoReply)
		_ = conn.IPv6PacketConn().SetICMPFilter(&f)
		return
	}
	var f ipv4.ICMPFilter
	f.SetAll(true)
	f.Accept(ipv4.ICMPTypeEchoReply)
	_ = conn.IPv4PacketConn().SetICMPFilter(&f)
}

// bareOp takes off what package net says about where an error happened.
func bareOp(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}
