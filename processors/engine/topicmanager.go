package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/IBM/sarama"
	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// topicManager answers goka's questions about topics: goka.TopicManager over kadm. It creates nothing. Its client is the
// engine's, since goka does not close the topic managers of its views.
type topicManager struct {
	engine *Engine
	side   *kgo.Client
}

var _ goka.TopicManager = (*topicManager)(nil)

// errMissingTopic says that a topic of the graph does not exist or has another number of partitions.
var errMissingTopic = errors.New("create it, or correct its partitions, with: campaignd topics apply")

func newTopicManager(e *Engine) goka.TopicManager { return &topicManager{engine: e, side: e.asking} }

// Partitions implements goka.TopicManager. The virtual timer stream has as many as the group's other inputs.
func (t *topicManager) Partitions(topic string) ([]int32, error) {
	if topic == t.engine.shape.timer {
		topic = t.engine.shape.streams[0]
	}
	ctx, cancel := context.WithTimeout(t.engine.running, sideTimeout)
	defer cancel()
	listed, err := kadm.NewClient(t.side).ListTopics(ctx, topic)
	if err != nil {
		return nil, fmt.Errorf("listing topic %s: %w", topic, err)
	}
	detail, ok := listed[topic]
	if !ok || len(detail.Partitions) == 0 {
		return nil, fmt.Errorf("topic %s does not exist: %w", topic, errMissingTopic)
	}
	partitions := detail.Partitions.Numbers()
	slices.Sort(partitions)
	return partitions, nil
}

// EnsureTableExists implements goka.TopicManager: it checks and does not create.
func (t *topicManager) EnsureTableExists(topic string, count int) error { return t.check(topic, count) }

// EnsureStreamExists implements goka.TopicManager: it checks and does not create.
func (t *topicManager) EnsureStreamExists(topic string, count int) error {
	return t.check(topic, count)
}

// EnsureTopicExists implements goka.TopicManager: it checks and does not create.
func (t *topicManager) EnsureTopicExists(topic string, count, _ int, _ map[string]string) error {
	return t.check(topic, count)
}

func (t *topicManager) check(topic string, count int) error {
	partitions, err := t.Partitions(topic)
	if err != nil {
		return err
	}
	if len(partitions) != count {
		return fmt.Errorf("topic %s has %d partitions, the group's inputs have %d: %w",
			topic, len(partitions), count, errMissingTopic)
	}
	return nil
}

// GetOffset implements goka.TopicManager. The group's own table is recovered before goka asks, so goka finds nothing to
// load. For a table of another group (Join, Lookup) the newest offset is the one after its last row: goka waits for that
// very record, and would wait for ever for a marker.
func (t *topicManager) GetOffset(topic string, partition int32, at int64) (int64, error) {
	if topic == t.engine.shape.table {
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(t.engine.running, sideTimeout)
	defer cancel()
	start, end, err := bounds(ctx, t.side, topic, partition)
	if err != nil {
		return 0, err
	}
	if at == sarama.OffsetOldest {
		return start, nil
	}
	return lastRow(ctx, t.side, topic, partition, start, end)
}

// Close implements goka.TopicManager; Run closes the client.
func (t *topicManager) Close() error { return nil }
