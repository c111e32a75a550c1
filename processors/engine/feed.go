package engine

import (
	"encoding/binary"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// feed hands one batch to goka's partitions and waits until all of it is finished. Its memory is used again for the next
// batch: goka copies what it keeps.
type feed struct {
	running  *running
	messages []sarama.ConsumerMessage
}

// batch is what the callbacks of one batch are told. It changes only while none runs.
type batch struct {
	now instant.Instant
	// firing are the partitions that have caught up with their inputs.
	firing []int32
}

func (f *feed) clear() {
	clear(f.messages)
	f.messages = f.messages[:0]
}

func (f *feed) count() int { return len(f.messages) }

func (f *feed) addTimer(stream string, partition int32, key string, due, now instant.Instant) {
	both := append(make([]byte, 0, len(key)+8), key...)
	both = binary.BigEndian.AppendUint64(both, uint64(due))
	f.messages = append(f.messages, sarama.ConsumerMessage{
		Topic: stream, Partition: partition, Key: both[:len(key):len(key)], Timestamp: now.Time(), Value: both[len(key):],
	})
}

func (f *feed) addRecord(r *kgo.Record) {
	f.messages = append(f.messages, sarama.ConsumerMessage{
		Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Key: r.Key, Value: r.Value, Timestamp: r.Timestamp,
		Headers: saramaHeaders(r.Headers),
	})
}

func saramaHeaders(headers []kgo.RecordHeader) []*sarama.RecordHeader {
	if len(headers) == 0 {
		return nil
	}
	out := make([]*sarama.RecordHeader, len(headers))
	for i, h := range headers {
		out[i] = &sarama.RecordHeader{Key: []byte(h.Key), Value: h.Value}
	}
	return out
}

// process gives the batch to goka and waits for it. Its error is errCallbackStopped, or errRevoked: then the batch may hold
// records of the next assignment, which the client has fetched already, and of partitions that goka does not have yet.
func (f *feed) process(e *Engine, now instant.Instant) error {
	e.batch = batch{now: now, firing: e.partitions.firingNow()}
	claims := f.running.claims
	claims.expect(len(f.messages))
	for i := range f.messages {
		m := &f.messages[i]
		select {
		case claims.channels[m.Topic][m.Partition] <- m:
		case <-f.running.failed:
			return errCallbackStopped
		case <-f.running.revoked:
			return errRevoked
		}
	}
	select {
	case <-claims.done:
		return nil
	case <-f.running.failed:
		return errCallbackStopped
	case <-f.running.revoked:
		return errRevoked
	}
}
