package probe

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The types of columns (MS-TDS, 2.2.5.4).
const (
	tdsImage      = 0x22
	tdsText       = 0x23
	tdsGUID       = 0x24
	tdsIntN       = 0x26
	tdsDate       = 0x28
	tdsTime       = 0x29
	tdsDateTime2  = 0x2a
	tdsDateOffset = 0x2b
	tdsInt1       = 0x30
	tdsBit        = 0x32
	tdsInt2       = 0x34
	tdsInt4       = 0x38
	tdsDateTime4  = 0x3a
	tdsFloat4     = 0x3b
	tdsMoney      = 0x3c
	tdsDateTime   = 0x3d
	tdsFloat8     = 0x3e
	tdsVariant    = 0x62
	tdsNText      = 0x63
	tdsBitN       = 0x68
	tdsDecimal    = 0x6a
	tdsNumeric    = 0x6c
	tdsFloatN     = 0x6d
	tdsMoneyN     = 0x6e
	tdsDateTimeN  = 0x6f
	tdsMoney4     = 0x7a
	tdsInt8       = 0x7f
	tdsVarBinary  = 0xa5
	tdsVarChar    = 0xa7
	tdsBinary     = 0xad
	tdsChar       = 0xaf
	tdsNVarChar   = 0xe7
	tdsNChar      = 0xef
	tdsXML        = 0xf1
)

const (
	// maxColumns is what SQL Server allows.
	maxColumns = 4096
	// tdsParts is the size of a type whose values come in parts.
	tdsParts = 0xffff
)

// tdsColumn is a type.
type tdsColumn struct {
	kind  int
	size  int // tdsParts says that the values come in parts
	scale int
}

// fixed is the size of a type's values, or 0 where each tells its own.
func (c tdsColumn) fixed() int {
	return map[int]int{
		tdsInt1: 1, tdsBit: 1, tdsInt2: 2, tdsInt4: 4, tdsDateTime4: 4, tdsFloat4: 4, tdsMoney: 8, tdsDateTime: 8, tdsFloat8: 8, tdsMoney4: 4, tdsInt8: 8,
	}[c.kind]
}

// metadata reads the types of the columns that follow.
func (s *tdsSession) metadata() error {
	count, err := s.number(2)
	if err != nil {
		return err
	}
	s.columns = nil
	if count == 0xffff {
		return nil
	}
	if count > maxColumns {
		return misfitf(ReasonProtocol, "the server announces %d columns, want at most %d", count, maxColumns)
	}
	for range count {
		if err := s.skip(6); err != nil { // the user's type, and flags
			return err
		}
		column, err := s.column()
		if err != nil {
			return err
		}
		if err := s.skipTexts(1); err != nil { // the name
			return err
		}
		s.columns = append(s.columns, column)
	}
	return nil
}

// column reads a type.
func (s *tdsSession) column() (c tdsColumn, err error) {
	if c.kind, err = s.number(1); err != nil || c.fixed() > 0 {
		return c, err
	}
	switch c.kind {
	case tdsDate:
		return c, nil
	case tdsGUID, tdsIntN, tdsBitN, tdsFloatN, tdsMoneyN, tdsDateTimeN:
		return c, s.skip(1)
	case tdsTime, tdsDateTime2, tdsDateOffset:
		c.scale, err = s.number(1)
		return c, err
	case tdsDecimal, tdsNumeric:
		if err := s.skip(2); err != nil {
			return c, err
		}
		c.scale, err = s.number(1)
		return c, err
	case tdsVarBinary, tdsBinary:
		c.size, err = s.number(2)
		return c, err
	case tdsVarChar, tdsChar, tdsNVarChar, tdsNChar:
		if c.size, err = s.number(2); err != nil {
			return c, err
		}
		return c, s.skip(5) // the collation
	}
	return s.longColumn(c)
}

