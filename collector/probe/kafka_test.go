package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/tocsin-monitoring/tocsin/test/servers"
)

// kafkaServing is a cluster of three brokers with a topic orders of four
// partitions, and its brokers as the catalogue writes them.
func kafkaServing(t testing.TB, options ...kfake.Opt) (*kfake.Cluster, string) {
	t.Helper()
	cluster, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(3), kfake.SeedTopics(4, "orders")}, options...)...)
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	return cluster, `brokers: ["` + strings.Join(cluster.ListenAddrs(), `", "`) + `"]`
}

// kafkaInstead answers one request of a kind with something else.
func kafkaInstead[A kmsg.Response](cluster *kfake.Cluster, change func(A)) {
	var answer A
	cluster.ControlKey(answer.Key(), func(asked kmsg.Request) (kmsg.Response, error, bool) {
		answer := asked.ResponseKind().(A)
		change(answer)
		return answer, nil, true
	})
}

// kafkaFill writes messages to orders, and commits up to an offset in each of
// its partitions.
func kafkaFill(t testing.TB, cluster *kfake.Cluster, messages int, committed ...int64) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MaxVersions(kversion.V3_0_0()))
	require.NoError(t, err)
	defer client.Close()
	request := kmsg.NewPtrOffsetCommitRequest()
	request.Group, request.Generation = "billing", -1
	topic := kmsg.NewOffsetCommitRequestTopic()
	topic.Topic = "orders"
	for i, offset := range committed {
		for range messages {
			require.NoError(t, client.ProduceSync(t.Context(), &kgo.Record{Topic: "orders", Partition: int32(i), Value: []byte("x")}).FirstErr())
		}
		p := kmsg.NewOffsetCommitRequestTopicPartition()
		p.Partition, p.Offset = int32(i), offset
		topic.Partitions = append(topic.Partitions, p)
	}
	request.Topics = append(request.Topics, topic)
	answer, err := request.RequestWith(t.Context(), client)
	require.NoError(t, err)
	for _, p := range answer.Topics[0].Partitions {
		require.NoError(t, kerr.ErrorForCode(p.ErrorCode))
	}
}

