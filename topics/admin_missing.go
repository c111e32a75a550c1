package topics

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// CreateMaxTopics is the most that CreateMissing takes at a time: a controller does nothing else meanwhile.
const CreateMaxTopics = 100

// ErrTooMany says that more than CreateMaxTopics were given.
var ErrTooMany = fmt.Errorf("more than %d topics at a time", CreateMaxTopics)

// CreateMissing creates those of the topics that the cluster does not have, and returns when every broker knows them, within
// a minute. Topics that exist are left as they are. Each new one has options.Replicas, or, where that says nothing, as
// many replicas as the topic that it is like, which must exist.
//
// It may be repeated, and run by several at once: what somebody else creates meanwhile is no error. created is how many this
// call has, also when others could not be: the error names the first of those, with the broker's reason.
func (a *Admin) CreateMissing(ctx context.Context, want []Stream, like Name, options Options) (created int, err error) {
	if len(want) > CreateMaxTopics {
		return 0, fmt.Errorf("creating topics: %w", ErrTooMany)
	}
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	missing, replicas, err := a.missing(ctx, want, like)
	if err != nil {
		return 0, err
	}
	if options.Replicas <= 0 {
		options.Replicas = replicas
	}
	if len(missing) == 0 {
		return 0, nil
	}
	if created, err = a.createAll(ctx, missing, options); err != nil {
		return created, err
	}
	if err := a.awaitEverywhere(ctx, missing); err != nil {
		return created, fmt.Errorf("creating topics: %w", err)
	}
	return created, nil
}

// missing returns which of the topics there are not, and how many replicas another one has.
func (a *Admin) missing(ctx context.Context, want []Stream, like Name) (missing []Stream, replicas int16, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	metadata, err := metadataRequest(append([]Stream{{Name: like}}, want...)).RequestWith(ctx, a.client)
	if err != nil {
		return nil, 0, fmt.Errorf("reading metadata: %w", err)
	}
	there := map[Name]bool{}
	for _, topic := range metadata.Topics {
		name := Name(*topic.Topic)
		switch err := kerr.ErrorForCode(topic.ErrorCode); {
		case errors.Is(err, kerr.UnknownTopicOrPartition) && name != like:
			continue
		case err != nil:
			return nil, 0, fmt.Errorf("reading metadata of %s: %w", name, Needing(err, Describe, name))
		}
		there[name] = true
		if name == like && len(topic.Partitions) > 0 {
			replicas = int16(len(topic.Partitions[0].Replicas))
		}
	}
	for _, stream := range want {
		if !there[stream.Name] {
			missing = append(missing, stream)
		}
	}
	return missing, replicas, nil
}

// createAll creates topics that are not there, or that somebody else creates.
func (a *Admin) createAll(ctx context.Context, missing []Stream, options Options) (created int, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	request := kmsg.NewPtrCreateTopicsRequest()
	request.TimeoutMillis = int32(callTimeout.Milliseconds())
	for _, stream := range missing {
		request.Topics = append(request.Topics, creation(stream, options))
	}
	response, err := request.RequestWith(ctx, a.client)
	if err != nil {
		return 0, fmt.Errorf("creating topics: %w", err)
	}
	for _, topic := range response.Topics {
		switch refusal := kerr.ErrorForCode(topic.ErrorCode); {
		case refusal == nil:
			created++
		case errors.Is(refusal, kerr.TopicAlreadyExists):
		case err == nil:
			err = fmt.Errorf("creating %s: %w", topic.Topic, Needing(explained(refusal, topic.ErrorMessage), Create, Name(topic.Topic)))
		}
	}
	return created, err
}
