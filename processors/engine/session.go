package engine

import (
	"context"
	"sync/atomic"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kgo"
)

// claims is goka's view of one assignment: sarama.ConsumerGroupSession. It counts the messages that goka has not
// finished; goka marks them in no particular order, so nothing is read from the marks but their number.
type claims struct {
	ctx        context.Context
	cancel     context.CancelFunc
	member     string
	generation int32
	byTopic    map[string][]int32
	channels   map[string]map[int32]chan *sarama.ConsumerMessage

	outstanding atomic.Int64
	done        chan struct{}
}

var _ sarama.ConsumerGroupSession = (*claims)(nil)

// claimBuffer is how many messages of a partition wait between the loop and goka.
const claimBuffer = 256

func newClaims(client *kgo.Client, shape shape, partitions []int32) *claims {
	c := &claims{
		byTopic:  make(map[string][]int32),
		channels: make(map[string]map[int32]chan *sarama.ConsumerMessage),
		done:     make(chan struct{}, 1),
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.member, c.generation = client.GroupMetadata()
	if len(partitions) == 0 {
		return c
	}
	for _, topic := range shape.claimed() {
		c.byTopic[topic] = partitions
		c.channels[topic] = make(map[int32]chan *sarama.ConsumerMessage, len(partitions))
		for _, partition := range partitions {
			c.channels[topic][partition] = make(chan *sarama.ConsumerMessage, claimBuffer)
		}
	}
	return c
}

// expect announces count messages; it is called before the first of them is sent.
func (c *claims) expect(count int) { c.outstanding.Add(int64(count)) }

// MarkOffset implements sarama.ConsumerGroupSession: one message is finished.
func (c *claims) MarkOffset(string, int32, int64, string) {
	if c.outstanding.Add(-1) == 0 {
		select {
		case c.done <- struct{}{}:
		default:
		}
	}
}

// Claims implements sarama.ConsumerGroupSession.
func (c *claims) Claims() map[string][]int32 { return c.byTopic }

// MemberID implements sarama.ConsumerGroupSession.
func (c *claims) MemberID() string { return c.member }

// GenerationID implements sarama.ConsumerGroupSession.
func (c *claims) GenerationID() int32 { return c.generation }

// Commit implements sarama.ConsumerGroupSession; positions are committed with the transaction.
func (c *claims) Commit() {}

// ResetOffset implements sarama.ConsumerGroupSession; goka does not call it.
func (c *claims) ResetOffset(string, int32, int64, string) {}

// MarkMessage implements sarama.ConsumerGroupSession.
func (c *claims) MarkMessage(m *sarama.ConsumerMessage, metadata string) {
	c.MarkOffset(m.Topic, m.Partition, m.Offset+1, metadata)
}

// Context implements sarama.ConsumerGroupSession: it ends after the last message was finished or given up.
func (c *claims) Context() context.Context { return c.ctx }

// claim is one partition of one input: sarama.ConsumerGroupClaim.
type claim struct {
	topic     string
	partition int32
	messages  chan *sarama.ConsumerMessage
}

var _ sarama.ConsumerGroupClaim = claim{}

// Topic implements sarama.ConsumerGroupClaim.
func (c claim) Topic() string { return c.topic }

// Partition implements sarama.ConsumerGroupClaim.
func (c claim) Partition() int32 { return c.partition }

// InitialOffset implements sarama.ConsumerGroupClaim; goka only logs it.
func (c claim) InitialOffset() int64 { return 0 }

// HighWaterMarkOffset implements sarama.ConsumerGroupClaim; goka does not ask.
func (c claim) HighWaterMarkOffset() int64 { return 0 }

// Messages implements sarama.ConsumerGroupClaim.
func (c claim) Messages() <-chan *sarama.ConsumerMessage { return c.messages }