func TestKafka(t *testing.T) {
	for _, test := range []struct {
		name, spec string
		prepare    func(*kfake.Cluster)
		reason     Reason
		text       string
		measures   []Measured
	}{
		{name: "alive"},
		{name: "enough brokers", spec: ", min_brokers: 3"},
		{name: "too few brokers", spec: ", min_brokers: 4", reason: ReasonBody, text: "brokers: got 3, want at least 4"},
		{name: "a topic", spec: `, topic: orders, value: "== 0"`, measures: []Measured{{Value, 0}}},
		{name: "no topic", spec: ", topic: nothing", reason: ReasonStatus, text: `topic "nothing": the server says "UNKNOWN_TOPIC_OR_PARTITION (`},
		{name: "no leader", spec: ", topic: orders", prepare: func(c *kfake.Cluster) {
			kafkaInstead(c, func(r *kmsg.MetadataResponse) {
				r.Topics = []kmsg.MetadataResponseTopic{{Partitions: []kmsg.MetadataResponseTopicPartition{{Partition: 8, Leader: -1}, {Partition: 7, Leader: -1}, {Partition: 6}}}}
				r.Brokers = make([]kmsg.MetadataResponseBroker, 1)
			})
		}, reason: ReasonBody, text: `topic "orders": 2 of 3 partitions have no leader, the first is 7`},
		{name: "a lost replica", spec: `, topic: orders, value: "== 0"`, prepare: func(c *kfake.Cluster) {
			kafkaInstead(c, func(r *kmsg.MetadataResponse) {
				r.Topics = []kmsg.MetadataResponseTopic{{Partitions: []kmsg.MetadataResponseTopicPartition{{Replicas: []int32{1, 2}, ISR: []int32{1}}}}}
				r.Brokers = make([]kmsg.MetadataResponseBroker, 1)
			})
		}, reason: ReasonBody, text: `topic "orders": partitions without all their replicas: got "1", want == 0`, measures: []Measured{{Value, 1}}},
		{name: "a group", spec: `, topic: orders, group: billing, value: "== 6"`, measures: []Measured{{Value, 6}}},
		{name: "a group behind", spec: `, topic: orders, group: billing, value: "< 6"`, measures: []Measured{{Value, 6}}, reason: ReasonBody, text: `group "billing" on topic "orders": messages behind: got "6", want < 6`},
		{name: "another group", spec: `, topic: orders, group: nobody`, reason: ReasonStatus, text: `group "nobody": the server says "GROUP_ID_NOT_FOUND (`},
		{name: "a group that has committed nothing", spec: `, topic: orders, group: billing`, prepare: func(c *kfake.Cluster) {
			kafkaInstead(c, func(*kmsg.OffsetFetchResponse) {})
		}, reason: ReasonBody, text: `group "billing" on topic "orders": it has committed nothing`},
		{name: "a group that is not known yet", spec: `, topic: orders, group: billing`, prepare: func(c *kfake.Cluster) {
			kafkaInstead(c, func(r *kmsg.FindCoordinatorResponse) { r.ErrorCode = kerr.CoordinatorNotAvailable.Code })
		}, reason: ReasonStatus, text: `group "billing": the server says "COORDINATOR_NOT_AVAILABLE (`},
		{name: "a leader that was", spec: `, topic: orders, group: billing`, prepare: func(c *kfake.Cluster) {
			kafkaInstead(c, func(r *kmsg.ListOffsetsResponse) {
				r.Topics = []kmsg.ListOffsetsResponseTopic{{Partitions: []kmsg.ListOffsetsResponseTopicPartition{{ErrorCode: kerr.NotLeaderForPartition.Code}}}}
			})
		}, reason: ReasonStatus, text: `topic "orders": the server says "NOT_LEADER_FOR_PARTITION (`},
		{name: "a leader that says nothing", spec: `, topic: orders, group: billing`, prepare: func(c *kfake.Cluster) {
			kafkaInstead(c, func(*kmsg.ListOffsetsResponse) {})
		}, reason: ReasonProtocol, text: "the leader does not say where partition "},
		{name: "an old cluster", prepare: func(c *kfake.Cluster) {
			kafkaInstead(c, func(r *kmsg.ApiVersionsResponse) {
				r.ApiKeys = []kmsg.ApiVersionsResponseApiKey{{ApiKey: 3, MaxVersion: 3}}
			})
		}, reason: ReasonProtocol, text: "the server speaks the versions 0 to 3 of Metadata, want one of 4 to 8"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cluster, brokers := kafkaServing(t)
			if strings.Contains(test.spec, "group") {
				kafkaFill(t, cluster, 3, 3, 1, 0, 2) // 0, 2, 3 and 1 behind
			}
			if test.prepare != nil {
				test.prepare(cluster)
			}
			r := try(t, `{kafka: {`+brokers+test.spec+`}}`)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Contains(t, r.Text, test.text)
			require.Equal(t, test.measures, r.Measures)
		})
	}
}

// One broker of several is enough, and one that answers has the last word.
func TestKafkaAsksTheNextBroker(t *testing.T) {
	cluster, _ := kafkaServing(t)
	alive := cluster.ListenAddrs()[0]
	for name, dead := range map[string]string{"refuses": refusing(t), "hangs": raw(t, mute), "closes": raw(t, func(net.Conn) {}), "has no name": "does-not-exist.invalid:1"} {
		t.Run(name, func(t *testing.T) {
			r := try(t, `{kafka: {brokers: ["`+dead+`", "`+alive+`"]}}`, 2*time.Second)
			require.Equal(t, Success, r.Outcome, r.Text)
			require.Equal(t, alive, r.Address)
		})
	}
	odd := raw(t, func(c net.Conn) { _, _ = io.WriteString(c, "SSH-2.0-OpenSSH_9.6\r\n"); mute(c) })
	r := try(t, `{kafka: {brokers: ["`+odd+`", "`+alive+`"]}}`)
	require.Equal(t, ReasonProtocol, r.Reason, r.Text)
	both := `{kafka: {brokers: ["` + refusing(t) + `", "` + refusing(t) + `"]}}`
	require.Equal(t, ReasonConnect, try(t, both).Reason)
}

