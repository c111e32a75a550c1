package topics

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// describe returns those of the wanted topics that the cluster has. It asks a broker each time: kadm would answer from
// the client's cache, which does not know yet what was just created.
func (a *Admin) describe(ctx context.Context, want []Stream) ([]Topic, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	metadata, err := metadataRequest(want).RequestWith(ctx, a.client)
	if err != nil {
		return nil, fmt.Errorf("reading metadata: %w", err)
	}
	var topics []Topic
	for _, found := range metadata.Topics {
		switch err := kerr.ErrorForCode(found.ErrorCode); {
		case errors.Is(err, kerr.UnknownTopicOrPartition):
			continue
		case err != nil:
			return nil, fmt.Errorf("reading metadata of %s: %w", *found.Topic, Needing(err, Describe, Name(*found.Topic)))
		}
		topic := Topic{Name: Name(*found.Topic), Partitions: int32(len(found.Partitions))}
		for i, partition := range found.Partitions {
			if replicas := len(partition.Replicas); i == 0 || replicas < topic.Replicas {
				topic.Replicas = replicas
			}
		}
		topics = append(topics, topic)
	}
	return topics, a.describeSettings(ctx, topics)
}

func (a *Admin) describeSettings(ctx context.Context, topics []Topic) error {
	var names []string
	for _, topic := range topics {
		names = append(names, string(topic.Name))
	}
	resources, err := a.admin.DescribeTopicConfigs(ctx, names...)
	if Unauthorized(err) {
		err = a.unseenSettings(ctx, topics, err)
	}
	if err != nil {
		return fmt.Errorf("reading settings: %w", err)
	}
	for i := range topics {
		resource, err := resources.On(string(topics[i].Name), nil)
		if err = errors.Join(err, resource.Err); err != nil {
			return fmt.Errorf("reading settings of %s: %w", topics[i].Name, Needing(err, DescribeConfigs, topics[i].Name))
		}
		topics[i].Settings = map[string]string{}
		for _, config := range resource.Configs {
			topics[i].Settings[config.Key] = config.MaybeValue()
		}
	}
	return nil
}

// unseenSettings returns the error with the topic whose settings may not be seen: an answer about several does not name it.
func (a *Admin) unseenSettings(ctx context.Context, topics []Topic, err error) error {
	for _, topic := range topics {
		if may, askErr := a.maySeeSettings(ctx, string(topic.Name)); askErr == nil && !may {
			return fmt.Errorf("of %s: %w", topic.Name, Needing(err, DescribeConfigs, topic.Name))
		}
	}
	return err
}

func metadataRequest(want []Stream) *kmsg.MetadataRequest {
	request := kmsg.NewPtrMetadataRequest()
	request.AllowAutoTopicCreation = false
	request.Topics = []kmsg.MetadataRequestTopic{} // none, where nil would mean all
	for _, stream := range want {
		topic := kmsg.NewMetadataRequestTopic()
		topic.Topic = kmsg.StringPtr(string(stream.Name))
		request.Topics = append(request.Topics, topic)
	}
	return request
}

// mend creates and alters what the plan says is pending.
func (a *Admin) mend(ctx context.Context, plan Plan) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if err := a.create(ctx, plan); err != nil {
		return err
	}
	alterations := map[Name][]kadm.AlterConfig{}
	for _, d := range plan.Of(CleanupPolicy, BatchLimit, OtherSetting) {
		alterations[d.Topic] = append(alterations[d.Topic],
			kadm.AlterConfig{Op: kadm.SetConfig, Name: d.Setting, Value: kadm.StringPtr(d.Want)})
	}
	for name, alteration := range alterations {
		responses, err := a.admin.AlterTopicConfigs(ctx, alteration, string(name))
		if err != nil {
			return fmt.Errorf("altering %s: %w", name, Needing(err, AlterConfigs, name))
		}
		response, err := responses.On(string(name), nil)
		if err = errors.Join(err, response.Err); err != nil {
			return fmt.Errorf("altering %s: %w", name, Needing(explained(err, &response.ErrMessage), AlterConfigs, name))
		}
	}
	return nil
}

