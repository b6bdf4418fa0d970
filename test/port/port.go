// Package port finds ports for servers that cannot choose one themselves.
//
// Tests and benchmarks that start engines, databases and whole estates use it.
//
// What a reader would not guess: a port that the system gives for the asking is
// one of those that it also gives to outgoing connections, so another program's
// may have it before the server starts. These lie below them.
package port

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// The system's own begin at 32768 on Linux (net.ipv4.ip_local_port_range).
const lowest, highest = 20_000, 32_000

// Free is an address of this machine at which nobody listens over TCP or UDP.
func Free() (string, error) {
	for range 1000 {
		address := fmt.Sprintf("127.0.0.1:%d", lowest+rand.IntN(highest-lowest))
		stream, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		packets, err := net.ListenPacket("udp", address)
		_ = stream.Close()
		if err == nil {
			return address, packets.Close()
		}
	}
	return "", errors.New("no port is free on both TCP and UDP")
}
