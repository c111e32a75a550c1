package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// tableConsumer lets goka read other groups' tables (Join, Lookup): sarama.Consumer over franz-go, read_committed. What
// it reads is a moment behind, as in goka: it takes no part in the group's transactions.
type tableConsumer struct{ engine *Engine }

var _ sarama.Consumer = tableConsumer{}

func newTableConsumer(e *Engine) sarama.Consumer { return tableConsumer{e} }

// ConsumePartition implements sarama.Consumer.
func (c tableConsumer) ConsumePartition(topic string, partition int32, offset int64) (sarama.PartitionConsumer, error) {
	client, err := kgo.NewClient(slices.Concat(c.engine.config.Connect, []kgo.Opt{
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {partition: kgo.NewOffset().At(offset)}}),
	})...)
	if err != nil {
		return nil, fmt.Errorf("reading table %s/%d: %w", topic, partition, err)
	}
	p := &tablePartition{
		client: client, messages: make(chan *sarama.ConsumerMessage), errs: make(chan *sarama.ConsumerError),
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.reading.Go(p.read)
	return p, nil
}

// Topics implements sarama.Consumer; goka does not ask.
func (c tableConsumer) Topics() ([]string, error) { return nil, nil }

// Partitions implements sarama.Consumer; goka asks the topic manager instead.
func (c tableConsumer) Partitions(string) ([]int32, error) { return nil, nil }

// HighWaterMarks implements sarama.Consumer; goka uses them for statistics only.
func (c tableConsumer) HighWaterMarks() map[string]map[int32]int64 { return nil }

// Close implements sarama.Consumer.
func (c tableConsumer) Close() error { return nil }

// Pause implements sarama.Consumer; goka does not call it.
func (c tableConsumer) Pause(map[string][]int32) {}

// Resume implements sarama.Consumer; goka does not call it.
func (c tableConsumer) Resume(map[string][]int32) {}

// PauseAll implements sarama.Consumer; goka does not call it.
func (c tableConsumer) PauseAll() {}

// ResumeAll implements sarama.Consumer; goka does not call it.
func (c tableConsumer) ResumeAll() {}

// tablePartition is one partition of such a table: sarama.PartitionConsumer.
type tablePartition struct {
	client   *kgo.Client
	ctx      context.Context
	cancel   context.CancelFunc
	messages chan *sarama.ConsumerMessage
	errs     chan *sarama.ConsumerError
	reading  sync.WaitGroup
	closing  sync.Once
}

var _ sarama.PartitionConsumer = (*tablePartition)(nil)

func (p *tablePartition) read() {
	defer close(p.messages)
	defer close(p.errs)
	for p.ctx.Err() == nil {
		fetches := p.client.PollFetches(p.ctx)
		for iterator := fetches.RecordIter(); !iterator.Done(); {
			if !p.hand(iterator.Next()) {
				return
			}
		}
		for _, failed := range fetches.Errors() {
			if !errors.Is(failed.Err, context.Canceled) && !p.tell(failed) {
				return
			}
		}
	}
}

func (p *tablePartition) hand(r *kgo.Record) bool {
	message := &sarama.ConsumerMessage{
		Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Key: r.Key, Value: r.Value, Timestamp: r.Timestamp,
		Headers: saramaHeaders(r.Headers),
	}
	select {
	case p.messages <- message:
		return true
	case <-p.ctx.Done():
		return false
	}
}

func (p *tablePartition) tell(failed kgo.FetchError) bool {
	select {
	case p.errs <- &sarama.ConsumerError{Topic: failed.Topic, Partition: failed.Partition, Err: failed.Err}:
		return true
	case <-p.ctx.Done():
		return false
	}
}

// AsyncClose implements sarama.PartitionConsumer.
func (p *tablePartition) AsyncClose() {
	p.closing.Do(func() {
		p.cancel()
		go p.client.Close()
	})
}

// Close implements sarama.PartitionConsumer.
func (p *tablePartition) Close() error {
	p.AsyncClose()
	p.reading.Wait()
	return nil
}

// Messages implements sarama.PartitionConsumer.
func (p *tablePartition) Messages() <-chan *sarama.ConsumerMessage { return p.messages }

// Errors implements sarama.PartitionConsumer.
func (p *tablePartition) Errors() <-chan *sarama.ConsumerError { return p.errs }

// HighWaterMarkOffset implements sarama.PartitionConsumer; goka does not ask.
func (p *tablePartition) HighWaterMarkOffset() int64 { return 0 }

// Pause implements sarama.PartitionConsumer; goka does not call it.
func (p *tablePartition) Pause() {}

// Resume implements sarama.PartitionConsumer; goka does not call it.
func (p *tablePartition) Resume() {}

// IsPaused implements sarama.PartitionConsumer.
func (p *tablePartition) IsPaused() bool { return false }

// bounds returns the start and the last stable offset of a partition.
func bounds(ctx context.Context, side *kgo.Client, topic string, partition int32) (start, end int64, err error) {
	admin := kadm.NewClient(side)
	starts, err := admin.ListStartOffsets(ctx, topic)
	if err != nil {
		return 0, 0, fmt.Errorf("listing the starts of %s: %w", topic, err)
	}
	ends, err := admin.ListCommittedOffsets(ctx, topic)
	if err != nil {
		return 0, 0, fmt.Errorf("listing the ends of %s: %w", topic, err)
	}
	first, ok := starts.Lookup(topic, partition)
	last, ok2 := ends.Lookup(topic, partition)
	if err := errors.Join(first.Err, last.Err); err != nil || !ok || !ok2 {
		return 0, 0, fmt.Errorf("listing the offsets of %s/%d: %w", topic, partition, errors.Join(err, errUnlisted))
	}
	return first.Offset, last.Offset, nil
}
