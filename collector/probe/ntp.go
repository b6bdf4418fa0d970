package probe

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"syscall"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

const (
	// ntpEpoch is when NTP's seconds begin, in those of Unix (RFC 5905, 6).
	ntpEpoch = -2208988800
	// ntpPacket is the size of a packet without extensions.
	ntpPacket = 48
)

// clock is what stays the same from attempt to attempt.
type clock struct {
	*dialogue
	spec *catalog.NTPProbe
}

// newNTP builds the kind ntp: one question as a client of RFC 5905 asks it.
func newNTP(s site) (Func, error) {
	spec := s.probe.NTP
	c := &clock{dialogue: newDialogue(s, "ntp", spec.Address, nil), spec: spec}
	c.network = "udp"
	return func(ctx context.Context) Result { return c.run(ctx, c.talk) }, nil
}

// talk sends a random number as our time, which the answer repeats: nobody
// else can answer, and nothing is told of our clock.
func (c *clock) talk(_ context.Context, l *line) error {
	request := make([]byte, ntpPacket)
	request[0] = 4<<3 | 3 // version 4, client
	nonce := rand.Uint64()
	binary.BigEndian.PutUint64(request[40:], nonce)
	sent := time.Now()
	if _, err := l.conn.Write(request); err != nil {
		return err
	}
	answer := make([]byte, 1024)
	for {
		n, err := l.conn.Read(answer)
		if errors.Is(err, syscall.ECONNREFUSED) {
			return misfitf(ReasonConnect, "connecting to %s: connection refused", c.address)
		}
		if err != nil {
			return err
		}
		came := time.Now()
		if n >= ntpPacket && binary.BigEndian.Uint64(answer[24:]) == nonce {
			return c.judge(l, answer[:n], sent, came)
		}
	}
}

// judge compares an answer. The offset is the mean of both ways (RFC 5905, 8).
func (c *clock) judge(l *line, answer []byte, sent, came time.Time) error {
	leap, mode, stratum := answer[0]>>6, answer[0]&7, int(answer[1])
	switch {
	case mode != 4:
		return misfitf(ReasonProtocol, "the answer is none of a time server (mode %d)", mode)
	case stratum == 0 && string(answer[12:16]) == "RATE":
		return misfitf(ReasonBlocked, "the server says RATE: it is asked too often")
	case stratum == 0:
		return misfitf(ReasonStatus, "the server refuses to tell the time: %s", quote(string(answer[12:16])))
	case leap == 3 || stratum > 15:
		return misfitf(ReasonStatus, "the server does not know the time itself (stratum %d)", stratum)
	}
	received, replied := ntpTime(answer[32:]), ntpTime(answer[40:])
	offset := (received.Sub(sent) + replied.Sub(came)) / 2
	l.measure(ClockOffset, offset.Seconds())
	switch limit := c.spec.MaxOffset.Std(); {
	case stratum > c.spec.MaxStratum:
		return misfitf(ReasonBody, "stratum %d, want at most %d", stratum, c.spec.MaxStratum)
	case limit > 0 && offset.Abs() > limit:
		return misfitf(ReasonBody, "the clocks differ by %s, want at most %s", offset.Round(time.Microsecond), limit)
	}
	return nil
}

// ntpTime reads a timestamp of 32 bits of seconds and 32 of their fraction. Its
// first era ends in 2036; what is before 1968 is taken for the second.
func ntpTime(b []byte) time.Time {
	seconds := int64(binary.BigEndian.Uint32(b))
	if seconds < 1<<31 {
		seconds += 1 << 32
	}
	fraction := int64(binary.BigEndian.Uint32(b[4:]))
	return time.Unix(ntpEpoch+seconds, fraction*int64(time.Second)>>32)
}

func ntpHost(p *catalog.Probe) string { return p.NTP.Address }
