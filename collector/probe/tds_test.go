package probe

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// tdsServer is a SQL Server as far as the kind looks at one, written from
// MS-TDS, apart from the client's code.
type tdsServer struct {
	encryption byte // its answer to the client's wish
	strict     bool
	config     *tls.Config
	welcome    string // tokens that answer the right login
	answers    map[string]string
}

// tdsMessage reads the packets of a message.
func tdsMessage(r io.Reader) (kind byte, message []byte, err error) {
	for {
		head := make([]byte, 8)
		if _, err := io.ReadFull(r, head); err != nil {
			return 0, nil, err
		}
		part := make([]byte, int(head[2])<<8+int(head[3])-8)
		if _, err := io.ReadFull(r, part); err != nil {
			return 0, nil, err
		}
		if message = append(message, part...); head[1]&1 == 1 {
			return head[0], message, nil
		}
	}
}

// tdsPackets is a message in packets of at most so many bytes of content.
func tdsPackets(kind byte, message string, most int) string {
	var b strings.Builder
	for first := true; first || message != ""; first = false {
		part := message[:min(len(message), most)]
		message = message[len(part):]
		last := byte(0)
		if message == "" {
			last = 1
		}
		b.Write([]byte{kind, last, byte((len(part) + 8) >> 8), byte(len(part) + 8), 0, 52, 1, 0})
		b.WriteString(part)
	}
	return b.String()
}

// tdsInside is a connection whose handshake goes in packets.
type tdsInside struct {
	net.Conn
	in, out bytes.Buffer
	over    bool
}

func (c *tdsInside) Read(p []byte) (int, error) {
	if c.over {
		return c.Conn.Read(p)
	}
	c.flush()
	if c.in.Len() == 0 {
		_, part, err := tdsMessage(c.Conn)
		if err != nil {
			return 0, err
		}
		c.in.Write(part)
	}
	return c.in.Read(p)
}

func (c *tdsInside) Write(p []byte) (int, error) {
	if c.over {
		return c.Conn.Write(p)
	}
	return c.out.Write(p)
}

func (c *tdsInside) flush() {
	if c.out.Len() > 0 {
		_, _ = io.WriteString(c.Conn, tdsPackets(0x12, c.out.String(), 4088))
		c.out.Reset()
	}
}

// serve answers one connection.
func (s tdsServer) serve(c net.Conn) {
	if s.strict {
		c = tls.Server(c, s.config)
	}
	kind, _, err := tdsMessage(c)
	if err != nil || kind != 0x12 {
		return
	}
	_, _ = io.WriteString(c, tdsPackets(4, "\x00\x00\x0b\x00\x06\x01\x00\x11\x00\x01\xff"+"\x10\x00\x03\xe8\x00\x00"+string(s.encryption), 4088))
	if !s.strict && s.encryption != 2 && s.config != nil {
		inside := &tdsInside{Conn: c}
		secure := tls.Server(inside, s.config)
		err := secure.HandshakeContext(context.Background())
		inside.flush()
		if err != nil {
			return
		}
		inside.over, c = true, secure
	}
	s.talk(c)
}

// talk answers a login and queries.
func (s tdsServer) talk(c net.Conn) {
	kind, login, err := tdsMessage(c)
	if err != nil || kind != 0x10 || len(login) < 94 || int(binary.LittleEndian.Uint32(login)) != len(login) {
		return
	}
	field := func(at int) []byte {
		from, size := binary.LittleEndian.Uint16(login[at:]), 2*binary.LittleEndian.Uint16(login[at+2:])
		return bytes.Clone(login[from : from+size])
	}
	password := field(44)
	for i, b := range password {
		b ^= 0xa5
		password[i] = b<<4 | b>>4
	}
	answer := s.welcome
	if utf16Text(field(40)) != "probe" || utf16Text(password) != "hunter-two" {
		answer = tdsFailure(18456, "Login failed for user '"+utf16Text(field(40))+"', not hunter-two.") + tdsEnd(2)
	}
	_, _ = io.WriteString(c, tdsPackets(4, answer, 4088))
	for {
		kind, text, err := tdsMessage(c)
		if err != nil || kind != 1 {
			return
		}
		query := utf16Text(text[binary.LittleEndian.Uint32(text):])
		answer, known := s.answers[query]
		if !known {
			answer = tdsFailure(208, "Invalid object name '"+query+"', hunter-two.") + tdsEnd(2)
		}
		_, _ = io.WriteString(c, tdsPackets(4, answer, 16))
	}
}

func tdsShort(n int) string { return string([]byte{byte(n), byte(n >> 8)}) }

func tdsLong(n int) string { return tdsShort(n) + tdsShort(n>>16) }

func tdsWide(text string) string { return string(utf16Bytes(text)) }

// tdsName is a text with its length in a byte.
func tdsName(text string) string { return string([]byte{byte(len(text))}) + tdsWide(text) }

