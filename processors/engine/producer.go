package engine

import (
	"errors"

	"github.com/IBM/sarama"
	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kgo"
)

// producer is goka's way out: goka.Producer into the open transaction. Its promises are kept at once, since nothing counts
// before the commit. Rows are not produced here: the transaction sends each row's last value.
type producer struct{ engine *Engine }

var _ goka.Producer = producer{}

// errNoTransaction says that something was emitted outside a callback.
var errNoTransaction = errors.New("emitting: no transaction is open; emit only from within a callback")

// Emit implements goka.Producer.
func (p producer) Emit(topic, key string, value []byte) *goka.Promise {
	return p.EmitWithHeaders(topic, key, value, nil)
}

// EmitWithHeaders implements goka.Producer.
func (p producer) EmitWithHeaders(topic, key string, value []byte, headers goka.Headers) *goka.Promise {
	_, finish := goka.NewPromiseWithFinisher()
	t := p.engine.emitting.Load()
	if t == nil {
		return finish(nil, errNoTransaction)
	}
	if topic != p.engine.shape.table {
		// The time of a record is that of the decision: who reads it may decide by it, also when the engine's clock is a driven one.
		record := &kgo.Record{
			Topic: topic, Partition: byKey, Value: value, Headers: recordHeaders(headers), Timestamp: p.engine.batch.now.Time(),
		}
		// goka's keys are strings: an empty one stands for a record that has none.
		if key != "" {
			record.Key = []byte(key)
		}
		t.emit(record)
	}
	return finish(kept, nil)
}

// kept is what every promise is kept with: goka looks at the error alone.
var kept = &sarama.ProducerMessage{}

func recordHeaders(headers goka.Headers) []kgo.RecordHeader {
	if len(headers) == 0 {
		return nil
	}
	out := make([]kgo.RecordHeader, 0, len(headers))
	for key, value := range headers {
		out = append(out, kgo.RecordHeader{Key: key, Value: value})
	}
	return out
}

// Close implements goka.Producer; the member's client is closed with the member.
func (p producer) Close() error { return nil }
