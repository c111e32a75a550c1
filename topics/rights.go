package topics

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// nobodyID stands for a member and an instance that there cannot be: an instance's name begins with a letter or a digit.
const nobodyID = "_rights"

// Lacking asks the brokers which of the rights this client's principal has, and returns the others. It changes nothing. Of a
// topic that does not exist nothing can be said: its rights count as there.
func (a *Admin) Lacking(ctx context.Context, rights []Right) ([]Right, error) {
	var lacking []Right
	var err error
	for round := range looksMax { // a broker learns of a right some moments after it was granted
		if round > 0 && !a.pause(ctx, round) {
			break
		}
		if lacking, err = a.lacking(ctx, rights); err == nil && len(lacking) == 0 {
			return nil, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("asking for rights: %w", err)
	}
	return lacking, nil
}

func (a *Admin) lacking(ctx context.Context, rights []Right) ([]Right, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	onTopics, err := a.topicOperations(ctx, rights)
	if err != nil {
		return nil, err
	}
	var lacking []Right
	for _, right := range rights {
		has := true
		switch right.Resource {
		case OnTopic:
			has = onTopics[asked(right)]&(1<<right.Operation.Kafka()) != 0
			if right.Prefixed && right.Operation == Create { // of a topic that there is not nothing was told
				has, err = a.mayCreate(ctx, asked(right))
			}
			if !has && right.Operation == DescribeConfigs { // of a topic that may not be seen nothing was told
				has, err = a.maySeeSettings(ctx, right.Name)
			}
		case OnGroup:
			has, err = a.mayRead(ctx, right.Name)
		case OnTransactionalID:
			has, err = a.mayTransact(ctx, right)
		}
		if err != nil {
			return nil, err
		}
		if !has {
			lacking = append(lacking, right)
		}
	}
	return lacking, nil
}

const (
	everything = int32(-1)
	untold     = math.MinInt32 // of brokers older than KIP-430
)

// topicOperations returns a bit for each operation that is allowed on each topic that the rights name (KIP-430).
func (a *Admin) topicOperations(ctx context.Context, rights []Right) (map[string]int32, error) {
	var want []Stream
	for _, right := range rights {
		if right.Resource == OnTopic {
			want = append(want, Stream{Name: Name(asked(right))})
		}
	}
	request := metadataRequest(want)
	request.IncludeTopicAuthorizedOperations = true
	response, err := request.RequestWith(ctx, a.client)
	if err != nil {
		return nil, fmt.Errorf("asking for the rights on topics: %w", err)
	}
	allowed := map[string]int32{}
	for _, topic := range response.Topics {
		allowed[*topic.Topic] = topic.AuthorizedOperations
		switch err := kerr.ErrorForCode(topic.ErrorCode); {
		case errors.Is(err, kerr.TopicAuthorizationFailed):
			allowed[*topic.Topic] = 0
		case err != nil, topic.AuthorizedOperations == untold:
			allowed[*topic.Topic] = everything
		}
	}
	return allowed, nil
}

// asked is the topic by which a right is asked for: of one that is about many, one that there is not.
func asked(right Right) string {
	if right.Prefixed {
		return right.Name + nobodyID
	}
	return right.Name
}

// mayCreate asks by the creation of a topic that is only checked: brokers look at the right first.
func (a *Admin) mayCreate(ctx context.Context, topic string) (bool, error) {
	request := kmsg.NewPtrCreateTopicsRequest()
	request.TimeoutMillis, request.ValidateOnly = int32(callTimeout.Milliseconds()), true
	request.Topics = append(request.Topics, creation(Stream{Name: Name(topic), Partitions: 1}, Options{}))
	response, err := request.RequestWith(ctx, a.client)
	if err == nil && len(response.Topics) > 0 {
		err = kerr.ErrorForCode(response.Topics[0].ErrorCode)
	}
	return mayAs(err, "the creation of topic "+topic)
}

func (a *Admin) maySeeSettings(ctx context.Context, topic string) (bool, error) {
	resources, err := a.admin.DescribeTopicConfigs(ctx, topic)
	if err == nil {
		_, err = resources.On(topic, func(r *kadm.ResourceConfig) error { return r.Err })
	}
	return mayAs(err, "the settings of topic "+topic)
}

// mayRead asks by the sign of life of a member that there is not: brokers look at the right first. A group need not exist.
func (a *Admin) mayRead(ctx context.Context, group string) (bool, error) {
	request := kmsg.NewPtrHeartbeatRequest()
	request.Group, request.MemberID, request.Generation = group, nobodyID, -1
	response, err := request.RequestWith(ctx, a.client)
	if err == nil {
		err = kerr.ErrorForCode(response.ErrorCode)
	}
	return mayAs(err, "group "+group)
}

// mayTransact asks by the end of a transaction that there is not: brokers look at the right first.
func (a *Admin) mayTransact(ctx context.Context, right Right) (bool, error) {
	request := kmsg.NewPtrEndTxnRequest()
	request.TransactionalID = right.Name
	if right.Prefixed {
		request.TransactionalID += nobodyID
	}
	response, err := request.RequestWith(ctx, a.client)
	if err == nil {
		err = kerr.ErrorForCode(response.ErrorCode)
	}
	return mayAs(err, "transactional id "+request.TransactionalID)
}

// mayAs reads an answer to a request about what there is not: no right; or, after the right was looked at, that it is unknown.
func mayAs(err error, what string) (bool, error) {
	var refused *kerr.Error
	switch {
	case Unauthorized(err):
		return false, nil
	case err == nil, errors.As(err, &refused) && !refused.Retriable:
		return true, nil
	}
	return false, fmt.Errorf("asking for the rights on %s: %w", what, err)
}
