package router

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// item is a record that was read, and where it goes.
type item struct {
	record *kgo.Record
	to     topics.Name // empty: nowhere
	device string
}

// bounds are those of a transaction.
type bounds struct{ topics, records, bytes int }

// transactionMaxBytes is the most that one transaction writes, but for its last record; it is held in memory.
const transactionMaxBytes = 16 << 20

// cut returns how many of the items, from the first on, go into one transaction: at least one, if there is any. What lies
// behind the first that does not fit waits, so that no position moves past it.
func cut(items []item, most bounds) int {
	to := map[topics.Name]bool{}
	bytes := 0
	for i, item := range items {
		if i == most.records || bytes > most.bytes {
			return i
		}
		if item.to == "" {
			continue
		}
		if !to[item.to] && len(to) == most.topics {
			return i
		}
		to[item.to] = true
		bytes += len(item.record.Value)
	}
	return len(items)
}

// next returns the positions behind the items.
func next(items []item) map[int32]int64 {
	positions := make(map[int32]int64)
	for _, item := range items {
		positions[item.record.Partition] = item.record.Offset + 1
	}
	return positions
}

// destination returns whose topic a record goes to, and the device's id, by which it is compacted there, or why it goes nowhere.
func destination(r *kgo.Record) (store, device string, refusal *topics.Refusal) {
	// Headers go on beside a signature: what is too large with it would be refused by the brokers, again and again.
	if refusal = topics.CheckSize(r.Key, r.Value, topics.HeadersOf(r.Headers)); refusal != nil {
		return "", "", refusal
	}
	event, refusal := topics.DecodeCommand(r.Value)
	switch {
	case refusal != nil:
		return "", "", refusal
	case string(r.Key) != event.Data.StoreID:
		return "", "", &topics.Refusal{Reason: schemas.KeyMismatch, Detail: "key: must equal data.store_id"}
	}
	return event.Data.StoreID, event.Data.DeviceID, nil
}

// signed returns the record that goes into a store's topic: the same bytes, time and headers, and the signature.
func (i item) signed(jws string) *kgo.Record {
	record := i.bare()
	record.Headers = append(record.Headers, kgo.RecordHeader{Key: schemas.SignatureHeader, Value: []byte(jws)})
	return record
}

// bare is signed without a signature.
func (i item) bare() *kgo.Record {
	headers := make([]kgo.RecordHeader, 0, len(i.record.Headers)+1)
	for _, header := range i.record.Headers {
		if header.Key != schemas.SignatureHeader {
			headers = append(headers, header)
		}
	}
	return &kgo.Record{
		Topic: string(i.to), Partition: 0, Key: []byte(i.device), Value: i.record.Value, Timestamp: i.record.Timestamp,
		Headers: headers,
	}
}

// Route returns the record that goes into its store's topic for one of device-commands, as a Router makes it, signed by sign
// (nil: not signed). A refusal says that it goes nowhere; an error is sign's.
func Route(record *kgo.Record, sign func(value []byte) (string, error)) (*kgo.Record, *topics.Refusal, error) {
	store, device, refusal := destination(record)
	if refusal != nil {
		return nil, refusal, nil
	}
	to := item{record: record, to: topics.StoreTopic(store), device: device}
	if sign == nil {
		return to.bare(), nil, nil
	}
	jws, err := sign(record.Value)
	if err != nil {
		return nil, nil, fmt.Errorf("signing a command: %w", err)
	}
	return to.signed(jws), nil, nil
}
