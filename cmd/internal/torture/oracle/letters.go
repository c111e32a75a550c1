package oracle

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

type letterData struct {
	Reason    string `json:"reason"`
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
	Bytes     int    `json:"value_bytes"`
	Digest    string `json:"value_sha256"`
}

// checkLetters compares dead-letters with the inputs that had to be refused: each once, under its position, for its reason,
// with its key and of its value.
func checkLetters(letters []Record, refused map[string]refusal, topic string, findings *Findings) {
	seen := map[string]string{}
	for i := range letters {
		at := position(topic, &letters[i])
		var event envelope
		var data letterData
		if json.Unmarshal(letters[i].Value, &event) != nil || json.Unmarshal(event.Data, &data) != nil ||
			event.ID != fmt.Sprintf("%s/%d/%d", data.Topic, data.Partition, data.Offset) {
			findings.add(Wrong, "I6", event.ID, at, "is no dead letter")
			continue
		}
		want, wanted := refused[event.ID]
		before, twice := seen[event.ID]
		seen[event.ID] = at
		switch {
		case twice:
			findings.add(Doubled, "I6", event.ID, at, "was refused before, at %s", before)
		case !wanted:
			findings.add(Wrong, "I6", event.ID, at, "was refused as %s, but is good", data.Reason)
		case want.reason != data.Reason:
			findings.add(Wrong, "I6", event.ID, at, "was refused as %s, want %s", data.Reason, want.reason)
		case letters[i].Key != want.input.Key || data.Bytes != len(want.input.Value) || data.Digest != digest(want.input.Value):
			findings.add(Wrong, "I6", event.ID, at, "has key %q and speaks of %d bytes, and is about the %d bytes of key %q",
				letters[i].Key, data.Bytes, len(want.input.Value), want.input.Key)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(refused)) {
		if _, there := seen[id]; !there {
			findings.add(Lost, "I6", id, "", "had to be refused as %s: no dead letter", refused[id].reason)
		}
	}
}

func digest(value []byte) string {
	sum := sha256.Sum256(value)
	return hex.EncodeToString(sum[:])
}