func tdsEnd(status int) string {
	return "\xfd" + tdsShort(status) + "\xc1\x00" + strings.Repeat("\x00", 8)
}

func tdsFailure(number int, text string) string {
	body := tdsLong(number) + "\x01\x10" + tdsShort(len(text)) + tdsWide(text) + tdsName("ledger") + tdsName("") + tdsLong(1)
	return "\xaa" + tdsShort(len(body)) + body
}

// tdsWelcome lets somebody in, after words and changes that tell us nothing.
func tdsWelcome() string {
	body := "\x01\x74\x00\x00\x04" + tdsName("Microsoft SQL Server") + "\x10\x00\x03\xe8"
	packet := "\x04" + tdsName("4096") + tdsName("4096")
	return "\xe3" + tdsShort(len(packet)) + packet + "\xad" + tdsShort(len(body)) + body + tdsEnd(0)
}

func tdsSentTo(port int, host string) string {
	value := "\x00" + tdsShort(port) + tdsShort(len(host)) + tdsWide(host)
	body := "\x14" + tdsShort(len(value)) + value + "\x00\x00"
	return "\xe3" + tdsShort(len(body)) + body
}

// tdsTable is one result: the types of its columns, and its rows.
func tdsTable(types []string, rows ...string) string {
	var b strings.Builder
	b.WriteString("\x81" + tdsShort(len(types)))
	for _, kind := range types {
		b.WriteString("\x00\x00\x00\x00\x09\x00" + kind + tdsName("x"))
	}
	for _, row := range rows {
		b.WriteString("\xd1" + row)
	}
	b.WriteString(tdsEnd(0x10))
	return b.String()
}

// tdsType is a type, a value of it, and how we write it.
type tdsType struct{ name, kind, value, text, library string }

func tdsTypes() []tdsType {
	const collation = "\x09\x04\xd0\x00\x34"
	return []tdsType{
		{name: "tinyint", kind: "\x30", value: "\xff", text: "255"},
		{name: "bit", kind: "\x32", value: "\x01", text: "1", library: "true"},
		{name: "smallint", kind: "\x34", value: "\xfe\xff", text: "-2"},
		{name: "int", kind: "\x38", value: tdsLong(70000), text: "70000"},
		{name: "bigint", kind: "\x7f", value: "\xff\xff\xff\xff\xff\xff\xff\xff", text: "-1"},
		{name: "int with null", kind: "\x26\x04", value: "\x04" + tdsLong(-3), text: "-3"},
		{name: "bit with null", kind: "\x68\x01", value: "\x01\x00", text: "0", library: "false"},
		{name: "real", kind: "\x3b", value: "\x00\x00\x20\x40", text: "2.5"},
		{name: "float", kind: "\x6d\x08", value: "\x08\x00\x00\x00\x00\x00\x00\x04\xc0", text: "-2.5"},
		{name: "money", kind: "\x3c", value: "\xff\xff\xff\xff\x6e\xf5\xff\xff", text: "-0.2706"},
		{name: "smallmoney", kind: "\x6e\x04", value: "\x04" + tdsLong(123456), text: "12.3456"},
		{name: "decimal", kind: "\x6a\x05\x09\x03", value: "\x05\x01" + tdsLong(5), text: "0.005"},
		{name: "numeric", kind: "\x6c\x11\x26\x00", value: "\x11\x00" + tdsLong(0) + tdsLong(0) + tdsLong(1) + tdsLong(0), text: "-18446744073709551616"},
		{name: "uniqueidentifier", kind: "\x24\x10", value: "\x10\xff\x19\x96\x6f\x86\x8b\x11\xd0\xb4\x2d\x00\xc0\x4f\xc9\x64\xff", text: "6F9619FF-8B86-D011-B42D-00C04FC964FF", library: "-"},
		{name: "varchar", kind: "\xa7\x0a\x00" + collation, value: "\x03\x00abc", text: "abc"},
		{name: "nvarchar", kind: "\xe7\x14\x00" + collation, value: "\x06\x00" + tdsWide("äöü"), text: "äöü"},
		{name: "varchar(max)", kind: "\xa7\xff\xff" + collation, value: tdsLong(5) + tdsLong(0) + tdsLong(2) + "ab" + tdsLong(3) + "cde" + tdsLong(0), text: "abcde"},
		{name: "nvarchar(max)", kind: "\xe7\xff\xff" + collation, value: tdsLong(-2) + tdsLong(-1) + tdsLong(4) + tdsWide("äb") + tdsLong(0), text: "äb"},
		{name: "xml", kind: "\xf1\x00", value: tdsLong(4) + tdsLong(0) + tdsLong(8) + tdsWide("<a/>") + tdsLong(0), text: "<a/>"},
		{name: "text", kind: "\x23" + tdsLong(100) + collation + "\x01" + tdsShort(1) + tdsWide("t"), value: "\x10" + strings.Repeat("p", 16) + "timestmp" + tdsLong(3) + "abc", text: "abc"},
		{name: "varbinary", kind: "\xa5\x08\x00", value: "\x02\x00\x01\xff", text: "0x01ff", library: "\x01\xff"},
		{name: "date", kind: "\x28", value: "\x03\x80\x46\x0b", text: "2024-02-29", library: "2024-02-29T00:00:00Z"},
		{name: "time", kind: "\x29\x07", value: "\x05\xc0\x64\x6f\x21\x1d", text: "03:28:31.5", library: "-"},
		{name: "datetime2", kind: "\x2a\x03", value: "\x07\x98\xb2\x64\x01\x80\x46\x0b", text: "2024-02-29T06:29:36.536Z"},
		{name: "datetimeoffset", kind: "\x2b\x00", value: "\x08\x10\x0e\x00\x80\x46\x0b\x78\x00", text: "2024-02-29T03:00:00+02:00"},
		{name: "datetime", kind: "\x3d", value: tdsLong(2) + tdsLong(450), text: "1900-01-03T00:00:01.5Z"},
		{name: "smalldatetime", kind: "\x6f\x04", value: "\x04" + tdsShort(1) + tdsShort(90), text: "1900-01-02T01:30:00Z"},
		{name: "null", kind: "\x26\x04", value: "\x00", text: "", library: "-"},
		{name: "null of nvarchar", kind: "\xe7\x14\x00" + collation, value: "\xff\xff", text: "", library: "-"},
		{name: "null of varchar(max)", kind: "\xa7\xff\xff" + collation, value: tdsLong(-1) + tdsLong(-1), text: "", library: "-"},
		{name: "variant of int", kind: "\x62" + tdsLong(8009), value: tdsLong(6) + "\x38\x00" + tdsLong(7), text: "7"},
		{name: "variant of decimal", kind: "\x62" + tdsLong(8009), value: tdsLong(9) + "\x6a\x02\x09\x01\x01" + tdsLong(75), text: "7.5"},
		{name: "variant of null", kind: "\x62" + tdsLong(8009), value: tdsLong(0), text: "", library: "-"},
	}
}

