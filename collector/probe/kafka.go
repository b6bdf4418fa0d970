package probe

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"slices"
	"strconv"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// kafkaCluster is what stays the same from attempt to attempt.
type kafkaCluster struct {
	*dialogue
	spec *catalog.KafkaProbe
}

// newKafka builds the kind kafka: a login, the cluster's brokers, a topic's
// partitions, and how far a consumer group is behind.
func newKafka(s site) (Func, error) {
	spec := s.probe.Kafka
	k := &kafkaCluster{dialogue: newDialogue(s, "kafka", "", spec.TLS), spec: spec}
	return func(ctx context.Context) Result {
		return attempt(ctx, func(t *trace, f *findings) error {
			return (&kafkaAttempt{kafkaCluster: k, trace: t, findings: f}).run(ctx)
		})
	}, nil
}

// kafkaAttempt is one attempt, and what a broker told of its cluster.
type kafkaAttempt struct {
	*kafkaCluster
	trace *trace
	*findings

	home        realm            // of the broker that told
	brokers     map[int32]string // host:port by number
	partitions  []kmsg.MetadataResponseTopicPartition
	coordinator string // of the group, where one is named
}

func (k *kafkaAttempt) run(ctx context.Context) error {
	if err := k.first(ctx); err != nil {
		return err
	}
	if got := len(k.brokers); got < k.spec.MinBrokers {
		return misfitf(ReasonBody, "brokers: got %d, want at least %d", got, k.spec.MinBrokers)
	}
	if k.spec.Topic == "" {
		return nil
	}
	lost, err := k.whole()
	switch {
	case err != nil:
		return err
	case k.spec.Group != "":
		return k.lag(ctx)
	}
	return k.judge("topic "+quote(k.spec.Topic)+": partitions without all their replicas", strconv.Itoa(lost), k.spec.Value)
}

// first asks one broker after the other until one answers, whatever it says:
// what one refuses, the others do too.
func (k *kafkaAttempt) first(ctx context.Context) (err error) {
	for i, broker := range k.spec.Brokers {
		share, cancel := share(ctx, len(k.spec.Brokers)-i)
		err = k.towards(broker, "").visit(share, k.trace, k.findings, func(_ context.Context, l *line) error {
			k.home, _ = realmOf(l.conn.RemoteAddr().String())
			return k.metadata(l)
		})
		cancel()
		if err == nil || errors.As(err, new(*misfit)) || errors.As(err, new(ourFault)) || ctx.Err() != nil {
			break
		}
	}
	return err
}

// metadata asks for the brokers, and for the topic without making it.
func (k *kafkaAttempt) metadata(l *line) error {
	c, err := k.login(l)
	if err != nil {
		return err
	}
	request, answer := kmsg.NewPtrMetadataRequest(), kmsg.NewPtrMetadataResponse()
	request.Topics = []kmsg.MetadataRequestTopic{} // none; nil would be all
	if k.spec.Topic != "" {
		request.Topics = append(request.Topics, kmsg.MetadataRequestTopic{Topic: &k.spec.Topic})
	}
	if err := c.ask(request, answer); err != nil {
		if errors.Is(err, io.EOF) && k.spec.User == "" {
			err = misfitf(ReasonStatus, "the server closed the connection, as it does when it wants a login")
		}
		return err
	}
	k.brokers = make(map[int32]string)
	for _, b := range answer.Brokers {
		k.brokers[b.NodeID] = joined(b.Host, b.Port)
	}
	if k.spec.Topic == "" {
		return nil
	}
	return k.topic(c, answer.Topics)
}

// topic wants the topic, and finds out who knows the group.
func (k *kafkaAttempt) topic(c *kafkaConn, topics []kmsg.MetadataResponseTopic) error {
	if len(topics) != 1 {
		return misfitf(ReasonProtocol, "asked for one topic, the server answers with %d", len(topics))
	}
	if err := k.refusal("topic "+quote(k.spec.Topic), topics[0].ErrorCode); err != nil {
		return err
	}
	k.partitions = topics[0].Partitions
	if k.spec.Group == "" {
		return nil
	}
	return k.coordinate(c)
}

// whole wants a leader for each partition, and counts those that lost a replica.
func (k *kafkaAttempt) whole() (lost int, err error) {
	var leaderless []int32
	for _, p := range k.partitions {
		if p.Leader < 0 {
			leaderless = append(leaderless, p.Partition)
		}
		if len(p.ISR) < len(p.Replicas) {
			lost++
		}
	}
	if len(leaderless) > 0 {
		return lost, misfitf(ReasonBody, "topic %s: %d of %d partitions have no leader, the first is %d", quote(k.spec.Topic), len(leaderless), len(k.partitions), slices.Min(leaderless))
	}
	if len(k.partitions) == 0 {
		return 0, misfitf(ReasonBody, "topic %s: it has no partition", quote(k.spec.Topic))
	}
	return lost, nil
}

// joined is the address of a broker.
func joined(host string, port int32) string { return net.JoinHostPort(host, strconv.Itoa(int(port))) }

func kafkaHost(p *catalog.Probe) string { return p.Kafka.Brokers[0] }

// kafkaSum adds up numbers of messages, which a server may make up.
func kafkaSum(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
