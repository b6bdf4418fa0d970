package probe

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/test/servers"
)

// snmpAgent answers each question with what answer makes of its bytes.
func snmpAgent(t testing.TB, answer func(question []byte) []byte) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			question := make([]byte, 4096)
			n, from, err := conn.ReadFrom(question)
			if err != nil {
				return
			}
			if words := answer(question[:n]); words != nil {
				_, _ = conn.WriteTo(words, from)
			}
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-ended })
	return conn.LocalAddr().String()
}

// telling is an agent of version 2c that answers with values, after change has
// seen the answer.
func telling(change func(*gosnmp.SnmpPacket), values ...gosnmp.SnmpPDU) func([]byte) []byte {
	return func(question []byte) []byte {
		packet, err := (&gosnmp.GoSNMP{Version: gosnmp.Version2c}).SnmpDecodePacket(question)
		if err != nil {
			return nil
		}
		packet.PDUType = gosnmp.GetResponse
		packet.Variables = values
		change(packet)
		words, err := packet.MarshalMsg()
		if err != nil {
			return nil
		}
		return words
	}
}

func TestSNMP(t *testing.T) {
	const uptime, name = ".1.3.6.1.2.1.1.3.0", ".1.3.6.1.2.1.1.5.0"
	as := func(*gosnmp.SnmpPacket) {}
	ticks := gosnmp.SnmpPDU{Name: uptime, Type: gosnmp.TimeTicks, Value: uint32(700)}
	desk := gosnmp.SnmpPDU{Name: name, Type: gosnmp.OctetString, Value: []byte("desk")}
	const both = `[{oid: 1.3.6.1.2.1.1.3.0, value: "> 600"}, {oid: 1.3.6.1.2.1.1.5.0, value: "== desk"}]`
	const one = `[{oid: 1.3.6.1.2.1.1.3.0, value: "< 600"}]`
	for _, test := range []struct {
		name, get, text string
		answer          func([]byte) []byte
		reason          Reason
		measures        []Measured
	}{
		{name: "alive", answer: telling(as, ticks, desk), measures: []Measured{{Value, 700}}},
		{name: "a wrong number", get: one, answer: telling(as, ticks), measures: []Measured{{Value, 700}}, reason: ReasonBody, text: `object 1.3.6.1.2.1.1.3.0: got "700", want < 600`},
		{name: "a wrong text", answer: telling(as, ticks, gosnmp.SnmpPDU{Name: name, Type: gosnmp.OctetString, Value: []byte("hunter-two")}), measures: []Measured{{Value, 700}}, reason: ReasonBody, text: `object 1.3.6.1.2.1.1.5.0: got "***", want == desk`},
		{name: "no such object", get: one, answer: telling(as, gosnmp.SnmpPDU{Name: uptime, Type: gosnmp.NoSuchObject}), reason: ReasonBody, text: "object 1.3.6.1.2.1.1.3.0: there is none, or this user may not see it"},
		{name: "no such instance", get: one, answer: telling(as, gosnmp.SnmpPDU{Name: uptime, Type: gosnmp.NoSuchInstance}), reason: ReasonBody, text: "there is none"},
		{name: "a refusal", answer: telling(func(p *gosnmp.SnmpPacket) { p.Error = gosnmp.AuthorizationError }, ticks, desk), reason: ReasonStatus, text: `the agent refuses: the server says "AuthorizationError"`},
		{name: "another object", get: one, answer: telling(as, desk), reason: ReasonProtocol, text: `the agent answers with object ".1.3.6.1.2.1.1.5.0", asked was .1.3.6.1.2.1.1.3.0`},
		{name: "too few objects", answer: telling(as, ticks), reason: ReasonProtocol, text: "the agent answers with 1 objects, asked were 2"},
		{name: "an echo", answer: func(question []byte) []byte { return question }, reason: ReasonProtocol, text: "the agent answers with what is no answer: GetRequest"},
		{name: "an answer to somebody else", answer: telling(func(p *gosnmp.SnmpPacket) { p.RequestID += 7 }, ticks, desk), reason: ReasonTimeout, text: "while waiting for the answer of"},
		{name: "silence", answer: func([]byte) []byte { return nil }, reason: ReasonTimeout, text: "while waiting for the answer of"},
		{name: "another protocol", answer: func([]byte) []byte { return []byte("HTTP/1.1 400 Bad Request\r\n\r\n") }, reason: ReasonProtocol},
		{name: "announces more than comes", answer: func([]byte) []byte { return []byte{0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 2, 1, 1} }, reason: ReasonProtocol},
		{name: "nothing but lengths", answer: func([]byte) []byte { return bytes.Repeat([]byte{0x30, 0x80}, 2000) }, reason: ReasonProtocol},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := snmpAgent(t, test.answer)
			if test.get == "" {
				test.get = both
			}
			limit := time.Minute
			if test.reason == ReasonTimeout {
				limit = quickly
			}
			r := try(t, `{snmp: {address: "`+address+`", community: {file: `+secretFile(t, "hunter-two")+`}, get: `+test.get+`}}`, limit)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Contains(t, r.Text, test.text)
			require.NotContains(t, r.Text, "goroutine")
			require.Equal(t, test.measures, r.Measures)
			require.Equal(t, address, r.Address)
		})
	}
}

