package kafkatest

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
)

// Create makes topics with the cluster's usual replication, and returns once each broker serves them. The controller answers
// before the brokers have heard of a topic, which takes them a second on a busy machine, and a producer, or consumer, gives up
// what the broker that it asks does not know after a few tries. partitions: -1 are as many as is usual.
func Create(ctx context.Context, client *kgo.Client, partitions int32, names ...string) error {
	made, err := kadm.NewClient(client).CreateTopics(ctx, partitions, -1, nil, names...)
	if err == nil {
		err = made.Error()
	}
	if err != nil {
		return fmt.Errorf("creating %q: %w", names, err)
	}
	return everywhere(ctx, client, names, served)
}

// AwaitGone returns once no broker knows the topics any more, which are deleted.
func AwaitGone(ctx context.Context, client *kgo.Client, names ...string) error {
	return everywhere(ctx, client, names, gone)
}

// everywhere waits until check is content with what each broker says of each of the topics.
func everywhere(ctx context.Context, client *kgo.Client, names []string, check func(*kmsg.MetadataResponseTopic) error) error {
	return proctest.Await(ctx, func(ctx context.Context) error {
		brokers, err := kadm.NewClient(client).ListBrokers(ctx)
		if err != nil {
			return fmt.Errorf("listing brokers: %w", err)
		}
		for _, id := range brokers.NodeIDs() {
			if err := says(ctx, client.Broker(int(id)), about(names), check); err != nil {
				return fmt.Errorf("broker %d: %w", id, err)
			}
		}
		return nil
	})
}

// about asks for some topics.
func about(names []string) *kmsg.MetadataRequest {
	request := kmsg.NewPtrMetadataRequest()
	for _, name := range names {
		topic := kmsg.NewMetadataRequestTopic()
		topic.Topic = &name
		request.Topics = append(request.Topics, topic)
	}
	return request
}

func says(
	ctx context.Context, broker *kgo.Broker, request *kmsg.MetadataRequest, check func(*kmsg.MetadataResponseTopic) error,
) error {
	answer, err := request.RequestWith(ctx, broker)
	if err != nil {
		return err
	}
	for i := range answer.Topics {
		if err := check(&answer.Topics[i]); err != nil {
			return fmt.Errorf("topic %s: %w", *answer.Topics[i].Topic, err)
		}
	}
	return nil
}

// served says why a topic cannot be used at a broker yet, gone that one is known there still.
func served(topic *kmsg.MetadataResponseTopic) error {
	if err := kerr.ErrorForCode(topic.ErrorCode); err != nil {
		return err
	}
	for _, p := range topic.Partitions {
		if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
			return err
		}
	}
	return nil
}

func gone(topic *kmsg.MetadataResponseTopic) error {
	if topic.ErrorCode != kerr.UnknownTopicOrPartition.Code {
		return fmt.Errorf("it is there, with %d partitions", len(topic.Partitions))
	}
	return nil
}
