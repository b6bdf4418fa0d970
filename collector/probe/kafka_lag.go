package probe

import (
	"context"
	"slices"
	"strconv"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// maxLeaders bounds the brokers that are asked for the ends of partitions, each
// over a connection of its own.
const maxLeaders = 50

// coordinate finds the broker that keeps what the group has committed.
func (k *kafkaAttempt) coordinate(c *kafkaConn) error {
	request, answer := kmsg.NewPtrFindCoordinatorRequest(), kmsg.NewPtrFindCoordinatorResponse()
	request.CoordinatorKey = k.spec.Group
	if err := c.ask(request, answer); err != nil {
		return err
	}
	k.coordinator = joined(answer.Host, answer.Port)
	return k.refusal("group "+quote(k.spec.Group), answer.ErrorCode)
}

// lag adds up the messages of the topic that the group has not committed yet.
// A partition of which it has committed nothing does not count: nobody knows
// where the group would begin.
func (k *kafkaAttempt) lag(ctx context.Context) error {
	committed, err := k.committed(ctx)
	if err != nil {
		return err
	}
	leaders := make(map[int32][]int32)
	for _, p := range k.partitions {
		if _, known := committed[p.Partition]; known {
			leaders[p.Leader] = append(leaders[p.Leader], p.Partition)
		}
	}
	what := "group " + quote(k.spec.Group) + " on topic " + quote(k.spec.Topic)
	if len(committed) == 0 {
		return misfitf(ReasonBody, "%s: it has committed nothing", what)
	}
	if len(leaders) > maxLeaders {
		return misfitf(ReasonBody, "%s: the partitions have %d leaders, want at most %d", what, len(leaders), maxLeaders)
	}
	var behind int64
	for leader, partitions := range leaders {
		ends, err := k.ends(ctx, k.brokers[leader], partitions)
		if err != nil {
			return err
		}
		for partition, end := range ends {
			behind = kafkaSum(behind, max(0, end-committed[partition]))
		}
	}
	return k.judge(what+": messages behind", strconv.FormatInt(behind, 10), k.spec.Value)
}

// committed is where the group stands in each partition of which it says so.
func (k *kafkaAttempt) committed(ctx context.Context) (map[int32]int64, error) {
	request, answer := kmsg.NewPtrOffsetFetchRequest(), kmsg.NewPtrOffsetFetchResponse()
	topic := kmsg.NewOffsetFetchRequestTopic()
	topic.Topic = k.spec.Topic
	for _, p := range k.partitions {
		topic.Partitions = append(topic.Partitions, p.Partition)
	}
	request.Group, request.Topics = k.spec.Group, []kmsg.OffsetFetchRequestTopic{topic}
	if err := k.of(ctx, k.coordinator, request, answer); err != nil {
		return nil, err
	}
	if err := k.refusal("group "+quote(k.spec.Group), answer.ErrorCode); err != nil {
		return nil, err
	}
	found := make(map[int32]int64)
	for _, topic := range answer.Topics {
		for _, p := range topic.Partitions {
			if err := k.refusal("group "+quote(k.spec.Group), p.ErrorCode); err != nil {
				return nil, err
			}
			if topic.Topic == k.spec.Topic && p.Offset >= 0 && slices.Contains(request.Topics[0].Partitions, p.Partition) {
				found[p.Partition] = p.Offset
			}
		}
	}
	return found, nil
}

// ends asks a leader where its partitions end.
func (k *kafkaAttempt) ends(ctx context.Context, leader string, partitions []int32) (map[int32]int64, error) {
	const latest = -1
	topic := kmsg.NewListOffsetsRequestTopic()
	topic.Topic = k.spec.Topic
	for _, number := range partitions {
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.Timestamp = number, latest
		topic.Partitions = append(topic.Partitions, p)
	}
	request, answer := kmsg.NewPtrListOffsetsRequest(), kmsg.NewPtrListOffsetsResponse()
	request.ReplicaID, request.Topics = -1, []kmsg.ListOffsetsRequestTopic{topic}
	if err := k.of(ctx, leader, request, answer); err != nil {
		return nil, err
	}
	found := make(map[int32]int64)
	for _, topic := range answer.Topics {
		for _, p := range topic.Partitions {
			if err := k.refusal("topic "+quote(k.spec.Topic), p.ErrorCode); err != nil {
				return nil, err
			}
			found[p.Partition] = p.Offset
		}
	}
	for _, number := range partitions {
		if _, told := found[number]; !told {
			return nil, misfitf(ReasonProtocol, "the leader does not say where partition %d ends", number)
		}
	}
	return found, nil
}

// of asks a broker by the address that the cluster has for it.
func (k *kafkaAttempt) of(ctx context.Context, broker string, request kmsg.Request, answer kmsg.Response) error {
	if broker == "" {
		return misfitf(ReasonProtocol, "the cluster names a broker without an address")
	}
	return k.towards(broker, k.home).visit(ctx, k.trace, k.findings, func(_ context.Context, l *line) error {
		c, err := k.login(l)
		if err != nil {
			return err
		}
		return c.ask(request, answer)
	})
}
