package topics

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// Position returns <topic>/<partition>/<offset>: the id of the record's dead letter.
func (r Record) Position() string {
	return r.Topic + "/" + strconv.FormatInt(int64(r.Partition), 10) + "/" + strconv.FormatInt(r.Offset, 10)
}

// RefusedEvent returns the dead letter of a refused record. It is made of the record alone, so a record that is refused
// again after a restart gives the same event. The event's size is bounded whatever the record holds; what is cut is
// the end of the value, of the key and of the list of headers, each with its whole size beside it.
//
// The subject is the record's key if that could be an id in length and is UTF-8, else it is missing. A timestamp that
// RFC 3339 cannot write, and Kafka's -1 for none, become the nearest instant from 1970 to 9999.
func RefusedEvent(record Record, refusal *Refusal) *schemas.Event[schemas.Refused] {
	at := writable(record.Timestamp)
	digest := sha256.Sum256(record.Value)
	event := schemas.NewEvent(record.Position(), schemas.RecordRefused, subjectOf(record.Key), at, schemas.Refused{
		Reason: refusal.Reason, Detail: refusal.Detail,
		Topic: record.Topic, Partition: record.Partition, Offset: record.Offset, Timestamp: at,
		KeyBase64:    base64.StdEncoding.EncodeToString(RefusedKey(record.Key)),
		KeyBytes:     int64(len(record.Key)),
		ValueBase64:  base64.StdEncoding.EncodeToString(atMost(record.Value, schemas.RefusedValueMaxBytes)),
		ValueBytes:   int64(len(record.Value)),
		ValueSHA256:  hex.EncodeToString(digest[:]),
		Headers:      refusedHeaders(record.Headers),
		HeadersTotal: int64(len(record.Headers)),
	})
	return &event
}

// RefusedKey returns the key of a record's dead letter: the record's own, of which at most KeyMaxBytes are kept.
func RefusedKey(key []byte) []byte { return atMost(key, KeyMaxBytes) }

func atMost(b []byte, limit int) []byte { return b[:min(len(b), limit)] }

func refusedHeaders(headers []Header) []schemas.RefusedHeader {
	kept := []schemas.RefusedHeader{} // never null in JSON
	left := HeadersMaxBytes
	for _, header := range headers {
		if left -= HeaderBytes(len(header.Key), len(header.Value)); left < 0 {
			break
		}
		kept = append(kept, schemas.RefusedHeader{
			Key:         strings.ToValidUTF8(header.Key, "\uFFFD"),
			ValueBase64: base64.StdEncoding.EncodeToString(header.Value),
		})
	}
	return kept
}

func subjectOf(key []byte) string {
	if len(key) > schemas.IDMaxChars || !utf8.Valid(key) {
		return ""
	}
	return string(key)
}

func writable(at schemas.Instant) schemas.Instant { return min(max(at, 0), schemas.InstantMax) }
