package probe

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/test/servers"
)

// network is one that answers echo requests as answer says: after a time,
// or never where it is negative.
type network struct {
	mu      sync.Mutex
	sent    int
	answer  func(n int, request *icmp.Echo) (time.Duration, *icmp.Echo)
	refuse  error
	packets chan datagram
	ended   chan struct{}
	late    chan time.Time // deadlines
	from    netip.Addr
}

type datagram []byte

func newNetwork(answer func(int, *icmp.Echo) (time.Duration, *icmp.Echo)) *network {
	return &network{answer: answer, packets: make(chan datagram, 1000), ended: make(chan struct{}), late: make(chan time.Time, 1000), from: netip.MustParseAddr("192.0.2.1")}
}

func (w *network) Receive(b []byte) ([]byte, netip.Addr, time.Time, error) {
	var timer <-chan time.Time
	for {
		select {
		case p := <-w.packets:
			return b[:copy(b, p)], w.from, time.Time{}, nil
		case at := <-w.late:
			timer = nil
			if !at.IsZero() {
				timer = time.After(time.Until(at))
			}
		case <-timer:
			return nil, w.from, time.Time{}, os.ErrDeadlineExceeded
		case <-w.ended:
			return nil, w.from, time.Time{}, net.ErrClosed
		}
	}
}

func (w *network) WriteTo(b []byte, _ net.Addr) (int, error) {
	m, err := icmp.ParseMessage(protocolICMP4, b)
	if err != nil || w.refuse != nil {
		return 0, errors.Join(err, w.refuse)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	after, reply := w.answer(w.sent, m.Body.(*icmp.Echo))
	w.sent++
	if after < 0 {
		return len(b), nil
	}
	m = &icmp.Message{Type: ipv4.ICMPTypeEchoReply, Body: reply}
	text, err := m.Marshal(nil)
	time.AfterFunc(after, func() { w.packets <- text })
	return len(b), err
}

func (w *network) SetReadDeadline(at time.Time) error { w.late <- at; return nil }
func (w *network) Close() error                       { close(w.ended); return nil }

// after answers every request after a time.
func after(d time.Duration) func(int, *icmp.Echo) (time.Duration, *icmp.Echo) {
	return func(_ int, e *icmp.Echo) (time.Duration, *icmp.Echo) { return d, e }
}

// pinging makes one attempt over a network, in five seconds of its own clock.
func pinging(t *testing.T, w *network, spec catalog.ICMPProbe) (r Result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		*w = *newNetwork(w.answer)
		sockets := &pingers{four: pinger{open: func(bool) (*echoSocket, error) { return &echoSocket{packets: w}, nil }}}
		p := &ping{spec: &spec, pingers: sockets}
		ctx, cancel := timeout(t, 5*time.Second)
		defer cancel()
		r = p.run(ctx)
		require.Empty(t, sockets.four.waiting, "nothing is waited for any longer")
		time.Sleep(2 * linger) // of the bubble's clock
		sockets.four.mu.Lock()
		require.Nil(t, sockets.four.socket, "the socket is closed when nobody comes")
		sockets.four.mu.Unlock()
		time.Sleep(time.Minute) // answers that come too late
	})
	fit(t, r)
	return r
}

func measures(r Result) map[Measure]float64 {
	found := make(map[Measure]float64)
	for _, m := range r.Measures {
		found[m.Measure] = m.Value
	}
	return found
}

