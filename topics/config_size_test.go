package topics

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/schemas"
)

func TestSizesFit(t *testing.T) {
	for name, size := range map[string]int{
		"a dead letter": deadLetterMaxBytes(), "a record on a loop": loopMaxBytes(), "a transition or row": transitionMaxBytes(),
		"a statement": statementMaxBytes(), "a readiness": readinessMaxBytes(),
	} {
		if size > OutputMaxBytes {
			t.Errorf("%s may have %d bytes, more than OutputMaxBytes = %d", name, size, OutputMaxBytes)
		}
	}
	// What is allowed must come in, whole and in a batch of its own; what is not, far enough to be refused with a reason.
	largest := batchMaxOverheadBytes + schemas.RecordMaxBytes + KeyMaxBytes + HeadersMaxBytes
	if InputMaxBytes < 5*largest {
		t.Errorf("InputMaxBytes = %d leaves no room above the largest record, %d", InputMaxBytes, largest)
	}
	for _, stream := range append(Streams(), StoreStream()) {
		switch {
		case stream.Source == "" && stream.MaxMessageBytes != OutputMaxBytes:
			t.Errorf("%s takes batches up to %d, but the engine's go up to %d", stream.Name, stream.MaxMessageBytes, OutputMaxBytes)
		case stream.Source != "" && stream.MaxMessageBytes != InputMaxBytes:
			t.Errorf("%s takes batches up to %d, want InputMaxBytes", stream.Name, stream.MaxMessageBytes)
		case stream.Cleanup == Compact && stream.MaxMessageBytes > 64<<20:
			t.Errorf("%s: Kafka wants a batch to fit into a segment", stream.Name)
		}
	}
}

// The worst records that can be thrown at the engine: their dead letters stay under the limit that was derived.
func TestWorstDeadLetterFits(t *testing.T) {
	for name, header := range map[string]Header{
		"no headers":                   {},
		"headers of one byte":          {Key: "\x01"},
		"headers that are all escaped": {Key: strings.Repeat("\x01", 2000)},
		"headers of no UTF-8":          {Key: strings.Repeat("a\xff", 2000)},
		"one large header":             {Value: make([]byte, HeadersMaxBytes*3/4-100)},
	} {
		record := worstRecord()
		for range 100_000 {
			record.Headers = append(record.Headers, header)
		}
		value, err := RefusedCodec{}.Encode(worstRefusal(record))
		if err != nil {
			t.Fatal(err)
		}
		size := batchMaxOverheadBytes + len(RefusedKey(record.Key)) + len(value)
		if size > deadLetterMaxBytes() {
			t.Errorf("%s: the dead letter has %d bytes, more than the %d that were derived", name, size, deadLetterMaxBytes())
		}
	}
}

func worstRecord() Record {
	return Record{
		Topic: strings.Repeat("t", 249), Partition: 1<<31 - 1, Offset: 1<<63 - 1, Timestamp: schemas.InstantMax,
		Key: make([]byte, 5<<20), Value: make([]byte, 5<<20),
	}
}

// The client's arithmetic and the broker's agree with ours: a batch of OutputMaxBytes goes into every topic that the
// engine writes, and the client itself stops what is larger.
func TestLargestBatchIsTaken(t *testing.T) {
	admin, cluster := newAdmin(t)
	mustApply(t, admin, Streams(), Options{Partitions: 1})
	client, err := kgo.NewClient(
		kgo.SeedBrokers(cluster.ListenAddrs()...),
		kgo.ProducerBatchMaxBytes(OutputMaxBytes), kgo.ProducerBatchCompression(kgo.NoCompression()),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	for _, stream := range Streams() {
		if len(Writers(stream.Name)) == 0 {
			continue
		}
		fits := &kgo.Record{Topic: string(stream.Name), Key: []byte("c-1"), Value: make([]byte, OutputMaxBytes-batchMaxOverheadBytes)}
		if err := client.ProduceSync(t.Context(), fits).FirstErr(); err != nil {
			t.Errorf("%s does not take a full batch: %v", stream.Name, err)
		}
		larger := &kgo.Record{Topic: string(stream.Name), Key: []byte("c-1"), Value: make([]byte, OutputMaxBytes)}
		if err := client.ProduceSync(t.Context(), larger).FirstErr(); !errors.Is(err, kerr.MessageTooLarge) {
			t.Errorf("%s: a record over the limit gives %v, want MessageTooLarge", stream.Name, err)
		}
	}
}

func TestHeaderBytes(t *testing.T) {
	for _, header := range []Header{{}, {Key: "ce_id", Value: []byte("e-1")}, {Key: strings.Repeat("\x01", 50), Value: make([]byte, 50)}} {
		event := RefusedEvent(Record{Topic: "t", Headers: []Header{header}}, &Refusal{Reason: schemas.Malformed})
		with, err := RefusedCodec{}.Encode(event)
		if err != nil {
			t.Fatal(err)
		}
		event.Data.Headers = []schemas.RefusedHeader{}
		without, err := RefusedCodec{}.Encode(event)
		if err != nil {
			t.Fatal(err)
		}
		if got, limit := len(with)-len(without), HeaderBytes(len(header.Key), len(header.Value)); got > limit {
			t.Errorf("a header %s takes %d bytes, but counts for %d", strconv.Quote(header.Key), got, limit)
		}
		if !bytes.Contains(with, []byte(`"headers":[`)) {
			t.Error("the headers are not where they were looked for")
		}
	}
}

func worstRefusal(record Record) *schemas.Event[schemas.Refused] {
	return RefusedEvent(record, &Refusal{Reason: schemas.TooLarge, Detail: strings.Repeat("d", 4096)})
}
