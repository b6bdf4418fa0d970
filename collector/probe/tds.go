package probe

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"unicode/utf16"
)

// The kinds of messages of TDS, the protocol of SQL Server, which
// https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-tds
// describes, and the words of its first about encryption.
const (
	tdsBatch    = 0x01
	tdsAnswer   = 0x04
	tdsLogin7   = 0x10
	tdsPrelogin = 0x12

	tdsEncrypted   = 1 // also what is asked for
	tdsUnencrypted = 2 // also what is asked for
	tdsDemanded    = 3
)

const (
	tdsHead   = 8
	tdsPacket = 4096 // the size of packets that both sides take before they agree
	tdsLast   = 1    // the status of a message's last packet
)

// tdsSession reads and writes messages, which go in packets.
type tdsSession struct {
	*line
	kind byte // of the messages that are read; 0 for answers
	left int  // bytes of the packet under way
	last bool // it ends its message

	columns []tdsColumn
	acked   bool      // the login was accepted
	refused *tdsError // the first error of the server
	route   *tdsRoute
}

// tdsRoute says that the server is elsewhere.
type tdsRoute struct{ address string }

// Error says where.
func (r *tdsRoute) Error() string { return "the server is at " + r.address }

// send writes a message, and makes ready for its answer.
func (s *tdsSession) send(kind byte, message []byte) error {
	var b []byte
	for number := byte(1); number == 1 || len(message) > 0; number++ {
		part := message[:min(len(message), tdsPacket-tdsHead)]
		message = message[len(part):]
		status := byte(0)
		if len(message) == 0 {
			status = tdsLast
		}
		b = append(b, kind, status)
		b = binary.BigEndian.AppendUint16(b, uint16(tdsHead+len(part))) //nolint:gosec // at most tdsPacket
		b = append(append(b, 0, 0, number, 0), part...)
	}
	s.left, s.last = 0, false
	_, err := s.conn.Write(b)
	return err
}

// Read reads of a message, from packet to packet.
func (s *tdsSession) Read(p []byte) (int, error) {
	for s.left == 0 {
		if s.last {
			return 0, misfitf(ReasonProtocol, "the server's answer ends too early")
		}
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	n, err := s.in.Read(p[:min(len(p), s.left)])
	s.left -= n
	return n, err
}

// next reads the head of a packet.
func (s *tdsSession) next() error {
	head := make([]byte, tdsHead)
	if _, err := io.ReadFull(s.in, head); err != nil {
		return err
	}
	kind, size := s.kind, int(binary.BigEndian.Uint16(head[2:]))
	if kind == 0 {
		kind = tdsAnswer
	}
	switch {
	case head[0] == 0x15 && head[1] == 3: // an alert of TLS
		return misfitf(ReasonTLS, "the server wants TLS from the first byte (want encryption: strict in the probe)")
	case head[0] != kind || size < tdsHead:
		return misfitf(ReasonProtocol, "the server does not speak TDS: it sends % x", head)
	}
	s.left, s.last = size-tdsHead, head[1]&tdsLast != 0
	return nil
}

// prelogin says whether we want encryption, and returns what the server wants.
func (s *tdsSession) prelogin(want byte) (byte, error) {
	const option = 5 // bytes that say where each stands
	options := [][]byte{make([]byte, 6), {want}, {0}, make([]byte, 4), {0}}
	var head, body []byte
	for token, value := range options { // version, encryption, instance, thread, several results at once
		at := len(options)*option + 1 + len(body)
		head = append(head, byte(token), 0, byte(at), 0, byte(len(value)))
		body = append(body, value...)
	}
	if err := s.send(tdsPrelogin, append(append(head, 0xff), body...)); err != nil {
		return 0, err
	}
	if err := s.next(); err != nil {
		return 0, err
	}
	answer := make([]byte, s.left)
	if _, err := io.ReadFull(s, answer); err != nil {
		return 0, err
	}
	for i := 0; i+option <= len(answer) && answer[i] != 0xff; i += option {
		at := int(binary.BigEndian.Uint16(answer[i+1:]))
		if answer[i] == 1 && at < len(answer) {
			return answer[at], nil
		}
	}
	return 0, misfitf(ReasonProtocol, "the server does not speak TDS: it does not say whether it encrypts")
}

// tdsHandshake carries the handshake of TLS in packets, and what comes after it
// as it is.
type tdsHandshake struct {
	net.Conn
	session *tdsSession // below
	flight  []byte      // what is written goes out before the next is read
	over    bool
}

// Write keeps what belongs to the handshake.
func (h *tdsHandshake) Write(p []byte) (int, error) {
	if h.over {
		return h.Conn.Write(p)
	}
	h.flight = append(h.flight, p...)
	return len(p), nil
}

// Read sends what was kept, and reads.
func (h *tdsHandshake) Read(p []byte) (int, error) {
	if h.over {
		return h.session.in.Read(p)
	}
	if len(h.flight) > 0 {
		left := h.session.left
		if err := h.session.send(tdsPrelogin, h.flight); err != nil {
			return 0, err
		}
		h.flight, h.session.left = nil, left
	}
	h.session.last = false
	return h.session.Read(p)
}

// tdsLogin is who logs in where.
type tdsLogin struct {
	user, password, database, server string
	strict                           bool
}

// message is LOGIN7: what has a fixed place, then the texts.
func (w tdsLogin) message() []byte {
	const (
		fixed   = 94
		version = 0x74000004 // 7.4
		newer   = 0x08000000 // 8.0
		// The database must be there, and changes of language are told.
		flags, english = 0x000003e0, 0x0409
	)
	le := binary.LittleEndian
	var b, data []byte
	place := func(text []byte) {
		b = le.AppendUint16(b, uint16(fixed+len(data))) //nolint:gosec // the catalogue and the server bound each text
		b = le.AppendUint16(b, uint16(len(text)/2))     //nolint:gosec // the same
		data = append(data, text...)
	}
	speaks := uint32(version)
	if w.strict {
		speaks = newer
	}
	for _, number := range []uint32{0, speaks, tdsPacket, 0, 0, 0, flags, 0, english} {
		b = le.AppendUint32(b, number)
	}
	place(nil) // our host
	place(utf16Bytes(w.user))
	place(concealed(w.password))
	for _, text := range []string{ourName, w.server, "", ourName, "", w.database} {
		place(utf16Bytes(text))
	}
	b = append(b, make([]byte, 6)...) // our hardware's address
	for range 3 {
		place(nil) // other ways to log in, a file, a new password
	}
	b = append(append(b, 0, 0, 0, 0), data...)
	le.PutUint32(b, uint32(len(b))) //nolint:gosec // the same
	return b
}

// concealed is a password as it is sent, which hides it from nobody.
func concealed(password string) []byte {
	b := utf16Bytes(password)
	for i := range b {
		b[i] = (b[i]<<4 | b[i]>>4) ^ 0xa5
	}
	return b
}

// batch is a query behind the head that says that there is no transaction.
func batch(query string) []byte {
	const head, transaction = 22, 2
	le := binary.LittleEndian
	b := le.AppendUint32(nil, head)
	b = le.AppendUint32(b, head-4)
	b = le.AppendUint16(b, transaction)
	b = le.AppendUint64(b, 0)
	b = le.AppendUint32(b, 1)
	return append(b, utf16Bytes(query)...)
}

func utf16Bytes(text string) []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return b
}

func utf16Text(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// tdsError is an error as the server tells it.
type tdsError struct {
	number  uint32
	message string
}

// Error begins with the number, by which people look it up.
func (e *tdsError) Error() string { return fmt.Sprintf("%d %s", e.number, e.message) }
