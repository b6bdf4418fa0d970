package main

import (
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
)

// pinger is a socket for echo requests, and who they go to.
type pinger struct {
	*icmp.PacketConn
	to net.Addr
}

// newPinger opens a socket as the exporter does: an unprivileged one where the
// machine lets us, and a raw one otherwise.
func newPinger(address string) (*pinger, error) {
	ip := net.ParseIP(address)
	conn, err := icmp.ListenPacket("udp4", "0.0.0.0")
	if err == nil {
		return &pinger{conn, &net.UDPAddr{IP: ip}}, nil
	}
	conn, err = icmp.ListenPacket("ip4:icmp", "0.0.0.0")
	if err != nil {
		return nil, err
	}
	var replies ipv4.ICMPFilter
	replies.SetAll(true)
	replies.Accept(ipv4.ICMPTypeEchoReply)
	return &pinger{conn, &net.IPAddr{IP: ip}}, conn.IPv4PacketConn().SetICMPFilter(&replies)
}

// ping sends a request after every gap.
func (p *pinger) ping(gap time.Duration, good, bad *atomic.Int64) {
	buffer := make([]byte, 2048)
	for next, i := time.Now(), 0; ; next, i = next.Add(gap), i+1 {
		time.Sleep(time.Until(next))
		message := icmp.Message{Type: ipv4.ICMPTypeEcho, Body: &icmp.Echo{ID: 1, Seq: i & 0xffff, Data: make([]byte, 56)}}
		request, err := message.Marshal(nil)
		if err == nil {
			_, err = p.WriteTo(request, p.to)
		}
		if err == nil {
			_, _, err = p.ReadFrom(buffer)
		}
		if err != nil {
			bad.Add(1)
			continue
		}
		good.Add(1)
	}
}