// create makes the missing topics, all in one request.
func (a *Admin) create(ctx context.Context, plan Plan) error {
	missing := plan.Of(Missing)
	if len(missing) == 0 {
		return nil
	}
	request := kmsg.NewPtrCreateTopicsRequest()
	request.TimeoutMillis = int32(callTimeout.Milliseconds())
	for _, difference := range missing {
		request.Topics = append(request.Topics, creation(plan.streams[difference.Topic], plan.options))
	}
	response, err := request.RequestWith(ctx, a.client)
	if err != nil {
		return fmt.Errorf("creating topics: %w", err)
	}
	for _, topic := range response.Topics {
		if err := kerr.ErrorForCode(topic.ErrorCode); err != nil {
			return fmt.Errorf("creating %s: %w", topic.Topic, Needing(explained(err, topic.ErrorMessage), Create, Name(topic.Topic)))
		}
	}
	return nil
}

// explained adds the broker's own words to an error, if it has any.
func explained(err error, words *string) error {
	if words == nil || *words == "" {
		return err
	}
	return fmt.Errorf("%w (%s)", err, *words)
}

// creation asks for one topic. Where the broker chooses the replicas, what depends on their number is set in the next
// round, when it is known.
func creation(stream Stream, options Options) kmsg.CreateTopicsRequestTopic {
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic = string(stream.Name)
	topic.NumPartitions = stream.Partitions.Count(options.Partitions)
	topic.ReplicationFactor = options.Replicas
	if options.Replicas <= 0 {
		topic.ReplicationFactor = -1
	}
	for _, setting := range stream.Settings(int(options.Replicas)) {
		config := kmsg.NewCreateTopicsRequestTopicConfig()
		config.Name, config.Value = setting.Name, kmsg.StringPtr(setting.Value)
		topic.Configs = append(topic.Configs, config)
	}
	return topic
}

// awaitEverywhere returns when every broker that answers knows each topic with a leader for each partition: a producer
// that asks a broker which does not know a topic yet gives up after a few tries.
func (a *Admin) awaitEverywhere(ctx context.Context, want []Stream) error {
	for round := 1; ; round++ {
		missing, err := a.unknownSomewhere(ctx, want)
		if err == nil && missing == "" {
			return nil
		}
		if err != nil && !passes(err) {
			return err
		}
		if round == roundsMax || !a.pause(ctx, round) {
			return errors.Join(fmt.Errorf("waiting until every broker knows %s: %w", missing, ErrMismatch), err, ctx.Err())
		}
	}
}

// unknownSomewhere names a topic that a broker does not know, or that has no leader there; empty when there is none.
func (a *Admin) unknownSomewhere(ctx context.Context, want []Stream) (Name, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	brokers, err := metadataRequest(nil).RequestWith(ctx, a.client) // kadm would ask for all topics of the cluster beside them
	if err != nil {
		return "", fmt.Errorf("listing brokers: %w", err)
	}
	answered := false
	for _, broker := range brokers.Brokers {
		response, err := metadataRequest(want).RequestWith(ctx, a.client.Broker(int(broker.NodeID)))
		if err != nil {
			continue // a broker that does not answer serves nobody
		}
		answered = true
		for _, topic := range response.Topics {
			if !served(topic) {
				return Name(*topic.Topic), nil
			}
		}
	}
	if !answered && len(want) > 0 {
		return want[0].Name, ctx.Err()
	}
	return "", nil
}

func served(topic kmsg.MetadataResponseTopic) bool {
	for _, partition := range topic.Partitions {
		if partition.Leader < 0 {
			return false
		}
	}
	return topic.ErrorCode == 0 && len(topic.Partitions) > 0
}