func TestKafkaLogsIn(t *testing.T) {
	right, wrong := secretFile(t, "hunter-two"), secretFile(t, "hunter-nine")
	var options []kfake.Opt
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		options = append(options, kfake.Superuser(mechanism, "probe", "hunter-two"))
	}
	_, brokers := kafkaServing(t, append(options, kfake.EnableSASL())...)
	for _, mechanism := range []string{"", ", mechanism: plain", ", mechanism: scram-sha-256", ", mechanism: scram-sha-512"} {
		t.Run(mechanism, func(t *testing.T) {
			r := try(t, `{kafka: {`+brokers+`, topic: orders, user: probe, password: {file: `+right+`}`+mechanism+`}}`)
			require.Equal(t, Success, r.Outcome, r.Text)
			r = try(t, `{kafka: {`+brokers+`, user: probe, password: {file: `+wrong+`}`+mechanism+`}}`)
			require.Equal(t, ReasonStatus, r.Reason, r.Text)
			require.Equal(t, "logging in: the server closed the connection, as it does when the user or the password is wrong", r.Text)
		})
	}
	r := try(t, `{kafka: {`+brokers+`}}`)
	require.Equal(t, ReasonStatus, r.Reason, r.Text)
	require.Equal(t, "the server closed the connection, as it does when it wants a login", r.Text)
}

func TestKafkaOverTLS(t *testing.T) {
	cert, key := servers.Certificate(t, servers.Folder(t, ""), "")
	pair, err := tls.LoadX509KeyPair(cert, key)
	require.NoError(t, err)
	_, brokers := kafkaServing(t, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAnyClientCert}))
	r := try(t, `{kafka: {`+brokers+`, topic: orders, tls: {ca_file: `+cert+`, cert_file: `+cert+`, key_file: `+key+`}}}`)
	require.Equal(t, Success, r.Outcome, r.Text)
	require.False(t, r.CertificateExpiry.IsZero())
	require.Positive(t, r.Phases[TLS])
	require.Equal(t, ReasonTLS, try(t, `{kafka: {`+brokers+`, tls: {ca_file: `+cert+`}}}`).Reason, "without our certificate")
	require.Equal(t, ReasonTLS, try(t, `{kafka: {`+brokers+`, tls: {}}}`).Reason)
	wants := raw(t, func(c net.Conn) { _, _ = io.WriteString(c, "\x15\x03\x01\x00\x02\x02\x16"); mute(c) })
	r = try(t, `{kafka: {brokers: ["`+wants+`"]}}`)
	require.Equal(t, "the server wants TLS (want tls: {} in the probe)", r.Text)
}

// kafkaHostile answers the first requests of a connection in the versions of
// the requests, and then writes bytes.
func kafkaHostile(t testing.TB, bytes string, answers ...kmsg.Response) string {
	t.Helper()
	return raw(t, func(c net.Conn) {
		l := &line{in: bufio.NewReader(c)}
		for _, answer := range answers {
			size, err := l.read(4, 4)
			if err != nil {
				return
			}
			request, err := l.read(int(size[2])<<8|int(size[3]), 4096)
			if err != nil {
				return
			}
			answer.SetVersion(int16(request[3]))
			body := answer.AppendTo(append([]byte{0, 0, 0, 0}, request[4:8]...))
			body[2], body[3] = byte((len(body)-4)>>8), byte(len(body)-4)
			_, _ = c.Write(body)
		}
		_, _ = c.Read(make([]byte, 4096))
		_, _ = io.WriteString(c, bytes)
		mute(c)
	})
}

