package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/topics"
)

const (
	probeName      = "kafkatest-probe"
	requestMax     = 5 * time.Second // for one question; a broker that has just started may leave it unanswered
	metadataMinAge = 50 * time.Millisecond
)

func probeTopic(id int) string { return fmt.Sprintf("%s-%d", probeName, id) }

// probeClient returns a client that gives up a silent connection after requestMax; contexts alone do not make it, for
// what kgo exchanges on a new connection before the first request.
func probeClient(addresses []string, opts ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append(opts, kgo.SeedBrokers(addresses...), kgo.MetadataMinAge(metadataMinAge),
		kgo.DialTimeout(requestMax), kgo.RequestTimeoutOverhead(requestMax),
		kgo.UnknownTopicRetries(-1), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
}

// awaitBroker waits until a broker takes part in the cluster: it answers, the controller makes it the leader of a new
// topic, and it takes a record. The topic stays, so that the caller may use it.
func awaitBroker(ctx context.Context, b *broker) error {
	ctx, cancel := b.context(ctx)
	defer cancel()
	client, err := probeClient([]string{b.clientAddress()})
	if err != nil {
		return fmt.Errorf("awaiting broker %d: %w", b.id, err)
	}
	defer client.Close()
	for _, check := range []func(context.Context) error{
		func(ctx context.Context) error { return listed(ctx, client.SeedBrokers()[0], b.id) },
		func(ctx context.Context) error { return createProbe(ctx, client, b.id) },
	} {
		if err := await(ctx, check); err != nil {
			return fmt.Errorf("awaiting broker %d: %w", b.id, err)
		}
	}
	record := &kgo.Record{Topic: probeTopic(b.id), Value: []byte("ready?")}
	if err := client.ProduceSync(ctx, record).FirstErr(); err != nil {
		return fmt.Errorf("awaiting broker %d: producing: %w", b.id, err)
	}
	return nil
}

// await gives each question a time limit of its own.
func await(ctx context.Context, check func(context.Context) error) error {
	return proctest.Await(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, requestMax)
		defer cancel()
		return check(ctx)
	})
}

// listed asks a broker whether it knows itself to be one of the cluster.
func listed(ctx context.Context, seed *kgo.Broker, id int) error {
	request := kmsg.NewPtrMetadataRequest()
	request.Topics = []kmsg.MetadataRequestTopic{}
	answer, err := request.RequestWith(ctx, seed)
	if err != nil {
		return err
	}
	for _, b := range answer.Brokers {
		if b.NodeID == int32(id) {
			return nil
		}
	}
	return fmt.Errorf("it is not among the %d brokers of the cluster", len(answer.Brokers))
}

// createProbe makes a topic whose only replica is on the given broker, so that no other has to be up.
func createProbe(ctx context.Context, client *kgo.Client, id int) error {
	assignment := kmsg.NewCreateTopicsRequestTopicReplicaAssignment()
	assignment.Replicas = []int32{int32(id)}
	inSync := kmsg.NewCreateTopicsRequestTopicConfig()
	inSync.Name, inSync.Value = "min.insync.replicas", kmsg.StringPtr("1")
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = probeTopic(id), -1, -1
	topic.ReplicaAssignment = append(topic.ReplicaAssignment, assignment)
	topic.Configs = append(topic.Configs, inSync)
	request := kmsg.NewPtrCreateTopicsRequest()
	request.TimeoutMillis = int32(requestMax.Milliseconds())
	request.Topics = append(request.Topics, topic)
	answer, err := request.RequestWith(ctx, client)
	if err != nil {
		return err
	}
	for _, t := range answer.Topics {
		if err := kerr.ErrorForCode(t.ErrorCode); err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			return fmt.Errorf("creating %s: %w", t.Topic, err)
		}
	}
	return nil
}

// deleteProbes removes the topics that awaitBroker made. The brokers hear of it later: see awaitForgotten.
func deleteProbes(ctx context.Context, client *kgo.Client, brokers []*broker) error {
	request := kmsg.NewPtrDeleteTopicsRequest()
	request.TimeoutMillis = int32(requestMax.Milliseconds())
	for _, b := range brokers {
		name := probeTopic(b.id)
		topic := kmsg.NewDeleteTopicsRequestTopic()
		topic.Topic = &name
		request.Topics, request.TopicNames = append(request.Topics, topic), append(request.TopicNames, name)
	}
	answer, err := request.RequestWith(ctx, client)
	if err != nil {
		return err
	}
	for _, t := range answer.Topics {
		if err := kerr.ErrorForCode(t.ErrorCode); err != nil && !errors.Is(err, kerr.UnknownTopicOrPartition) {
			return fmt.Errorf("deleting a probe topic: %w", err)
		}
	}
	return nil
}

// awaitForgotten waits until a broker tells of none of the brokers' probe topics any more, which would surprise who lists topics.
func awaitForgotten(ctx context.Context, b *broker, brokers []*broker) error {
	client, err := probeClient([]string{b.clientAddress()})
	if err != nil {
		return fmt.Errorf("awaiting broker %d: %w", b.id, err)
	}
	defer client.Close()
	var names []string
	for _, other := range brokers {
		names = append(names, probeTopic(other.id))
	}
	if err := await(ctx, func(ctx context.Context) error {
		return says(ctx, client.SeedBrokers()[0], about(names), gone)
	}); err != nil {
		return fmt.Errorf("awaiting broker %d: %w", b.id, err)
	}
	return nil
}

// awaitCoordinators makes the brokers create their internal topics, with all brokers as replicas, and waits until a
// transaction commits and a group is answered: no later test or benchmark pays for that, or meets a half-made one.
func awaitCoordinators(ctx context.Context, addresses []string, topic string) error {
	client, err := probeClient(addresses, kgo.TransactionalID(probeName))
	if err != nil {
		return fmt.Errorf("awaiting the coordinators: %w", err)
	}
	defer client.Close()
	if err := errors.Join(client.BeginTransaction(),
		client.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: []byte("committed?")}).FirstErr(),
		topics.Settle(ctx, client),
		client.EndTransaction(ctx, kgo.TryCommit)); err != nil {
		return fmt.Errorf("awaiting the transaction coordinator: %w", err)
	}
	if err := await(ctx, func(ctx context.Context) error { return askGroup(ctx, client) }); err != nil {
		return fmt.Errorf("awaiting the group coordinator: %w", err)
	}
	return nil
}

func askGroup(ctx context.Context, client *kgo.Client) error {
	group := kmsg.NewOffsetFetchRequestGroup()
	group.Group = probeName
	request := kmsg.NewPtrOffsetFetchRequest()
	request.Groups = append(request.Groups, group)
	answer, err := request.RequestWith(ctx, client)
	if err != nil {
		return err
	}
	for _, g := range answer.Groups {
		if err := kerr.ErrorForCode(g.ErrorCode); err != nil {
			return err
		}
	}
	return nil
}

// inSync asks whether every partition has a leader and all its replicas in sync.
func inSync(ctx context.Context, client *kgo.Client) error {
	answer, err := kmsg.NewPtrMetadataRequest().RequestWith(ctx, client) // no topics given: all of them
	if err != nil {
		return err
	}
	for _, topic := range answer.Topics {
		for _, p := range topic.Partitions {
			if p.Leader < 0 || len(p.ISR) < len(p.Replicas) {
				return fmt.Errorf("%s/%d has leader %d and %v in sync out of %v",
					*topic.Topic, p.Partition, p.Leader, p.ISR, p.Replicas)
			}
		}
	}
	return nil
}