// longColumn reads what is left of a type of long values.
func (s *tdsSession) longColumn(c tdsColumn) (tdsColumn, error) {
	switch c.kind {
	case tdsVariant:
		return c, s.skip(4)
	case tdsText, tdsNText, tdsImage:
		skip := 4 // the size
		if c.kind != tdsImage {
			skip += 5 // the collation
		}
		if err := s.skip(skip); err != nil {
			return c, err
		}
		parts, err := s.number(1) // of the table's name
		for i := 0; err == nil && i < parts; i++ {
			err = s.skipTexts(2)
		}
		return c, err
	case tdsXML:
		c.size = tdsParts
		schema, err := s.number(1)
		if err != nil || schema == 0 {
			return c, err
		}
		return c, s.skipTexts(1, 1, 2)
	}
	return c, misfitf(ReasonProtocol, "the server answers with a type that is not known here: %#x (want a query that converts it)", c.kind)
}

// skipTexts skips texts, whose lengths have so many bytes.
func (s *tdsSession) skipTexts(lengths ...int) error {
	for _, length := range lengths {
		n, err := s.number(length)
		if err != nil {
			return err
		}
		if err := s.skip(2 * n); err != nil {
			return err
		}
	}
	return nil
}

// value reads a value; a null is nothing.
func (s *tdsSession) value(c tdsColumn) ([]byte, error) {
	if n := c.fixed(); n > 0 {
		return s.bytes(n)
	}
	length, null := 1, 0
	switch c.kind {
	case tdsText, tdsNText, tdsImage:
		pointer, err := s.number(1)
		if err != nil || pointer == 0 {
			return nil, err
		}
		if err := s.skip(pointer + 8); err != nil { // and a time
			return nil, err
		}
		length, null = 4, -1
	case tdsVariant:
		length = 4
	case tdsVarBinary, tdsBinary, tdsVarChar, tdsChar, tdsNVarChar, tdsNChar, tdsXML:
		if c.size == tdsParts {
			return s.parts()
		}
		length, null = 2, 0xffff
	}
	n, err := s.number(length)
	if err != nil || n == null {
		return nil, err
	}
	return s.bytes(n)
}

// parts reads a value that comes in parts, whose whole length need not be told.
func (s *tdsSession) parts() ([]byte, error) {
	const null = -1
	whole, err := s.number(8)
	if err != nil || whole == null {
		return nil, err
	}
	var b []byte
	for {
		n, err := s.number(4)
		if err != nil || n == 0 {
			return b, err
		}
		part, err := s.bytes(n)
		if err != nil {
			return nil, err
		}
		if b = append(b, part...); len(b) > maxTDS {
			return nil, misfitf(ReasonProtocol, "the server sends a value of over %d bytes", maxTDS)
		}
	}
}

// text is a value as a text; a null, or what cannot be read, is nothing.
func (c tdsColumn) text(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	var whole [8]byte
	copy(whole[:], b)
	number := binary.LittleEndian.Uint64(whole[:])
	switch c.kind {
	case tdsBit, tdsBitN, tdsInt1, tdsInt2, tdsInt4, tdsInt8, tdsIntN:
		return integer(number, len(b))
	case tdsFloat4, tdsFloat8, tdsFloatN:
		if len(b) == 4 {
			return strconv.FormatFloat(float64(math.Float32frombits(uint32(number))), 'g', -1, 32) //nolint:gosec // four bytes
		}
		return strconv.FormatFloat(math.Float64frombits(number), 'g', -1, 64)
	case tdsMoney, tdsMoney4, tdsMoneyN:
		if len(b) == 8 {
			number = number<<32 | number>>32 // the upper half comes first
		}
		return shifted(big.NewInt(signed(number, len(b))), 4)
	case tdsDecimal, tdsNumeric:
		return decimal(b, c.scale)
	case tdsGUID:
		return guid(b)
	case tdsNVarChar, tdsNChar, tdsNText, tdsXML:
		return utf16Text(b)
	case tdsVarChar, tdsChar, tdsText:
		return string(b)
	case tdsVariant:
		return variant(b)
	case tdsVarBinary, tdsBinary, tdsImage:
		return "0x" + hex.EncodeToString(b)
	}
	return c.moment(b)
}

// signed is a number of so many bytes.
func signed(number uint64, bytes int) int64 {
	shift := 64 - 8*min(bytes, 8)
	return int64(number<<shift) >> shift //nolint:gosec // the sign is meant
}

