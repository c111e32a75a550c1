package topics

import (
	"maps"
	"slices"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// Record is a Kafka record as this room knows it: independent of any client.
type Record struct {
	Topic     string
	Partition int32
	Offset    int64
	Timestamp schemas.Instant
	Key       []byte
	Headers   []Header
	Value     []byte
}

// Header is a Kafka header. Names may repeat; where one is wanted, the last counts.
type Header struct {
	Key   string
	Value []byte
}

// HeadersOf takes headers over from a client whose type has the same fields, for instance kgo.RecordHeader.
func HeadersOf[H ~struct {
	Key   string
	Value []byte
}](headers []H) []Header {
	if len(headers) == 0 {
		return nil
	}
	out := make([]Header, len(headers))
	for i, header := range headers {
		out[i] = Header(header)
	}
	return out
}

// HeadersOfMap takes headers over from a map, for instance goka.Headers, sorted by name so that what is made of them
// is the same each time.
func HeadersOfMap[M ~map[string][]byte](headers M) []Header {
	if len(headers) == 0 {
		return nil
	}
	out := make([]Header, 0, len(headers))
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		out = append(out, Header{Key: name, Value: headers[name]})
	}
	return out
}
