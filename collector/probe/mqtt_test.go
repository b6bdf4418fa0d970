package probe

import (
	"net"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/test/servers"
)

func TestMQTT(t *testing.T) {
	const connack, pong, suback = "\x20\x02\x00\x00", "\xd0\x00", "\x90\x03\x00\x01\x00"
	for _, test := range []struct {
		name, spec string
		answers    []string
		reason     Reason
		text       string
	}{
		{name: "alive", answers: []string{connack, pong}},
		{name: "version 5", spec: "version: 5", answers: []string{"\x20\x03\x00\x00\x00", pong}},
		{name: "a message in between", answers: []string{connack, "\x30\x05\x00\x01xhi" + pong}},
		{name: "a refused login", answers: []string{"\x20\x02\x00\x05"}, reason: ReasonStatus, text: `logging in: the server says "code 5: not authorized"`},
		{name: "a refused login with the password in it", spec: "version: 5", answers: []string{"\x20\x15\x00\x86\x12\x1f\x00\x0fbad: hunter-two"}, reason: ReasonStatus, text: `logging in: the server says "code 134: bad: ***"`},
		{name: "a goodbye", spec: "version: 5", answers: []string{"\x20\x03\x00\x00\x00", "\xe0\x02\x8b\x00"}, reason: ReasonStatus, text: `goodbye: the server says "code 139"`},
		{name: "a refused topic", spec: "topic: probes", answers: []string{connack, pong, "\x90\x03\x00\x01\x80"}, reason: ReasonStatus, text: `subscribing to "probes": the server refuses (codes 80)`},
		{name: "another packet", answers: []string{connack, suback}, reason: ReasonProtocol, text: "the server sent a packet Suback, want Pingresp"},
		{name: "a giant packet", answers: []string{"\x20\xff\xff\xff\x7f"}, reason: ReasonProtocol, text: "the server announces a message of 268435455 bytes, want at most 262144"},
		{name: "a length without end", answers: []string{"\x20\xff\xff\xff\xff\xff"}, reason: ReasonProtocol, text: "the server does not speak MQTT"},
		{name: "a torn answer", answers: []string{"\x20\x00"}, reason: ReasonProtocol, text: "the server sent a packet Connack that cannot be read"},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := raw(t, saying(test.answers...))
			r := try(t, `{mqtt: {address: "`+address+`", user: probe, password: {file: `+secretFile(t, "hunter-two")+`}, `+test.spec+`}}`)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Contains(t, r.Text, test.text)
			require.Equal(t, address, r.Address)
		})
	}
	r := try(t, `{mqtt: {address: "`+raw(t, func(c net.Conn) { saying(connack)(c) })+`"}}`, quickly)
	require.Equal(t, ReasonTimeout, r.Reason)
	hostility(t, `{mqtt: {address: "ADDRESS"}}`, "")
}

func TestRealMosquitto(t *testing.T) {
	folder := servers.Folder(t, "")
	cert, key := servers.Certificate(t, folder, "")
	servers.Need(t, "mosquitto", "mosquitto")
	passwords := servers.Write(t, folder, "passwords", "probe:hunter-two\n", "")
	require.NoError(t, exec.CommandContext(t.Context(), "mosquitto_passwd", "-U", passwords).Run())
	access := servers.Write(t, folder, "access", "user probe\ntopic readwrite probes/#\n", "")
	for _, version := range []string{"3.1.1", "5"} {
		t.Run(version, func(t *testing.T) {
			address := servers.Mosquitto(t, "listener ADDRESS\nallow_anonymous false\nuser root\npassword_file "+passwords+"\nacl_file "+access+"\n")
			login := `{mqtt: {address: "` + address + `", version: ` + version + `, user: probe, password: {file: ` + secretFile(t, "hunter-two") + `}`
			require.Equal(t, Success, try(t, login+"}}").Outcome)
			r := try(t, login+", topic: probes/tocsin}}")
			require.Equal(t, Success, r.Outcome, r.Text)
			r = try(t, login+", topic: elsewhere}}", quickly)
			require.NotEqual(t, Success, r.Outcome, "the broker keeps messages from whoever may not see them")
			r = try(t, `{mqtt: {address: "`+address+`", version: `+version+`}}`)
			require.Equal(t, ReasonStatus, r.Reason)
			require.True(t, strings.HasPrefix(r.Text, "logging in: the server says \"code "), r.Text)
		})
	}
	secure := servers.Mosquitto(t, "listener ADDRESS\nallow_anonymous true\nuser root\ncertfile "+cert+"\nkeyfile "+key+"\ncafile "+cert+"\nrequire_certificate true\n")
	r := try(t, `{mqtt: {address: "`+secure+`", topic: any, tls: {ca_file: `+cert+`, cert_file: `+cert+`, key_file: `+key+`}}}`)
	require.Equal(t, Success, r.Outcome, r.Text)
	require.Positive(t, r.Phases[TLS])
	require.NotEqual(t, Success, try(t, `{mqtt: {address: "`+secure+`", tls: {ca_file: `+cert+`}}}`).Outcome)
}
