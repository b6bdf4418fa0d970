package probe

import (
	"encoding/binary"
	"io"
)

// The tokens that an answer consists of. What has a length is skipped by it.
const (
	tdsTabName    = 0xa4
	tdsColInfo    = 0xa5
	tdsOrder      = 0xa9
	tdsErrorToken = 0xaa
	tdsInfo       = 0xab
	tdsLoginAck   = 0xad
	tdsEnvChange  = 0xe3
	tdsState      = 0xe4
	tdsReturned   = 0x79
	tdsColumns    = 0x81
	tdsRow        = 0xd1
	tdsRowNulls   = 0xd2
	tdsDone       = 0xfd
	tdsDoneProc   = 0xfe
	tdsDoneInProc = 0xff
)

// welcome reads the answer to a login. Its errors are those of the server
// (*tdsError), the way to another (*tdsRoute), or of the connection.
func (s *tdsSession) welcome() error {
	for {
		_, ended, err := s.step()
		switch {
		case s.refused != nil:
			return s.refused
		case err != nil:
			return err
		case !ended:
			continue
		case !s.acked:
			return misfitf(ReasonProtocol, "logging in: the server does not say whether it lets us in")
		case s.route != nil:
			return s.route
		}
		return nil
	}
}

// query runs a query and reads its first row. The rest is read only where the
// connection is used again.
func (s *tdsSession) query(text string, again bool) (sqlRow, error) {
	var first sqlRow
	if err := s.send(tdsBatch, batch(text)); err != nil {
		return first, err
	}
	for {
		row, ended, err := s.step()
		switch {
		case s.refused != nil:
			return first, s.refused
		case err != nil:
			return first, err
		case row != nil && first.values == nil:
			first.values = row
		}
		if ended || first.values != nil && !again {
			return first, nil
		}
	}
}

// step reads a token: a row's values, what ends the answer, or what s keeps.
func (s *tdsSession) step() (row []string, ended bool, err error) {
	token, err := s.number(1)
	if err != nil {
		return nil, false, err
	}
	switch token {
	case tdsRow, tdsRowNulls:
		row, err = s.row(token == tdsRowNulls)
		return row, false, err
	case tdsDone, tdsDoneProc, tdsDoneInProc:
		status, err := s.bytes(12)
		return nil, err == nil && status[0]&1 == 0, err
	case tdsColumns:
		return nil, false, s.metadata()
	case tdsReturned:
		return nil, false, s.skip(4)
	case tdsState:
		return nil, false, s.skipSized(4)
	case tdsTabName, tdsColInfo, tdsOrder, tdsInfo:
		return nil, false, s.skipSized(2)
	case tdsLoginAck:
		s.acked = true
		return nil, false, s.skipSized(2)
	case tdsErrorToken, tdsEnvChange:
		return nil, false, s.told(token)
	}
	return nil, false, misfitf(ReasonProtocol, "the server sends what is not known here: token %#x", token)
}

// told reads an error or a change of the surroundings.
func (s *tdsSession) told(token int) error {
	size, err := s.number(2)
	if err != nil {
		return err
	}
	b, err := s.bytes(size)
	if err != nil {
		return err
	}
	if token == tdsErrorToken {
		return s.failed(b)
	}
	const routing, head = 20, 8 // kind, length of the value, protocol, port, length of the name
	if len(b) < head || b[0] != routing {
		return nil
	}
	port, name := int32(binary.LittleEndian.Uint16(b[4:])), b[head:]
	if n := 2 * int(binary.LittleEndian.Uint16(b[6:])); n <= len(name) {
		s.route = &tdsRoute{joined(utf16Text(name[:n]), port)}
	}
	return nil
}

// failed keeps the first error.
func (s *tdsSession) failed(b []byte) error {
	const head = 8 // number, state, class, length of the text
	if len(b) < head || head+2*int(binary.LittleEndian.Uint16(b[6:])) > len(b) {
		return misfitf(ReasonProtocol, "the server sends an error that cannot be read")
	}
	n := 2 * int(binary.LittleEndian.Uint16(b[6:]))
	if s.refused == nil {
		s.refused = &tdsError{binary.LittleEndian.Uint32(b), utf16Text(b[head : head+n])}
	}
	return nil
}

// row reads the values of a row; where nulls are told ahead, their places are
// bits.
func (s *tdsSession) row(ahead bool) ([]string, error) {
	var nulls []byte
	if ahead {
		var err error
		if nulls, err = s.bytes((len(s.columns) + 7) / 8); err != nil {
			return nil, err
		}
	}
	values := make([]string, 0, len(s.columns)) // a row without a column is one
	for i, column := range s.columns {
		text := ""
		if nulls == nil || nulls[i/8]>>(i%8)&1 == 0 {
			b, err := s.value(column)
			if err != nil {
				return nil, err
			}
			text = column.text(b)
		}
		values = append(values, text)
	}
	return values, nil
}

// number reads a number of so many bytes, the lowest first.
func (s *tdsSession) number(bytes int) (int, error) {
	b, err := s.bytes(bytes)
	if err != nil {
		return 0, err
	}
	var whole [8]byte
	copy(whole[:], b)
	return int(binary.LittleEndian.Uint64(whole[:])), nil //nolint:gosec // who asks for eight bytes looks at the sign
}

// bytes reads so many, unless they are too many.
func (s *tdsSession) bytes(n int) ([]byte, error) {
	if n < 0 || n > maxTDS {
		return nil, misfitf(ReasonProtocol, "the server announces a value of %d bytes, want at most %d", n, maxTDS)
	}
	b := make([]byte, n)
	_, err := io.ReadFull(s, b)
	return b, err
}

// maxTDS bounds one value.
const maxTDS = 1 << 20

func (s *tdsSession) skip(n int) error {
	_, err := s.bytes(n)
	return err
}

// skipSized skips what a length of so many bytes tells.
func (s *tdsSession) skipSized(bytes int) error {
	n, err := s.number(bytes)
	if err != nil {
		return err
	}
	return s.skip(n)
}