func TestPing(t *testing.T) {
	lost := func(which ...int) func(int, *icmp.Echo) (time.Duration, *icmp.Echo) {
		return func(n int, e *icmp.Echo) (time.Duration, *icmp.Echo) {
			for _, w := range which {
				if w == n {
					return -1, nil
				}
			}
			return 10 * time.Millisecond, e
		}
	}
	for _, test := range []struct {
		name         string
		answer       func(int, *icmp.Echo) (time.Duration, *icmp.Echo)
		spec         catalog.ICMPProbe
		reason       Reason
		text         string
		loss, jitter float64
		took         time.Duration
	}{
		{name: "all come back", answer: after(20 * time.Millisecond), took: 20 * time.Millisecond},
		{name: "slower than the gap", answer: after(time.Second), took: time.Second},
		{name: "unevenly", answer: func(n int, e *icmp.Echo) (time.Duration, *icmp.Echo) {
			return time.Duration(10+20*(n%2)) * time.Millisecond, e
		}, jitter: 0.02, took: 18 * time.Millisecond},
		{name: "some are lost", answer: lost(0, 3), loss: 0.4, took: 10 * time.Millisecond},
		{name: "the last is lost", answer: lost(4), loss: 0.2, took: 10 * time.Millisecond},
		{name: "too many are lost", answer: lost(0, 3), spec: catalog.ICMPProbe{MaxLoss: 0.3}, loss: 0.4, reason: ReasonTimeout, text: "2 of 5 packets to 192.0.2.1 were not answered (40%, want at most 30%)"},
		{name: "not too many", answer: lost(0, 3), spec: catalog.ICMPProbe{MaxLoss: 0.4}, loss: 0.4},
		{name: "nothing comes back", answer: after(-1), loss: 1, reason: ReasonTimeout, text: "none of 5 packets to 192.0.2.1 was answered"},
		{name: "too late", answer: after(6 * time.Second), loss: 1, reason: ReasonTimeout, text: "none of 5 packets to 192.0.2.1 was answered"},
		{name: "answers to another question", answer: func(_ int, e *icmp.Echo) (time.Duration, *icmp.Echo) {
			return 0, &icmp.Echo{ID: e.ID, Seq: e.Seq, Data: append([]byte{e.Data[0] ^ 1}, e.Data[1:]...)}
		}, loss: 1, reason: ReasonTimeout, text: "none of 5 packets to 192.0.2.1 was answered"},
		{name: "short answers", answer: func(_ int, e *icmp.Echo) (time.Duration, *icmp.Echo) {
			return 0, &icmp.Echo{ID: e.ID, Seq: e.Seq}
		}, loss: 1, reason: ReasonTimeout, text: "none of 5 packets to 192.0.2.1 was answered"},
	} {
		t.Run(test.name, func(t *testing.T) {
			spec := test.spec
			spec.Host, spec.Packets, spec.Gap, spec.Size = "192.0.2.1", 5, catalog.Duration(50*time.Millisecond), 56
			r := pinging(t, &network{answer: test.answer}, spec)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Equal(t, test.text, r.Text)
			require.Equal(t, "192.0.2.1", r.Address)
			require.InDelta(t, test.loss, measures(r)[PacketLoss], 1e-9)
			require.InDelta(t, test.jitter, measures(r)[PacketJitter], 1e-9)
			if test.took > 0 {
				require.Equal(t, test.took, r.Duration, "waiting on purpose does not count")
				require.Equal(t, test.took, r.Phases[FirstByte])
			}
		})
	}
}

// Thousands of attempts share one socket, and each hears its own answers. By the
// real clock: the race detector's runtime does not survive thousands of timers in
// a bubble of synctest.
func TestPingsShareASocket(t *testing.T) {
	w := newNetwork(func(n int, e *icmp.Echo) (time.Duration, *icmp.Echo) { return time.Duration(n%7) * time.Millisecond, e })
	opened := 0
	sockets := &pingers{four: pinger{open: func(bool) (*echoSocket, error) { opened++; return &echoSocket{packets: w}, nil }}}
	spec := &catalog.ICMPProbe{Host: "192.0.2.1", Packets: 1, Gap: catalog.Duration(time.Millisecond), Size: 16}
	var attempts sync.WaitGroup
	for range 1000 {
		attempts.Go(func() {
			p := &ping{spec: spec, pingers: sockets}
			for range 3 {
				if r := p.run(t.Context()); r.Outcome != Success || measures(r)[PacketLoss] != 0 {
					t.Errorf("got %s, loss %v", r.Text, measures(r)[PacketLoss])
				}
			}
		})
	}
	attempts.Wait()
	require.Equal(t, 1, opened)
	require.Equal(t, 3000, w.sent)
	require.Empty(t, sockets.four.waiting)
	<-w.ended // nobody came any longer
}

func TestPingSaysWhatStandsInItsWay(t *testing.T) {
	refused := &net.OpError{Op: "write", Err: os.NewSyscallError("sendto", errors.New("network is unreachable"))}
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(after(0))
		w.refuse = refused
		p := &ping{spec: &catalog.ICMPProbe{Host: "192.0.2.1", Packets: 2, Gap: 1, Size: 16}, pingers: &pingers{four: pinger{open: func(bool) (*echoSocket, error) { return &echoSocket{packets: w}, nil }}}}
		ctx, cancel := timeout(t, time.Second)
		defer cancel()
		r := p.run(ctx)
		require.Equal(t, ReasonConnect, r.Reason)
		require.Equal(t, "sending to 192.0.2.1: network is unreachable", r.Text)
		time.Sleep(2 * linger)
	})
	r := try(t, `{icmp: {host: nowhere.invalid}}`)
	require.Equal(t, ReasonDNS, r.Reason, r.Text)
}