// integer is a number of SQL Server, of which those of one byte have no sign.
func integer(number uint64, bytes int) string {
	if bytes == 1 {
		return strconv.FormatUint(number, 10)
	}
	return strconv.FormatInt(signed(number, bytes), 10)
}

// decimal is a sign and the digits of an integer, the lowest byte first.
func decimal(b []byte, scale int) string {
	digits := slices.Clone(b[1:])
	slices.Reverse(digits)
	n := new(big.Int).SetBytes(digits)
	if b[0] == 0 {
		n.Neg(n)
	}
	return shifted(n, scale)
}

// shifted is a number with so many digits behind the point.
func shifted(n *big.Int, scale int) string {
	sign, digits := "", n.String()
	if n.Sign() < 0 {
		sign, digits = "-", digits[1:]
	}
	if scale == 0 {
		return sign + digits
	}
	digits = strings.Repeat("0", max(0, scale+1-len(digits))) + digits
	return sign + digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
}

func guid(b []byte) string {
	if len(b) != 16 {
		return ""
	}
	le := binary.LittleEndian
	return fmt.Sprintf("%08X-%04X-%04X-%X-%X", le.Uint32(b), le.Uint16(b[4:]), le.Uint16(b[6:]), b[8:10], b[10:])
}

// variant is a value that brings its type along.
func variant(b []byte) string {
	if len(b) < 2 || len(b) < 2+int(b[1]) {
		return ""
	}
	c := tdsColumn{kind: int(b[0])}
	about, value := b[2:2+int(b[1])], b[2+int(b[1]):]
	switch c.kind {
	case tdsVariant: // which none is
		return ""
	case tdsDecimal, tdsNumeric:
		if len(about) == 2 {
			c.scale = int(about[1])
		}
	case tdsTime, tdsDateTime2, tdsDateOffset:
		if len(about) == 1 {
			c.scale = int(about[0])
		}
	}
	return c.text(value)
}

// moment is a date, a time or both.
func (c tdsColumn) moment(b []byte) string {
	old := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
	le := binary.LittleEndian
	switch {
	case c.kind == tdsDate && len(b) == 3:
		return calendar(b).Format(time.DateOnly)
	case c.kind == tdsTime:
		return calendar(nil).Add(c.clock(b)).Format("15:04:05.999999999")
	case c.kind == tdsDateTime2 && len(b) > 3:
		return calendar(b[len(b)-3:]).Add(c.clock(b[:len(b)-3])).Format(time.RFC3339Nano)
	case c.kind == tdsDateOffset && len(b) > 5:
		zone := time.FixedZone("", 60*int(int16(le.Uint16(b[len(b)-2:])))) //nolint:gosec // the sign is meant
		return calendar(b[len(b)-5:]).Add(c.clock(b[:len(b)-5])).In(zone).Format(time.RFC3339Nano)
	case len(b) == 4:
		return old.AddDate(0, 0, int(le.Uint16(b))).Add(time.Duration(le.Uint16(b[2:])) * time.Minute).Format(time.RFC3339Nano)
	case len(b) == 8:
		ticks := time.Duration(le.Uint32(b[4:]))                                                                                                    // 300 a second
		return old.AddDate(0, 0, int(int32(le.Uint32(b)))).Add((ticks*time.Second + 150) / 300).Truncate(time.Millisecond).Format(time.RFC3339Nano) //nolint:gosec // the sign is meant
	}
	return ""
}

// calendar is the day whose number since the year 1 has three bytes.
func calendar(b []byte) time.Time {
	days := 0
	if len(b) >= 3 {
		days = int(b[0]) | int(b[1])<<8 | int(b[2])<<16
	}
	return time.Date(1, 1, 1+days, 0, 0, 0, 0, time.UTC)
}

// clock is the time since midnight, in units of the scale.
func (c tdsColumn) clock(b []byte) time.Duration {
	var whole [8]byte
	copy(whole[:], b)
	units := time.Duration(binary.LittleEndian.Uint64(whole[:]) & (1<<40 - 1))
	for range 9 - min(max(c.scale, 0), 9) {
		units *= 10
	}
	return units
}
