package probe

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// deaf is a connection that takes what is written.
type deaf struct{ net.Conn }

func (deaf) Write(p []byte) (int, error) { return len(p), nil }

// tdsTold is a connection on which a server has said something.
func tdsTold(answer string) *line {
	return &line{conn: deaf{}, in: bufio.NewReader(strings.NewReader(tdsPackets(4, answer, 4088)))}
}

func TestMSSQL(t *testing.T) {
	group := func(role, lag, healthy, broken string) string {
		name := func(text string) string {
			if text == "" {
				return "\xff\xff"
			}
			return tdsShort(2*len(text)) + tdsWide(text)
		}
		nvarchar := "\xe7\xff\x00\x09\x04\xd0\x00\x34"
		seconds := "\x00"
		if n, err := strconv.Atoi(lag); err == nil {
			seconds = "\x08" + tdsLong(n) + tdsLong(0)
		}
		n, err := strconv.Atoi(healthy)
		require.NoError(t, err)
		return tdsEnd(1) + tdsTable([]string{nvarchar, "\x26\x08", "\x38", nvarchar}, name(role)+seconds+tdsLong(n)+name(broken))
	}
	for _, test := range []struct {
		name, spec string
		answers    map[string]string
		reason     Reason
		text       string
		measures   []Measured
	}{
		{name: "alive", measures: []Measured{{Value, 1}}},
		{name: "the value", spec: `, value: "< 1"`, measures: []Measured{{Value, 1}}, reason: ReasonBody, text: `query "SELECT 1": got "1", want < 1`},
		{name: "a text", spec: `, query: SELECT nvarchar, value: "== äöü"`},
		{name: "the second of two results", spec: `, query: q, value: "== 4"`, answers: map[string]string{"q": tdsEnd(1) + tdsTable([]string{"\x38"}, tdsLong(4))}, measures: []Measured{{Value, 4}}},
		{name: "no row", answers: map[string]string{"SELECT 1": tdsTable([]string{"\x38"})}, reason: ReasonBody, text: `query "SELECT 1": no row, want at least one`},
		{name: "a refused query", spec: ", query: SELECT 2", reason: ReasonStatus, text: `query "SELECT 2": the server says "208 Invalid object name 'SELECT 2', ***."`},
		{name: "a giant value", answers: map[string]string{"SELECT 1": tdsTable([]string{"\x62" + tdsLong(1)}, tdsLong(-1))}, reason: ReasonProtocol, text: "the server announces a value of 4294967295 bytes, want at most 1048576"},
		{name: "endless parts", answers: map[string]string{"SELECT 1": tdsTable([]string{"\xa5\xff\xff"}, strings.Repeat("\xff", 7)+"\x7f"+strings.Repeat(tdsLong(1<<19)+strings.Repeat("x", 1<<19), 3))}, reason: ReasonProtocol, text: "the server sends a value of over 1048576 bytes"},
		{name: "too many columns", answers: map[string]string{"SELECT 1": "\x81\xfe\xff"}, reason: ReasonProtocol, text: "the server announces 65534 columns, want at most 4096"},
		{name: "an unknown type", answers: map[string]string{"SELECT 1": tdsTable([]string{"\xf0"}, "")}, reason: ReasonProtocol, text: "the server answers with a type that is not known here: 0xf0"},
		{name: "an unknown token", answers: map[string]string{"SELECT 1": "\x00"}, reason: ReasonProtocol, text: "the server sends what is not known here: token 0x0"},
		{name: "an error of no length", answers: map[string]string{"SELECT 1": "\xaa\x02\x00ab"}, reason: ReasonProtocol, text: "the server sends an error that cannot be read"},
		{name: "an end too early", answers: map[string]string{"SELECT 1": "\xd1"}, reason: ReasonBody, text: `no row`},
		{name: "a replica", spec: ", replication: {role: replica}", answers: map[string]string{mssqlReplication: group("replica", "", "0", "")}, measures: []Measured{{Value, 1}}},
		{name: "a replica that does not follow", spec: ", replication: {}", answers: map[string]string{mssqlReplication: group("replica", "", "0", "suspended: SUSPEND_FROM_USER")}, measures: []Measured{{Value, 1}}, reason: ReasonBody, text: "the replica does not replicate: suspended: SUSPEND_FROM_USER"},
		{name: "a primary", spec: ", replication: {role: primary, replicas: 2, max_lag: 10s}", answers: map[string]string{mssqlReplication: group("primary", "9", "2", "")}, measures: []Measured{{Value, 1}, {ReplicationLag, 9}}},
		{name: "a primary whose replica is behind", spec: ", replication: {max_lag: 5s}", answers: map[string]string{mssqlReplication: group("primary", "9", "2", "")}, measures: []Measured{{Value, 1}, {ReplicationLag, 9}}, reason: ReasonBody, text: "9s behind, want at most 5s"},
		{name: "a primary of old", spec: ", replication: {}", answers: map[string]string{mssqlReplication: group("primary", "", "1", "")}, measures: []Measured{{Value, 1}, {ReplicationLag, 0}}},
		{name: "no group", spec: ", replication: {}", answers: map[string]string{mssqlReplication: group("neither primary nor replica", "", "0", "")}, measures: []Measured{{Value, 1}}, reason: ReasonBody, text: `replication: the server is "neither primary nor replica"`},
		{name: "replication that may not be seen", spec: ", replication: {}", reason: ReasonStatus, text: `replication: the server says "208 Invalid object name`},
	} {
		t.Run(test.name, func(t *testing.T) {
			address, ca := tdsServing(t, func(s *tdsServer) {
				for query, answer := range test.answers {
					s.answers[query] = answer
				}
			})
			r := try(t, `{mssql: {address: "`+address+`", user: probe, password: {file: `+secretFile(t, "hunter-two")+`}, tls: {ca_file: `+ca+`}`+test.spec+`}}`)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Contains(t, r.Text, test.text)
			require.Equal(t, test.measures, r.Measures)
			require.Positive(t, r.Phases[TLS])
			require.False(t, r.CertificateExpiry.IsZero())
		})
	}
}