// tdsLedger answers a query for each type by its name, after a result without
// rows.
func tdsLedger() map[string]string {
	answers := map[string]string{"SELECT 1": tdsTable([]string{"\x38"}, tdsLong(1))}
	for _, kind := range tdsTypes() {
		answers["SELECT "+kind.name] = tdsTable([]string{kind.kind}, kind.value)
	}
	return answers
}

// tdsServing runs the server until the test ends.
func tdsServing(t testing.TB, change func(*tdsServer)) (address, ca string) {
	t.Helper()
	certificate, ca := certificate(t, time.Now().Add(time.Hour))
	s := tdsServer{encryption: 1, config: &tls.Config{Certificates: []tls.Certificate{certificate}}, welcome: tdsWelcome(), answers: tdsLedger()}
	change(&s)
	return raw(t, s.serve), ca
}

func TestTDSTypes(t *testing.T) {
	for _, kind := range tdsTypes() {
		t.Run(kind.name, func(t *testing.T) {
			s := &tdsSession{line: tdsTold(tdsTable([]string{kind.kind}, kind.value))}
			row, err := s.query("", false)
			require.NoError(t, err)
			require.Equal(t, []string{kind.text}, row.values)
			s = &tdsSession{line: tdsTold("\x81\x02\x00" + strings.Repeat("\x00\x00\x00\x00\x09\x00"+kind.kind+tdsName("x"), 2) + "\xd2\x01" + kind.value)}
			row, err = s.query("", false)
			require.NoError(t, err)
			require.Equal(t, []string{"", kind.text}, row.values, "with nulls told ahead")
		})
	}
}

// What is cut off anywhere, or announces what does not come, is an error and
// allocates no more than comes.
func TestTDSIsCutOff(t *testing.T) {
	for _, kind := range tdsTypes() {
		whole := tdsTable([]string{kind.kind}, kind.value)
		for cut := range strings.Index(whole, kind.value+"\xfd") + len(kind.value) {
			s := &tdsSession{line: tdsTold(whole[:cut])}
			_, err := s.query("", false)
			require.ErrorContains(t, err, "the server's answer ends too early", "%s, %d bytes", kind.name, cut)
		}
	}
}

func FuzzTDS(f *testing.F) {
	for _, kind := range tdsTypes() {
		f.Add(tdsTable([]string{kind.kind}, kind.value))
	}
	f.Add(tdsWelcome())
	f.Add(tdsFailure(208, "no"))
	f.Add(tdsSentTo(1433, "elsewhere"))
	f.Fuzz(func(t *testing.T, answer string) {
		s := &tdsSession{line: tdsTold(answer)}
		row, err := s.query("", true)
		if err == nil {
			require.Len(t, row.values, len(row.values))
		}
	})
}
