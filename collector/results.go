package collector

import (
	"encoding/binary"
	"time"

	"github.com/tocsin-monitoring/tocsin/collector/probe"
)

// kept is the number of results that are remembered for each probe.
const kept = 50

// Attempt is one attempt as it is remembered.
type Attempt struct {
	At     time.Time // its end
	Repeat bool      // a confirming repetition
	probe.Result
}

// history is the last attempts of one probe, packed into one slice of bytes. A
// record leaves out what is as it was in the one before, so a success takes
// about 20 bytes and a failure at most about 700: remembering costs a probe a
// KiB, and the garbage collector one pointer.
type history struct {
	packed []byte // records, oldest first
	count  int
	before setting // of the oldest record
	last   setting // of the next
}

// setting is what a record does not repeat.
type setting struct {
	at      int64 // microseconds
	status  int
	expiry  int64 // seconds; 0 for none
	address string
}

// What the first byte of a record says besides the outcome.
const (
	flagRepeat = 1 << (iota + 2)
	flagStatus
	flagExpiry
	flagAddress
	flagWords // a reason, a step and a text follow
)

// add remembers an attempt and forgets the oldest above kept.
func (h *history) add(a Attempt) {
	if h.count == kept {
		r := reader{h.packed}
		r.attempt(&h.before)
		h.packed = r.rest
		h.count--
	}
	h.packed = h.last.pack(h.packed, a)
	h.count++
}

// all unpacks the attempts, the newest first.
func (h *history) all() []Attempt {
	list := make([]Attempt, h.count)
	c, r := h.before, reader{h.packed}
	for i := h.count - 1; i >= 0; i-- {
		list[i] = r.attempt(&c)
	}
	return list
}

// pack appends an attempt. Times are rounded to microseconds, which is what
// anybody reads.
func (c *setting) pack(b []byte, a Attempt) []byte {
	now := setting{a.At.UnixMicro(), a.Status, 0, cut(a.Address, 255)}
	if !a.CertificateExpiry.IsZero() {
		now.expiry = a.CertificateExpiry.Unix()
	}
	words := a.Reason != probe.ReasonNone || a.Step != "" || a.Text != ""
	flags := byte(a.Outcome)
	for _, f := range []struct {
		set  bool
		flag byte
	}{{a.Repeat, flagRepeat}, {now.status != c.status, flagStatus}, {now.expiry != c.expiry, flagExpiry}, {now.address != c.address, flagAddress}, {words, flagWords}} {
		if f.set {
			flags |= f.flag
		}
	}
	b = binary.AppendVarint(append(b, flags), now.at-c.at)
	b = packTimes(b, a.Duration, a.Phases)
	if flags&flagStatus != 0 {
		b = binary.AppendVarint(b, int64(now.status))
	}
	if flags&flagExpiry != 0 {
		b = binary.AppendVarint(b, now.expiry)
	}
	if flags&flagAddress != 0 {
		b = packText(b, now.address)
	} else {
		now.address = c.address // one copy is enough
	}
	if words {
		b = packText(packText(append(b, byte(a.Reason)), cut(a.Step, 100)), cut(a.Text, probe.MaxText))
	}
	*c = now
	return b
}

// packTimes appends the whole time and the phases that happened.
func packTimes(b []byte, whole time.Duration, phases probe.Phases) []byte {
	b = binary.AppendVarint(b, whole.Microseconds())
	mask := len(b)
	b = append(b, 0)
	for i, d := range phases {
		if spent := d.Microseconds(); spent != 0 {
			b[mask] |= 1 << i
			b = binary.AppendVarint(b, spent)
		}
	}
	return b
}

func packText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

func cut(s string, limit int) string { return s[:min(len(s), limit)] }

// reader takes values off records.
type reader struct{ rest []byte }

// attempt reads what pack wrote after c.
func (r *reader) attempt(c *setting) Attempt {
	flags := r.byte()
	a := Attempt{Repeat: flags&flagRepeat != 0}
	a.Outcome = probe.Outcome(flags & (flagRepeat - 1))
	c.at += r.number()
	a.At = time.UnixMicro(c.at)
	a.Duration = time.Duration(r.number()) * time.Microsecond
	mask := r.byte()
	for i := range a.Phases {
		if mask&(1<<i) != 0 {
			a.Phases[i] = time.Duration(r.number()) * time.Microsecond
		}
	}
	if flags&flagStatus != 0 {
		c.status = int(r.number())
	}
	if flags&flagExpiry != 0 {
		c.expiry = r.number()
	}
	if flags&flagAddress != 0 {
		c.address = r.text()
	}
	if flags&flagWords != 0 {
		a.Reason, a.Step, a.Text = probe.Reason(r.byte()), r.text(), r.text()
	}
	a.Status, a.Address = c.status, c.address
	if c.expiry != 0 {
		a.CertificateExpiry = time.Unix(c.expiry, 0)
	}
	return a
}

func (r *reader) byte() byte {
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *reader) number() int64 {
	v, n := binary.Varint(r.rest)
	r.rest = r.rest[n:]
	return v
}

func (r *reader) text() string {
	size, n := binary.Uvarint(r.rest)
	text := string(r.rest[n : n+int(size)])
	r.rest = r.rest[n+int(size):]
	return text
}
