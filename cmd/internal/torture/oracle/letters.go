package oracle

import (
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
}

// checkLetters compares dead-letters with the inputs that had to be refused: each once, under its position, for its reason.
func checkLetters(letters []Record, refused map[string]string, topic string, findings *Findings) {
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
		reason, wanted := refused[event.ID]
		before, twice := seen[event.ID]
		seen[event.ID] = at
		switch {
		case twice:
			findings.add(Doubled, "I6", event.ID, at, "was refused before, at %s", before)
		case !wanted:
			findings.add(Wrong, "I6", event.ID, at, "was refused as %s, but is good", data.Reason)
		case reason != data.Reason:
			findings.add(Wrong, "I6", event.ID, at, "was refused as %s, want %s", data.Reason, reason)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(refused)) {
		if _, there := seen[id]; !there {
			findings.add(Lost, "I6", id, "", "had to be refused as %s: no dead letter", refused[id])
		}
	}
}
