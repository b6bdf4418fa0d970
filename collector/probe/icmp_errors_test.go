package probe

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// beyondARouter is a prefix for inNamespace: the way to 198.51.100.0/24 leads
// through 192.0.2.2, a namespace of its own that knows none.
const beyondARouter = `sh -c 'unshare --net sleep 60 >/dev/null 2>&1 & router=$!
	until [ "$(readlink /proc/$router/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
	ip link add v0 type veth peer name v1 netns $router && ip addr add 192.0.2.1/24 dev v0 && ip link set v0 up && ip route add default via 192.0.2.2 &&
	nsenter --net=/proc/$router/ns/net sh -c "ip addr add 192.0.2.2/24 dev v1 && ip link set v1 up && ip link set lo up && echo 1 >/proc/sys/net/ipv4/ip_forward && echo 0 >/proc/sys/net/ipv4/icmp_ratelimit &&
		ip route add unreachable 198.51.100.0/24 && ip route add prohibit 198.51.100.128/25" && "$0" "$@"; code=$?; kill $router; exit $code'`

func TestRealPingThatARouterRefuses(t *testing.T) {
	if inNamespace(t, "0 2147483647", beyondARouter) {
		pingBeyondARouter(t)
	}
}

func TestRealPingThatARouterRefusesByARawSocket(t *testing.T) {
	if inNamespace(t, "1 0", beyondARouter) {
		pingBeyondARouter(t)
	}
}

// pingBeyondARouter wants what the router says to be told at once, and to end no
// other's pings through the same socket.
func pingBeyondARouter(t *testing.T) {
	b := NewBuilder(Options{})
	ask := func(host string) Result {
		attempt, err := buildWith(t, b, `{icmp: {host: `+host+`, packets: 3, gap: 5ms}}`)
		require.NoError(t, err)
		ctx, cancel := timeout(t, 50*time.Second)
		defer cancel()
		return attempt(ctx)
	}
	answered := make(chan Result, 3)
	for range cap(answered) {
		go func() { answered <- ask("192.0.2.2") }()
	}
	began := time.Now()
	for host, says := range map[string]string{
		"198.51.100.7":   "192.0.2.2 says: the host cannot be reached",
		"198.51.100.200": "192.0.2.2 says: a filter forbids it",
	} {
		r := ask(host)
		require.Equal(t, ReasonConnect, r.Reason, r.Text)
		require.Equal(t, "none of 3 packets to "+host+" was answered; "+says, r.Text)
	}
	require.Less(t, time.Since(began), 50*time.Second, "nothing waits for its timeout")
	for range cap(answered) {
		r := <-answered
		require.Equal(t, Success, r.Outcome, r.Text)
		require.Zero(t, measures(r)[PacketLoss])
	}
}

func TestWhatTheNetworkSaysOfAPacket(t *testing.T) {
	require.Equal(t, "it is too big; at most 1280 bytes fit", because4(3, 4, 1280))
	require.Equal(t, "a filter forbids it", because4(3, 13, 0))
	require.Empty(t, because4(3, 200, 0))
	require.Empty(t, because4(5, 1, 0))
	require.Equal(t, "it is too big; at most 1280 bytes fit", because6(2, 0, 1280))
	require.Equal(t, "there is no route", because6(1, 0, 0))
	require.Equal(t, astray, because6(3, 0, 0))
	require.Empty(t, because6(4, 1, 0))
	require.Equal(t, "the network says: x", complaint{why: "x"}.String())
}

// Only what is said of a packet that somebody waits for ends the wait.
func TestARefusalIsAboutOnePacket(t *testing.T) {
	to := netip.MustParseAddr("192.0.2.1")
	answers := make(chan reply, 1)
	waiting := &echo{number: 2, to: to, sequence: 7, nonce: 42, answer: answers}
	p := &pinger{waiting: map[uint16]*echo{7: waiting}}
	socket := &echoSocket{raw: true, id: 5}
	quote := func(id, sequence uint16, nonce uint64) []byte {
		b := binary.BigEndian.AppendUint16([]byte{8, 0, 0, 0}, id)
		return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint16(b, sequence), nonce)
	}
	for _, other := range []complaint{
		{packet: quote(5, 7, 42)[:6], to: to},
		{packet: quote(6, 7, 42), to: to},
		{packet: quote(5, 8, 42), to: to},
		{packet: quote(5, 7, 43), to: to},
		{packet: quote(5, 7, 42), to: netip.MustParseAddr("192.0.2.2")},
	} {
		p.refuse(socket, other)
		require.Empty(t, answers)
	}
	p.refuse(socket, complaint{packet: quote(5, 7, 0)[:8], to: to, by: netip.MustParseAddr("192.0.2.9"), why: "no"})
	require.Equal(t, reply{number: 2, refusal: "192.0.2.9 says: no"}, <-answers)
	require.Empty(t, p.waiting)
}
