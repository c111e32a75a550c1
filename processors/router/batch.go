package router

import (
	"github.com/go-json-experiment/json"
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

// destination returns whose topic a record goes to, and the device's id, by which it is compacted there. why says why it goes
// nowhere, without repeating what is in it.
func destination(r *kgo.Record) (store, device, why string) {
	var event struct {
		Type schemas.Type `json:"type"`
		Data struct {
			StoreID  string `json:"store_id"`
			DeviceID string `json:"device_id"`
		} `json:"data"`
	}
	switch err := json.Unmarshal(r.Value, &event); {
	case err != nil:
		return "", "", "its value is no event in JSON"
	case event.Type != schemas.DeviceCommand:
		return "", "", "its type is not " + string(schemas.DeviceCommand)
	case !schemas.IsStoreID(event.Data.StoreID):
		return "", "", "its store_id is not a store's id"
	case !schemas.IsID(event.Data.DeviceID):
		return "", "", "its device_id is not an id"
	case string(r.Key) != event.Data.StoreID:
		return "", "", "its key is not its store_id"
	}
	return event.Data.StoreID, event.Data.DeviceID, ""
}

// signed returns the record that goes into a store's topic: the same bytes, time and headers, and the signature.
func (i item) signed(jws string) *kgo.Record {
	headers := make([]kgo.RecordHeader, 0, len(i.record.Headers)+1)
	for _, header := range i.record.Headers {
		if header.Key != schemas.SignatureHeader {
			headers = append(headers, header)
		}
	}
	return &kgo.Record{
		Topic: string(i.to), Partition: 0, Key: []byte(i.device), Value: i.record.Value, Timestamp: i.record.Timestamp,
		Headers: append(headers, kgo.RecordHeader{Key: schemas.SignatureHeader, Value: []byte(jws)}),
	}
}
