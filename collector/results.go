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

// history is the last attempts of one probe, packed into one slice of bytes:
// about 50 bytes for a success and at most about 700 for a failure, so that
// remembering costs a probe a few KiB and the garbage collector one pointer.
type history struct {
	packed []byte // records, oldest first, each with its length before it
	count  int
}

// add remembers an attempt and forgets the oldest above kept.
func (h *history) add(a Attempt) {
	if h.count == kept {
		size, n := binary.Uvarint(h.packed)
		h.packed = h.packed[n+int(size):]
		h.count--
	}
	record := pack(make([]byte, 0, 128), a)
	h.packed = binary.AppendUvarint(h.packed, uint64(len(record)))
	h.packed = append(h.packed, record...)
	h.count++
}

// all unpacks the attempts, the newest first.
func (h *history) all() []Attempt {
	list := make([]Attempt, h.count)
	for i, rest := h.count-1, h.packed; i >= 0; i-- {
		size, n := binary.Uvarint(rest)
		list[i] = unpack(rest[n : n+int(size)])
		rest = rest[n+int(size):]
	}
	return list
}

// pack appends an attempt. Times are rounded to microseconds, which is what
// anybody reads.
func pack(b []byte, a Attempt) []byte {
	flags := byte(a.Outcome)
	if a.Repeat {
		flags |= 0x80
	}
	b = append(b, flags, byte(a.Reason))
	b = binary.AppendVarint(b, a.At.UnixMicro())
	b = binary.AppendVarint(b, a.Duration.Microseconds())
	for _, d := range a.Phases {
		b = binary.AppendVarint(b, d.Microseconds())
	}
	b = binary.AppendVarint(b, int64(a.Status))
	expiry := int64(0)
	if !a.CertificateExpiry.IsZero() {
		expiry = a.CertificateExpiry.Unix()
	}
	b = binary.AppendVarint(b, expiry)
	for _, text := range []string{cut(a.Address, 255), cut(a.Step, 100), cut(a.Text, probe.MaxText)} {
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	return b
}

func cut(s string, limit int) string { return s[:min(len(s), limit)] }

// unpack reads what pack wrote.
func unpack(b []byte) Attempt {
	r := reader{b[2:]}
	a := Attempt{Repeat: b[0]&0x80 != 0}
	a.Outcome, a.Reason = probe.Outcome(b[0]&0x7f), probe.Reason(b[1])
	a.At = time.UnixMicro(r.number())
	a.Duration = time.Duration(r.number()) * time.Microsecond
	for i := range a.Phases {
		a.Phases[i] = time.Duration(r.number()) * time.Microsecond
	}
	a.Status = int(r.number())
	if expiry := r.number(); expiry != 0 {
		a.CertificateExpiry = time.Unix(expiry, 0)
	}
	a.Address, a.Step, a.Text = r.text(), r.text(), r.text()
	return a
}

// reader takes values off a record.
type reader struct{ rest []byte }

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
