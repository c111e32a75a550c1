package link

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

const (
	// deliveryMax is how long a record may be on its way; then the device sends it again.
	deliveryMax = 20 * time.Second
	// lingers gathers what many devices say at once.
	lingers = 2 * time.Millisecond
)

// Sender sends what devices say.
type Sender struct{ client *kgo.Client }

// NewSender returns a sender. options say where the brokers are.
func NewSender(options []kgo.Opt) (*Sender, error) {
	client, err := kgo.NewClient(append(slices.Clone(options),
		kgo.RequiredAcks(kgo.AllISRAcks()), kgo.RecordDeliveryTimeout(deliveryMax), kgo.ProducerLinger(lingers),
		kgo.ProducerBatchMaxBytes(topics.OutputMaxBytes), kgo.UnknownTopicRetries(-1), kgo.MaxBufferedRecords(100_000),
	)...)
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	return &Sender{client}, nil
}

// Close waits until what is on its way has arrived, for a while.
func (s *Sender) Close(ctx context.Context) {
	_ = s.client.Flush(ctx) // what did not arrive is sent again after the next start
	s.client.Close()
}

// Send sends an event; done is told how it went, in a goroutine of its own.
func Send[D any](s *Sender, topic topics.Name, key string, event schemas.Event[D], done func(error)) {
	value, err := json.Marshal(event)
	if err != nil {
		go done(fmt.Errorf("writing a %s: %w", event.Type, err))
		return
	}
	s.produce(&kgo.Record{Topic: string(topic), Key: []byte(key), Value: value}, func(_ *kgo.Record, err error) { done(err) })
}

// Raw sends a record into a store's topic as it is; done gets its offset.
func (s *Sender) Raw(storeID string, r Record, done func(offset int64, err error)) {
	record := &kgo.Record{Topic: string(topics.StoreTopic(storeID)), Key: []byte(r.Key), Value: r.Value}
	if r.JWS != "" {
		record.Headers = []kgo.RecordHeader{{Key: schemas.SignatureHeader, Value: []byte(r.JWS)}}
	}
	s.produce(record, func(sent *kgo.Record, err error) { done(sent.Offset, err) })
}

// produce does not wait for room: a device whose word does not go out says it again.
func (s *Sender) produce(record *kgo.Record, done func(*kgo.Record, error)) {
	s.client.TryProduce(context.Background(), record, done)
}
