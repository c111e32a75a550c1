package simulation

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/playlist"
	"github.com/rmn-arms/campaign-engine/topics"
)

// A device that was sent something by a clock that was ahead moves when it has been put back: the store where it is comes above
// what the one that it has left has sent, and so does each one after that.
func TestAMoveUnderAClockThatWasPutBack(t *testing.T) {
	t.Parallel()
	const began instant.Instant = 1_796_083_200_000
	sent := map[string][]int64{}
	r, err := New(Config{Now: began, Written: func(record topics.Record) error {
		if record.Topic == string(topics.DeviceCommands) {
			event, refusal := topics.DecodeCommand(record.Value)
			if refusal != nil {
				return fmt.Errorf("reading a command: %v", refusal)
			}
			sent[event.Data.StoreID] = append(sent[event.Data.StoreID], event.Data.PlaylistRevision)
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	do := func(after instant.Millis, topic topics.Name, key string, value []byte) {
		t.Helper()
		r.Drive(began.Add(after))
		if err := r.Publish(topics.Record{Topic: string(topic), Key: []byte(key), Value: value}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := r.RunUntil(r.Now().Add(1000)); err != nil {
				t.Fatal(err)
			}
		}
	}
	register := func(store string, second int) []byte {
		return fmt.Appendf(nil, `{"specversion":"1.0","id":"e","source":"s","type":%q,"subject":%q,"time":"2026-12-01T00:00:%02dZ",`+
			`"data":{"device_id":"d-1","store_id":%q}}`, schemas.DeviceRegistered, store, second, store)
	}
	placed := playlist.Placement{
		CampaignID: "c-1", Sequence: 1, Revision: 1, Placed: true, StartsAt: began, EndsAt: began.Add(1 << 30),
		Creatives: []playlist.Creative{{
			ID: "cr-1", Version: 1, URL: "https://cdn.example/cr-1", SHA256: strings.Repeat("0", 64), Bytes: 1, MIME: "video/mp4", DurationMs: 1,
		}},
	}
	do(0, topics.DeviceEvents, "s-1", register("s-1", 1))
	do(3_600_000, topics.StorePlacements, "s-1", placed.AppendBinary(nil))
	do(10_000, topics.DeviceEvents, "s-2", register("s-2", 2))
	do(20_000, topics.DeviceEvents, "s-3", register("s-3", 3))
	if old, next := slices.Max(sent["s-1"]), sent["s-2"]; len(next) != 2 || next[0] >= old || next[1] <= old {
		t.Errorf("the first store sent %d, the second one %d", sent["s-1"], next)
	}
	if old, next := slices.Max(sent["s-2"]), sent["s-3"]; len(next) != 1 || next[0] <= old {
		t.Errorf("the second store sent %d, the third one %d", sent["s-2"], next)
	}
}
