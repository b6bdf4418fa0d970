package probe

import (
	"bytes"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/test/servers"
)

// ldapMessage is an answer of the directory.
func ldapMessage(id int, operation *ber.Packet) []byte {
	message := ber.NewSequence("")
	message.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	message.AppendChild(operation)
	return message.Bytes()
}

// ldapResult ends an operation.
func ldapResult(id int, tag ber.Tag, code int, text string) []byte {
	result := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tag, nil, "")
	result.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, code, ""))
	result.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "", ""))
	result.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, text, ""))
	return ldapMessage(id, result)
}

// ldapEntry is an entry that a search finds.
func ldapEntry(name, attribute string, values ...string) []byte {
	set := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
	for _, value := range values {
		set.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, value, ""))
	}
	pair := ber.NewSequence("")
	pair.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, attribute, ""))
	pair.AppendChild(set)
	list := ber.NewSequence("")
	list.AppendChild(pair)
	entry := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultEntry, nil, "")
	entry.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, name, ""))
	entry.AppendChild(list)
	return ldapMessage(2, entry)
}

// ldapServing answers each message that it reads with the next of answers.
func ldapServing(answers ...[]byte) func(net.Conn) {
	return func(c net.Conn) {
		for _, answer := range answers {
			if _, err := ber.ReadPacket(c); err != nil {
				return
			}
			_, _ = c.Write(answer)
		}
		mute(c)
	}
}

func TestLDAP(t *testing.T) {
	in := ldapResult(1, ldap.ApplicationBindResponse, 0, "")
	done := func(code int, text string, entries ...[]byte) []byte {
		return append(bytes.Join(entries, nil), ldapResult(2, ldap.ApplicationSearchResultDone, code, text)...)
	}
	const search = `, base: "dc=example", attribute: size, value: "< 5"`
	what := `attribute size of "dc=example": `
	for _, test := range []struct {
		name, spec, text string
		answers          [][]byte
		reason           Reason
		measures         []Measured
	}{
		{name: "alive", answers: [][]byte{in}},
		{name: "a refused login", answers: [][]byte{ldapResult(1, ldap.ApplicationBindResponse, 49, "not hunter-two")}, reason: ReasonStatus, text: `logging in: the server says "Invalid Credentials (not ***)"`},
		{name: "a code that nobody knows", answers: [][]byte{ldapResult(1, ldap.ApplicationBindResponse, 199, "")}, reason: ReasonStatus, text: `logging in: the server says "result code 199"`},
		{name: "a value", spec: search, answers: [][]byte{in, done(0, "", ldapEntry("dc=example", "SIZE", "4"))}, measures: []Measured{{Value, 4}}},
		{name: "a wrong value", spec: search, answers: [][]byte{in, done(0, "", ldapEntry("dc=example", "size", "5"))}, measures: []Measured{{Value, 5}}, reason: ReasonBody, text: what + `got "5", want < 5`},
		{name: "one of several values", spec: search, answers: [][]byte{in, done(0, "", ldapEntry("dc=example", "size", "7", "4"))}, measures: []Measured{{Value, 7}}},
		{name: "none of several values", spec: search, answers: [][]byte{in, done(0, "", ldapEntry("dc=example", "size", "7", "6"))}, measures: []Measured{{Value, 7}}, reason: ReasonBody, text: what + `none of its 2 values is < 5; the first is "7"`},
		{name: "no such attribute", spec: search, answers: [][]byte{in, done(0, "", ldapEntry("dc=example", "color", "red"))}, reason: ReasonBody, text: what + "there is none, or this user may not see it"},
		{name: "no entries", spec: search, answers: [][]byte{in, done(0, "")}, reason: ReasonBody, text: `search below "dc=example": entries: got "0", want >= 1`},
		{name: "none wanted", spec: `, filter: "(pwdAccountLockedTime=*)", entries: "== 0"`, answers: [][]byte{in, done(0, "")}, measures: []Measured{{Value, 0}}},
		{name: "too many", spec: `, base: "dc=example", scope: subtree, entries: "< 2"`, answers: [][]byte{in, done(0, "", ldapEntry("a", "x"), ldapEntry("b", "x"))}, measures: []Measured{{Value, 2}}, reason: ReasonBody, text: `search below "dc=example": entries: got "2", want < 2`},
		{name: "more than it tells of", spec: search, answers: [][]byte{in, done(4, "", ldapEntry("a", "x"))}, reason: ReasonStatus, text: "the server finds more entries than it tells of (want a narrower filter)"},
		{name: "an endless search", spec: search, answers: [][]byte{in, bytes.Repeat(ldapEntry("dc=example", "size", "4"), maxLDAP/32)}, reason: ReasonProtocol, text: "the server sent more than"},
		{name: "an announced giant", spec: search, answers: [][]byte{in, {0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 0x02, 0x84, 0x7f, 0xff, 0xff, 0xff}, []byte(strings.Repeat("x", 2*maxLDAP))}, reason: ReasonTimeout},
		{name: "another operation", answers: [][]byte{ldapResult(1, ldap.ApplicationModifyResponse, 0, "")}},
		{name: "a message of two bytes", answers: [][]byte{{0x30, 0x00}}, reason: ReasonTimeout},
		{name: "no operation", answers: [][]byte{{0x30, 0x03, 0x02, 0x01, 0x01}}, reason: ReasonProtocol},
		{name: "a refused change over", spec: ", starttls: true", answers: [][]byte{ldapResult(1, ldap.ApplicationExtendedResponse, 2, "")}, reason: ReasonTLS, text: "changing over to TLS: the server refuses it with result code 2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := raw(t, ldapServing(test.answers...))
			limit := time.Minute
			if test.reason == ReasonTimeout {
				limit = quickly
			}
			r := try(t, `{ldap: {address: "`+address+`", user: "cn=probe", password: {file: `+secretFile(t, "hunter-two")+`}`+test.spec+`}}`, limit)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Contains(t, r.Text, test.text)
			require.Equal(t, test.measures, r.Measures)
			require.Equal(t, address, r.Address)
		})
	}
	hostility(t, `{ldap: {address: "ADDRESS"}}`, "")
	_, err := build(t, `{ldap: {address: "a:389", filter: "(uid=probe"}}`)
	require.ErrorContains(t, err, "services.shop.probes.it.ldap.filter: malformed filter: ")
}