// inNamespace runs this test again in a network namespace of its own, where the
// groups may send echo requests without privileges; it says whether this is
// that run. Prefix stands before the command.
func inNamespace(t *testing.T, groups, prefix string) bool {
	t.Helper()
	const mark = "TOCSIN_TEST_NAMESPACE"
	if os.Getenv(mark) != "" {
		return true
	}
	unshare := servers.Need(t, "unshare", "util-linux")
	servers.Need(t, "ip", "iproute2")
	if os.Getuid() != 0 {
		servers.Missing(t, "only root makes network namespaces")
	}
	script := fmt.Sprintf(`ip link set lo up && echo '%s' > /proc/sys/net/ipv4/ping_group_range && exec %s "$0" "-test.run=^%s$"`, groups, prefix, t.Name())
	cmd := exec.CommandContext(t.Context(), unshare, "--net", "sh", "-c", script, os.Args[0])
	cmd.Env = append(os.Environ(), mark+"=1")
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", output)
	require.NotContains(t, string(output), "no tests to run")
	return false
}

func pingLoopback(t *testing.T, wantRaw bool) {
	t.Helper()
	for _, host := range []string{"127.0.0.1", "127.0.0.9", "::1"} {
		p := new(pingers)
		c, err := netip.ParseAddr(host)
		require.NoError(t, err)
		s := p.to(c)
		require.NoError(t, s.enter())
		require.Equal(t, wantRaw, s.socket.raw)
		requireStamped(t, s, c)
		s.leave()
		r := try(t, `{icmp: {host: "`+host+`", packets: 3, gap: 5ms, max_loss: 1%}}`)
		require.Equal(t, Success, r.Outcome, "%s: %s", host, r.Text)
		require.Positive(t, r.Phases[FirstByte])
		require.Zero(t, measures(r)[PacketLoss])
	}
}

// requireStamped wants the kernel to say when an answer came.
func requireStamped(t *testing.T, p *pinger, to netip.Addr) {
	t.Helper()
	if runtime.GOOS != "linux" {
		return
	}
	socket, err := openEcho(p.ipv6)
	require.NoError(t, err)
	defer socket.Close()
	request, err := p.request(socket, &echo{}, 16)
	require.NoError(t, err)
	before := time.Now()
	_, err = socket.WriteTo(request, socket.address(to))
	require.NoError(t, err)
	for {
		packet, from, at, err := socket.Receive(make([]byte, 2048))
		require.NoError(t, err)
		if packet[0] != 0 && packet[0] != 129 { // an echo reply, by IANA
			continue
		}
		require.Equal(t, to, from)
		require.WithinRange(t, at, before.Round(0), time.Now().Round(0))
		return
	}
}

func TestRealPingWithoutPrivileges(t *testing.T) {
	if inNamespace(t, "0 2147483647", "") {
		pingLoopback(t, false)
	}
}

func TestRealPingByARawSocket(t *testing.T) {
	if inNamespace(t, "1 0", "") {
		pingLoopback(t, true)
	}
}

func TestRealPingThatIsNotPermitted(t *testing.T) {
	if inNamespace(t, "1 0", "setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all") {
		r := try(t, `{icmp: {host: 127.0.0.1}}`)
		require.Equal(t, ReasonInternal, r.Reason)
		require.Equal(t, "echo requests are not permitted: net.ipv4.ping_group_range must include the exporter's group (it is for IPv6 too), or the exporter needs CAP_NET_RAW", r.Text)
	}
}

// One ping through the shared socket, and its answer, on loopback.
func BenchmarkPing(b *testing.B) {
	attempt, err := build(b, `{icmp: {host: 127.0.0.1, packets: 1}}`)
	require.NoError(b, err)
	for b.Loop() {
		if r := attempt(b.Context()); r.Outcome != Success {
			b.Skip(r.Text)
		}
	}
}

func TestARoundTripIsTheKernelsWhereItSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &echo{sent: time.Now()}
		time.Sleep(10 * time.Millisecond)
		for name, test := range map[string]struct {
			came time.Time
			want time.Duration
		}{
			"the kernel's":             {e.sent.Add(3 * time.Millisecond), 3 * time.Millisecond},
			"none":                     {time.Time{}, 10 * time.Millisecond},
			"the clock was set back":   {e.sent.Add(-time.Hour), 10 * time.Millisecond},
			"the clock was set onward": {e.sent.Add(time.Hour), 10 * time.Millisecond},
		} {
			require.Equal(t, test.want, e.since(test.came.Round(0)), name)
		}
	})
}
