package probe

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xdg-go/scram"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"
)

// mongoServing is a server that knows the user probe by the password
// hunter-two, and answers the other commands by their names; a command that is
// not there is answered by ok.
func mongoServing(t testing.TB, answers map[string]bsoncore.Document) func(net.Conn) {
	t.Helper()
	client, err := scram.SHA256.NewClient("probe", "hunter-two", "")
	require.NoError(t, err)
	stored, err := client.GetStoredCredentialsWithError(scram.KeyFactors{Salt: "salt", Iters: 4096})
	require.NoError(t, err)
	server, err := scram.SHA256.NewServer(func(string) (scram.StoredCredentials, error) { return stored, nil })
	require.NoError(t, err)
	return func(c net.Conn) {
		l, talk := &line{in: bufio.NewReader(c)}, server.NewConversation()
		for {
			asked, err := l.readMongo()
			if err != nil {
				return
			}
			element, _ := asked.IndexErr(0)
			answer, known := answers[element.Key()]
			_, payload, isLogin := asked.Lookup("payload").BinaryOK()
			switch {
			case known:
			case isLogin:
				answer = mongoLogin(talk, string(payload))
			default:
				answer = mongoAnswer(bsoncore.NewDocumentBuilder())
			}
			_, _ = c.Write(mongoMessage(answer))
		}
	}
}

// mongoLogin is the next step of a login.
func mongoLogin(talk *scram.ServerConversation, payload string) bsoncore.Document {
	said := ""
	if !talk.Done() {
		var err error
		if said, err = talk.Step(payload); err != nil {
			return mongoRefusal("Authentication failed.")
		}
	}
	return mongoAnswer(bsoncore.NewDocumentBuilder().AppendInt32("conversationId", 1).AppendBoolean("done", payload == "").AppendBinary("payload", 0, []byte(said)))
}

func mongoAnswer(b *bsoncore.DocumentBuilder) bsoncore.Document {
	return b.AppendDouble("ok", 1).Build()
}

func mongoRefusal(words string) bsoncore.Document {
	return bsoncore.NewDocumentBuilder().AppendDouble("ok", 0).AppendString("errmsg", words).Build()
}

// mongoMembers is a replica set as one of its members sees it: the first is
// this one, and each applied its last change so many seconds ago.
func mongoMembers(states string, ago ...int) map[string]bsoncore.Document {
	members := bsoncore.NewArrayBuilder()
	now := time.Now().Truncate(time.Second)
	for i, state := range strings.Fields(states) {
		members.AppendDocument(bsoncore.NewDocumentBuilder().AppendString("stateStr", state).AppendBoolean("self", i == 0).
			AppendDateTime("optimeDate", now.Add(-time.Duration(ago[i])*time.Second).UnixMilli()).Build())
	}
	return map[string]bsoncore.Document{"replSetGetStatus": mongoAnswer(bsoncore.NewDocumentBuilder().AppendArray("members", members.Build()))}
}

func TestMongoDB(t *testing.T) {
	type answers = map[string]bsoncore.Document
	counted := answers{"count": mongoAnswer(bsoncore.NewDocumentBuilder().AppendInt32("n", 7))}
	login := `, user: probe, password: {file: ` + secretFile(t, "hunter-two") + `}`
	for _, test := range []struct {
		name, spec string
		answers    answers
		reason     Reason
		text       string
		measures   []Measured
	}{
		{name: "alive"},
		{name: "a login", spec: login},
		{name: "a wrong password", spec: `, user: probe, password: {file: ` + secretFile(t, "hunter-nine") + `}`, reason: ReasonStatus, text: `logging in: the server says "Authentication failed."`},
		{name: "a refusal with the password in it", spec: login, answers: answers{"ping": mongoRefusal("no ping for hunter-two")}, reason: ReasonStatus, text: `ping: the server says "no ping for ***"`},
		{name: "a server that cannot prove itself", spec: login, answers: answers{"saslStart": mongoAnswer(bsoncore.NewDocumentBuilder().AppendBinary("payload", 0, []byte("r=x,s=x,i=1")))}, reason: ReasonProtocol, text: "logging in: the server does not prove that it knows the user"},
		{name: "endless hashing", spec: login, answers: answers{"saslStart": mongoAnswer(bsoncore.NewDocumentBuilder().AppendBinary("payload", 0, []byte("r=x,s=x,i=2147483647")))}, reason: ReasonProtocol, text: "logging in: the server does not speak SCRAM-SHA-256"},
		{name: "documents", spec: `, collection: shop.orders, value: "> 5"`, answers: counted, measures: []Measured{{Value, 7}}},
		{name: "too many documents", spec: `, collection: shop.orders, value: "< 5"`, answers: counted, measures: []Measured{{Value, 7}}, reason: ReasonBody, text: `collection "shop.orders": documents: got "7", want < 5`},
		{name: "a replica", spec: ", replication: {role: replica, max_lag: 5s}", answers: mongoMembers("SECONDARY PRIMARY", 4, 0), measures: []Measured{{ReplicationLag, 4}}},
		{name: "a replica behind", spec: ", replication: {max_lag: 3s}", answers: mongoMembers("SECONDARY PRIMARY", 4, 0), measures: []Measured{{ReplicationLag, 4}}, reason: ReasonBody, text: "4s behind, want at most 3s"},
		{name: "a replica alone", spec: ", replication: {}", answers: mongoMembers("SECONDARY SECONDARY", 4, 0), reason: ReasonBody, text: "the replica does not replicate: it sees no primary"},
		{name: "a replica that starts", spec: ", replication: {}", answers: mongoMembers("STARTUP2 PRIMARY", 4, 0), reason: ReasonBody, text: `the replica does not replicate: its state is "STARTUP2"`},
		{name: "a primary", spec: ", replication: {role: primary, replicas: 2}", answers: mongoMembers("PRIMARY SECONDARY SECONDARY", 0, 2, 9), measures: []Measured{{ReplicationLag, 9}}},
		{name: "a primary with one replica", spec: ", replication: {replicas: 2}", answers: mongoMembers("PRIMARY SECONDARY DOWN", 0, 2, 9), measures: []Measured{{ReplicationLag, 2}}, reason: ReasonBody, text: "replicas that replicate: got 1, want at least 2"},
		{name: "no replica set", spec: ", replication: {}", answers: answers{"replSetGetStatus": mongoRefusal("not running with --replSet")}, reason: ReasonStatus, text: `replication: the server says "not running with --replSet"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := raw(t, mongoServing(t, test.answers))
			r := try(t, `{mongodb: {address: "`+address+`"`+test.spec+`}}`)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Contains(t, r.Text, test.text)
			require.Equal(t, test.measures, r.Measures)
			require.Equal(t, address, r.Address)
		})
	}
	giant := "\xff\xff\xff\x7f" + strings.Repeat("\x00", 8) + "\xdd\x07\x00\x00"
	r := try(t, `{mongodb: {address: "`+raw(t, func(c net.Conn) { _, _ = io.WriteString(c, giant); mute(c) })+`"}}`)
	require.Equal(t, "the server announces a message of 2147483631 bytes, want at most 1048576", r.Text)
	hostility(t, `{mongodb: {address: "ADDRESS"}}`, "")
	address, ca := encrypted(t, time.Now().Add(time.Hour), mongoServing(t, nil))
	r = try(t, `{mongodb: {address: "`+address+`", tls: {ca_file: `+ca+`}`+login+`}}`)
	require.Equal(t, Success, r.Outcome, r.Text)
	require.Positive(t, r.Phases[TLS])
}
