package probe

import (
	"context"
	"encoding/binary"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/test/servers"
)

// timeServer answers each packet as answer says, with a clock that is ahead.
func timeServer(t *testing.T, ahead time.Duration, answer func(packet []byte)) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			packet := make([]byte, ntpPacket)
			_, from, err := conn.ReadFrom(packet)
			if err != nil {
				return
			}
			copy(packet[24:32], packet[40:48])
			now := time.Now().Add(ahead)
			for _, at := range []int{32, 40} {
				binary.BigEndian.PutUint32(packet[at:], uint32(now.Unix()-ntpEpoch))
				binary.BigEndian.PutUint32(packet[at+4:], uint32(int64(now.Nanosecond())<<32/int64(time.Second)))
			}
			packet[0], packet[1] = 4<<3|4, 2
			answer(packet)
			_, _ = conn.WriteTo(packet, from)
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-ended })
	return conn.LocalAddr().String()
}

func TestNTP(t *testing.T) {
	for _, test := range []struct {
		name, spec, text string
		ahead            time.Duration
		answer           func([]byte)
		reason           Reason
	}{
		{name: "in step", spec: "max_offset: 10s, max_stratum: 2"},
		{name: "ahead", ahead: time.Hour},
		{name: "too far ahead", ahead: time.Hour, spec: "max_offset: 10s", reason: ReasonBody, text: "want at most 10s"},
		{name: "too far behind", ahead: -time.Hour, spec: "max_offset: 10s", reason: ReasonBody, text: "the clocks differ by -"},
		{name: "too far from the source", spec: "max_stratum: 1", reason: ReasonBody, text: "stratum 2, want at most 1"},
		{name: "asked too often", answer: func(p []byte) { p[1] = 0; copy(p[12:], "RATE") }, reason: ReasonBlocked, text: "the server says RATE"},
		{name: "denied", answer: func(p []byte) { p[1] = 0; copy(p[12:], "DENY") }, reason: ReasonStatus, text: `the server refuses to tell the time: "DENY"`},
		{name: "without the time", answer: func(p []byte) { p[0] |= 3 << 6 }, reason: ReasonStatus, text: "the server does not know the time itself (stratum 2)"},
		{name: "no server", answer: func(p []byte) { p[0] = 4<<3 | 3 }, reason: ReasonProtocol, text: "the answer is none of a time server (mode 3)"},
		{name: "forged", answer: func(p []byte) { p[24] ^= 1 }, reason: ReasonTimeout, text: "while waiting for the answer of"},
	} {
		t.Run(test.name, func(t *testing.T) {
			answer := test.answer
			if answer == nil {
				answer = func([]byte) {}
			}
			r := try(t, `{ntp: {address: "`+timeServer(t, test.ahead, answer)+`", `+test.spec+`}}`, time.Second)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Contains(t, r.Text, test.text)
			if test.reason == ReasonNone || test.reason == ReasonBody {
				require.InDelta(t, test.ahead.Seconds(), measures(r)[ClockOffset], 5)
			}
		})
	}
	closed := refusing(t)
	r := try(t, `{ntp: {address: "`+closed+`"}}`)
	require.Equal(t, "connecting to "+closed+": connection refused", r.Text)
}

func TestNTPTimesCrossTheEra(t *testing.T) {
	require.Equal(t, time.Unix(ntpEpoch+1<<32, 0).UTC(), ntpTime(make([]byte, 8)).UTC())
	require.Equal(t, 2036, ntpTime(make([]byte, 8)).UTC().Year())
}

func TestRealNTP(t *testing.T) {
	program := servers.Need(t, "chronyd", "chrony")
	address := servers.Free(t)
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	folder := servers.Folder(t, "")
	config := servers.Write(t, folder, "chrony.conf", "port "+port+"\nbindaddress 127.0.0.1\nallow 127.0.0.1\nlocal stratum 8\ncmdport 0\nbindcmdaddress /\npidfile "+folder+"/pid\n", "")
	ready := func(context.Context) error { return nil }
	servers.Run(t, servers.Server{Program: program, Args: []string{"-d", "-x", "-f", config, "-u", "root"}, Dir: folder, Ready: ready})
	r := until(t, `{ntp: {address: "`+address+`", max_offset: 1s}}`, succeeded)
	require.InDelta(t, 0, measures(r)[ClockOffset], 1)
	r = try(t, `{ntp: {address: "`+address+`", max_stratum: 3}}`)
	require.Equal(t, "stratum 8, want at most 3", r.Text)
}
