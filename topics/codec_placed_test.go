package topics

import (
	"regexp"
	"testing"

	"github.com/go-json-experiment/json"
	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// TestPlacedIsWhatReflectionWrites holds the campaign that is written by hand against the struct's tags.
func TestPlacedIsWhatReflectionWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		placed := somePlaced(t)
		want, err := json.Marshal(placed)
		if err != nil {
			t.Fatal(err)
		}
		got, err := EncodePlaced(placed)
		if err != nil || string(got) != string(want) {
			t.Fatalf("got  %s, %v\nwant %s", got, err, want)
		}
		back, err := DecodePlaced(got)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := EncodePlaced(back); err != nil || string(again) != string(got) {
			t.Fatalf("decoded and encoded again: %s, %v", again, err)
		}
	})
}

func TestDecodePlacedRefusesWhatCannotBeWritten(t *testing.T) {
	placed, err := EncodePlaced(samplePlaced(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"starts_at", "ends_at"} {
		for _, at := range []string{"9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00+00:01"} {
			damaged := regexp.MustCompile(`"`+field+`":"[^"]*"`).ReplaceAll(placed, []byte(`"`+field+`":"`+at+`"`))
			if got, err := DecodePlaced(damaged); err == nil {
				t.Errorf("%s %s was accepted: %+v", field, at, got)
			}
		}
	}
}

func somePlaced(t *rapid.T) schemas.Placed {
	text := rapid.String()
	instants := rapid.Int64Range(0, int64(schemas.InstantMax))
	placed := schemas.Placed{
		CampaignID: text.Draw(t, "id"), Revision: rapid.Int64().Draw(t, "revision"),
		AdvertiserID: text.Draw(t, "advertiser"), Name: text.Draw(t, "name"),
		StartsAt: schemas.Instant(instants.Draw(t, "starts")), StartsAtLocal: text.Draw(t, "starts local"),
		EndsAt: schemas.Instant(instants.Draw(t, "ends")), EndsAtLocal: text.Draw(t, "ends local"),
		TimeZone: text.Draw(t, "zone"), Disambiguation: schemas.Disambiguation(text.Draw(t, "disambiguation")),
		TZDB: text.Draw(t, "tzdb"), Budget: schemas.Money{Amount: text.Draw(t, "amount"), Currency: text.Draw(t, "currency")},
		CPM: text.Draw(t, "cpm"), Stores: rapid.SliceOf(text).Draw(t, "stores"),
		Creatives: rapid.SliceOf(rapid.Custom(someCreative)).Draw(t, "creatives"),
	}
	if rapid.Bool().Draw(t, "has grace") {
		grace := rapid.Int64().Draw(t, "grace")
		placed.SettlementGraceSeconds = &grace
	}
	if rapid.Bool().Draw(t, "has its grace resolved") {
		grace := rapid.Int64().Draw(t, "grace in ms")
		placed.SettlementGraceMs = &grace
	}
	return placed
}

func someCreative(t *rapid.T) schemas.Creative {
	text := rapid.String()
	return schemas.Creative{
		CreativeID: text.Draw(t, "creative"), Version: rapid.Int64().Draw(t, "version"), URL: text.Draw(t, "url"),
		SHA256: text.Draw(t, "sha256"), Bytes: rapid.Int64().Draw(t, "bytes"), MIME: text.Draw(t, "mime"),
		DurationMs: rapid.Int64().Draw(t, "duration"),
	}
}