// Elements of two bytes are the most memory for the least traffic.
func TestLDAPBearsManySmallElements(t *testing.T) {
	flood := append([]byte{0x30, 0x83, 0x0f, 0xff, 0xff, 0x02, 0x01, 0x01}, bytes.Repeat([]byte{0x05, 0x00}, 1<<19)...)
	address := raw(t, func(c net.Conn) { _, _ = c.Write(flood); _, _ = io.Copy(io.Discard, c) })
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := try(t, `{ldap: {address: "`+address+`"}}`, time.Minute)
	runtime.ReadMemStats(&after)
	require.Equal(t, ReasonProtocol, r.Reason, r.Text)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(100<<20))
}

func TestRealSlapd(t *testing.T) {
	address, secure, cert := servers.Slapd(t)
	login := `user: "cn=probe,dc=example,dc=org", password: {file: ` + secretFile(t, "hunter-two") + `}`
	ask := func(address, more string) Result { return try(t, `{ldap: {address: "`+address+`", `+more+`}}`) }
	require.Equal(t, Success, ask(address, "").Outcome, "anonymously")
	require.Equal(t, Success, ask(address, login).Outcome)
	r := ask(address, `user: "cn=probe,dc=example,dc=org", password: {file: `+secretFile(t, "wrong")+`}`)
	require.Equal(t, ReasonStatus, r.Reason)
	require.Equal(t, `logging in: the server says "Invalid Credentials"`, r.Text)

	r = ask(address, "attribute: supportedLDAPVersion, value: == 3")
	require.Equal(t, Success, r.Outcome, r.Text)
	require.Equal(t, []Measured{{Value, 3}}, r.Measures)
	r = ask(address, login+`, base: "cn=desk,dc=example,dc=org", attribute: telephoneNumber, value: "== 8"`)
	require.Equal(t, Success, r.Outcome, r.Text)
	require.Equal(t, []Measured{{Value, 7}}, r.Measures)
	r = ask(address, login+`, base: "dc=example,dc=org", scope: subtree, filter: "(cn=*)", entries: "== 2"`)
	require.Equal(t, Success, r.Outcome, r.Text)
	require.Equal(t, []Measured{{Value, 2}}, r.Measures)
	r = ask(address, login+`, base: "dc=example,dc=org", scope: one, filter: "(cn=nobody)"`)
	require.Equal(t, `search below "dc=example,dc=org": entries: got "0", want >= 1`, r.Text)
	r = ask(address, login+`, base: "dc=nowhere"`)
	require.Equal(t, ReasonStatus, r.Reason)
	require.Equal(t, `search below "dc=nowhere": the server says "No Such Object"`, r.Text)

	for _, more := range []string{", starttls: true, tls: {ca_file: " + cert + "}", ", tls: {ca_file: " + cert + "}"} {
		to := map[bool]string{true: address, false: secure}[strings.Contains(more, "starttls")]
		r = ask(to, login+more)
		require.Equal(t, Success, r.Outcome, r.Text)
		require.Positive(t, r.Phases[TLS])
		require.False(t, r.CertificateExpiry.IsZero())
		require.Equal(t, ReasonTLS, ask(to, strings.Replace(login+more, "ca_file: "+cert, "", 1)).Reason)
	}
}