func TestMSSQLLogsIn(t *testing.T) {
	login := `", user: probe, password: {file: ` + secretFile(t, "hunter-two") + `}`
	address, ca := tdsServing(t, func(*tdsServer) {})
	r := try(t, `{mssql: {address: "`+address+`", user: probe, password: {file: `+secretFile(t, "hunter-nine")+`}, tls: {ca_file: `+ca+`}}}`)
	require.Equal(t, ReasonStatus, r.Reason)
	require.Equal(t, `logging in: the server says "18456 Login failed for user 'probe', not hunter-two."`, r.Text)
	require.Equal(t, ReasonTLS, try(t, `{mssql: {address: "`+address+login+`}}`).Reason)
	require.Equal(t, "the server wants TLS (want encryption: required in the probe)", try(t, `{mssql: {address: "`+address+login+`, encryption: "off"}}`).Text)

	plain, _ := tdsServing(t, func(s *tdsServer) { s.encryption = 2 })
	require.Equal(t, Success, try(t, `{mssql: {address: "`+plain+login+`, encryption: "off"}}`).Outcome)
	require.Equal(t, "the server offers no TLS", try(t, `{mssql: {address: "`+plain+login+`}}`).Text)

	strict, ca := tdsServing(t, func(s *tdsServer) {
		s.strict, s.config.NextProtos, s.config.MinVersion = true, []string{"tds/8.0"}, tls.VersionTLS13
	})
	r = try(t, `{mssql: {address: "`+strict+login+`, encryption: strict, tls: {ca_file: `+ca+`, min_version: "1.3"}}}`)
	require.Equal(t, Success, r.Outcome, r.Text)
	require.Equal(t, ReasonTLS, try(t, `{mssql: {address: "`+raw(t, saying("\x15\x03\x01\x00\x02\x02\x16\x00\x00"))+login+`}}`).Reason)
	nobody, ca := tdsServing(t, func(s *tdsServer) { s.welcome = tdsEnd(0) })
	r = try(t, `{mssql: {address: "`+nobody+login+`, tls: {ca_file: `+ca+`}}}`)
	require.Equal(t, "logging in: the server does not say whether it lets us in", r.Text)
}

// Azure's gateways let us in, and send us to where the database is.
func TestMSSQLIsSentOn(t *testing.T) {
	login := `", user: probe, encryption: "off", password: {file: ` + secretFile(t, "hunter-two") + `}}}`
	there, _ := tdsServing(t, func(s *tdsServer) { s.encryption = 2 })
	sent := func(address string) string {
		_, port, err := net.SplitHostPort(address)
		require.NoError(t, err)
		n, err := strconv.Atoi(port)
		require.NoError(t, err)
		gateway, _ := tdsServing(t, func(s *tdsServer) {
			s.encryption, s.welcome = 2, tdsSentTo(n, "127.0.0.1")+tdsWelcome()
		})
		return gateway
	}
	gateway := sent(there)
	r := try(t, `{mssql: {address: "`+gateway+login)
	require.Equal(t, Success, r.Outcome, r.Text)
	require.Equal(t, there, r.Address)
	r = try(t, `{mssql: {address: "`+sent(gateway)+login)
	require.Equal(t, `logging in: the server sends us on again, to "`+there+`"`, r.Text)
}

func TestMSSQLHostility(t *testing.T) {
	spec := `{mssql: {address: "ADDRESS", user: probe, password: {file: ` + secretFile(t, "hunter-two") + `}}}`
	hostility(t, spec, "")
	for _, test := range []struct {
		name, says, text string
		reason           Reason
	}{
		{name: "a packet of no size", says: "\x04\x01\x00\x07\x00\x00\x01\x00", reason: ReasonProtocol, text: "the server does not speak TDS: it sends 04 01 00 07"},
		{name: "no word on encryption", says: tdsPackets(4, "\xff", 100), reason: ReasonProtocol, text: "it does not say whether it encrypts"},
		{name: "a word outside", says: tdsPackets(4, "\x01\xff\xff\x00\x01\xff", 100), reason: ReasonProtocol, text: "it does not say whether it encrypts"},
		{name: "no handshake", says: tdsPackets(4, "\x01\x00\x06\x00\x01\xff\x01", 100) + tdsPackets(0x12, "what?", 100), reason: ReasonTLS},
		{name: "a handshake without an end", says: tdsPackets(4, "\x01\x00\x06\x00\x01\xff\x01", 100), reason: ReasonTimeout},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := raw(t, func(c net.Conn) {
				_, _ = c.Read(make([]byte, 4096))
				first, rest, _ := strings.Cut(test.says, "\x12\x01")
				_, _ = io.WriteString(c, first)
				if rest != "" {
					_, _ = c.Read(make([]byte, 4096))
					_, _ = io.WriteString(c, "\x12\x01"+rest)
				}
				mute(c)
			})
			r := try(t, strings.Replace(spec, "ADDRESS", address, 1), time.Second)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Contains(t, r.Text, test.text)
		})
	}
}