// Whatever bytes are wrong in an answer, the attempt says something bounded.
func TestSNMPBearsSpoiltAnswers(t *testing.T) {
	const oid = ".1.3.6.1.2.1.1.5.0"
	good := telling(func(*gosnmp.SnmpPacket) {}, gosnmp.SnmpPDU{Name: oid, Type: gosnmp.OctetString, Value: []byte("desk")})
	random := rand.New(rand.NewPCG(1, 2))
	address := snmpAgent(t, func(question []byte) []byte {
		words := good(question)
		if words == nil {
			return nil
		}
		for range 1 + random.IntN(3) {
			words[random.IntN(len(words))] = byte(random.IntN(256))
		}
		return words[:len(words)-random.IntN(2)*random.IntN(len(words))]
	})
	attempt, err := build(t, `{snmp: {address: "`+address+`", community: {file: `+secretFile(t, "public")+`}, get: [{oid: 1.3.6.1.2.1.1.5.0}]}}`)
	require.NoError(t, err)
	for range 300 {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		r := attempt(ctx)
		cancel()
		fit(t, r)
		require.NotEqual(t, ReasonInternal, r.Reason, r.Text)
	}
}

func TestSNMPConnects(t *testing.T) {
	community := `community: {file: ` + secretFile(t, "public") + `}, get: [{oid: 1.3.6.1}]`
	closed := refusing(t)
	r := try(t, `{snmp: {address: "`+closed+`", `+community+`}}`)
	require.Equal(t, ReasonConnect, r.Reason, r.Text)
	require.Equal(t, "connecting to "+closed+": connection refused", r.Text)
	r = try(t, `{snmp: {address: "does-not-exist.invalid:161", `+community+`}}`)
	require.Contains(t, []Reason{ReasonDNS, ReasonTimeout}, r.Reason, r.Text)
	attempt, err := build(t, `{snmp: {address: "`+snmpAgent(t, func([]byte) []byte { return nil })+`", `+community+`}}`)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	results := make(chan Result)
	go func() { results <- attempt(ctx) }()
	cancel()
	require.Equal(t, ReasonTimeout, (<-results).Reason)
	r = try(t, `{snmp: {address: "`+closed+`", user: probe, password: {file: `+secretFile(t, "short")+`}, get: [{oid: 1.3.6.1}]}}`)
	require.Equal(t, ReasonInternal, r.Reason)
	require.Contains(t, r.Text, "holds a password of fewer than 8 characters, which version 3 does not allow")
}

func TestRealSnmpd(t *testing.T) {
	address := servers.Snmpd(t)
	ask := func(get, more string, limit ...time.Duration) Result {
		return try(t, `{snmp: {address: "`+address+`", `+more+`, get: [`+get+`]}}`, limit...)
	}
	const services, name = `{oid: 1.3.6.1.2.1.1.7.0, value: "== 72"}`, `{oid: 1.3.6.1.2.1.1.5.0, value: "== desk"}`
	community := "community: {file: " + secretFile(t, "hunter-two") + "}"
	first, second := "password: {file: "+secretFile(t, "hunter-two-a")+"}", ", encryption_password: {file: "+secretFile(t, "hunter-two-b")+"}"
	for _, who := range []string{
		community, "user: probe, " + first + second, "user: old, hash: md5, cipher: des, " + first + second, "user: plain, hash: sha-1, " + first,
	} {
		r := ask(services+", "+name, who)
		require.Equal(t, Success, r.Outcome, r.Text)
		require.Equal(t, []Measured{{Value, 72}}, r.Measures)
		r = ask(`{oid: 1.3.6.1.2.1.25.1.1.0}`, who) // outside of what it may see
		require.Equal(t, "object 1.3.6.1.2.1.25.1.1.0: there is none, or this user may not see it", r.Text)
	}
	r := ask(services, "community: {file: "+secretFile(t, "wrong")+"}", quickly)
	require.Equal(t, ReasonTimeout, r.Reason, r.Text)
	wrong := "{file: " + secretFile(t, "wrong-password") + "}"
	for _, who := range []string{"user: nobody, " + first + second, "user: probe, password: " + wrong + second} {
		r = ask(services, who)
		require.Equal(t, ReasonStatus, r.Reason, r.Text)
		require.Equal(t, "logging in: the agent's answer is not authentic (a wrong user, password or hash, or somebody else answers)", r.Text)
	}
	r = ask(services, "user: probe, "+first+", encryption_password: "+wrong, quickly)
	require.Equal(t, ReasonTimeout, r.Reason, r.Text) // it cannot read what it is asked
}
