package processors

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/playlist"
	"github.com/rmn-arms/campaign-engine/topics"
)

// TestCommandsStayWithinTheirSize fills playlists with what takes most room in JSON, or least room beside its names: no command
// is larger than playlist.CommandMaxBytes says, and none leaves much room unused.
func TestCommandsStayWithinTheirSize(t *testing.T) {
	for name, url := range map[string]string{
		"short": "x:x", "long": "https://" + strings.Repeat("y", 2000), "escaped": "x:" + strings.Repeat(`"\`, 500),
		"of other characters": "x:" + strings.Repeat("é\u2028<", 300),
	} {
		t.Run(name, func(t *testing.T) {
			store, parts := playlist.New(), buckets{}
			longest := strings.Repeat("d", schemas.IDMaxChars)
			origin := playlist.Origin{Timestamp: schemas.IntegerMax}
			if _, err := store.Attend(parts, &playlist.Presence{DeviceID: longest, At: 1, Present: true}, origin, 0); err != nil {
				t.Fatal(err)
			}
			for i := range 100 {
				p := playlist.Placement{
					CampaignID: fmt.Sprintf("%0128d", i), Sequence: 1, Placed: true, StartsAt: 1, EndsAt: 253402300799999,
				}
				for j := range schemas.CreativesMaxCount {
					p.Creatives = append(p.Creatives, playlist.Creative{
						ID: fmt.Sprintf("%0128d", j), Version: schemas.IntegerMax, URL: url, SHA256: strings.Repeat("f", 64),
						Bytes: schemas.IntegerMax, MIME: "video/" + strings.Repeat("m", 127), DurationMs: schemas.IntegerMax,
					})
				}
				origin.Offset++
				if _, err := store.Place(parts, &p, origin, 0); err != nil {
					t.Fatal(err)
				}
			}
			fired, err := store.Fire(parts, "s-1", store.NextDue())
			if err != nil || len(fired.Commands) != 1 {
				t.Fatalf("%d commands, %v", len(fired.Commands), err)
			}
			event := commandEvent(strings.Repeat("s", schemas.IDMaxChars), &fired.Commands[0])
			encoded, err := topics.CommandCodec{}.Encode(&event)
			if err != nil {
				t.Fatal(err)
			}
			campaign := len(encoded) / (len(event.Data.Playlist) / schemas.CreativesMaxCount)
			if size := len(encoded); size > playlist.CommandMaxBytes || size < playlist.CommandMaxBytes-2*campaign {
				t.Errorf("a full command of %d entries has %d bytes", len(event.Data.Playlist), size)
			}
		})
	}
}