func TestKafkaHostility(t *testing.T) {
	hostility(t, `{kafka: {brokers: ["ADDRESS"]}}`, "")
	login := `, user: probe, password: {file: ` + secretFile(t, "hunter-two") + `}, mechanism: scram-sha-256`
	versions := &kmsg.ApiVersionsResponse{}
	for key := range kafkaVersions() {
		versions.ApiKeys = append(versions.ApiKeys, kmsg.ApiVersionsResponseApiKey{ApiKey: key, MaxVersion: 100})
	}
	step := func(said string) kmsg.Response { return &kmsg.SASLAuthenticateResponse{SASLAuthBytes: []byte(said)} }
	giant := "\x00\x00\x00\x10\x00\x00\x00\x01\x00\x00\x7f\xff\xff\xff"
	secret := "no, hunter-two"
	for _, test := range []struct {
		name, spec, bytes string
		answers           []kmsg.Response
		reason            Reason
		text              string
	}{
		{name: "a giant message", bytes: "\x7f\xff\xff\xff", reason: ReasonProtocol, text: "the server announces a message of 2147483647 bytes, want at most 262144"},
		{name: "a negative message", bytes: "\xff\xff\xff\xff", reason: ReasonProtocol, text: "the server announces a message of -1 bytes"},
		{name: "a giant list", bytes: giant + strings.Repeat("x", 6), reason: ReasonProtocol, text: "the server sends an answer that cannot be read"},
		{name: "another answer", bytes: "\x00\x00\x00\x08\x00\x00\x00\x09\x00\x00\x00\x00", reason: ReasonProtocol, text: "it answers what was not asked"},
		{name: "stalls after the versions", answers: []kmsg.Response{versions}, reason: ReasonTimeout},
		{name: "a refusal with the password in it", spec: login, answers: []kmsg.Response{versions, &kmsg.SASLHandshakeResponse{}, &kmsg.SASLAuthenticateResponse{ErrorCode: 58, ErrorMessage: &secret}}, reason: ReasonStatus, text: `logging in: the server says "no, ***"`},
		{name: "another mechanism", spec: login, answers: []kmsg.Response{versions, &kmsg.SASLHandshakeResponse{ErrorCode: 33, SupportedMechanisms: []string{"PLAIN", "GSSAPI"}}}, reason: ReasonStatus, text: `logging in: the server offers "PLAIN, GSSAPI", want SCRAM-SHA-256`},
		{name: "endless hashing", spec: login, answers: []kmsg.Response{versions, &kmsg.SASLHandshakeResponse{}, step("r=x,s=x,i=2147483647")}, reason: ReasonProtocol, text: "logging in: the server asks for more than 200000 rounds of hashing"},
		{name: "a server that cannot prove itself", spec: login, answers: []kmsg.Response{versions, &kmsg.SASLHandshakeResponse{}, step("r=x,s=x,i=4096")}, reason: ReasonProtocol, text: "logging in: the server does not prove that it knows the user"},
		{name: "two topics", spec: ", topic: orders", answers: []kmsg.Response{versions, &kmsg.MetadataResponse{Topics: make([]kmsg.MetadataResponseTopic, 2)}}, reason: ReasonProtocol, text: "asked for one topic, the server answers with 2"},
		{name: "a topic of nothing", spec: ", topic: orders", answers: []kmsg.Response{versions, &kmsg.MetadataResponse{Brokers: make([]kmsg.MetadataResponseBroker, 1), Topics: make([]kmsg.MetadataResponseTopic, 1)}}, reason: ReasonBody, text: `topic "orders": it has no partition`},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := kafkaHostile(t, test.bytes, test.answers...)
			r := try(t, `{kafka: {brokers: ["`+address+`"]`+test.spec+`}}`, time.Second)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Contains(t, r.Text, test.text)
		})
	}
}

// A public server cannot make us ask what only we can reach.
func TestDialogueIsNotSentAstray(t *testing.T) {
	for _, test := range []struct {
		home realm
		text string
	}{
		{home: publicRealm, text: "the server sends us to ADDRESS, a loopback address, from a public one"},
		{home: privateRealm, text: "the server sends us to ADDRESS, a loopback address, from a private one"},
		{home: loopbackRealm},
		{},
	} {
		address := raw(t, mute)
		r := attempt(t.Context(), func(tr *trace, f *findings) error {
			return new(dialogue).towards(address, test.home).visit(t.Context(), tr, f, func(context.Context, *line) error { return nil })
		})
		require.Equal(t, strings.Replace(test.text, "ADDRESS", address, 1), r.Text)
	}
}
