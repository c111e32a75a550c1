package demo

import (
	"slices"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/topics"
)

// TestTheDemonstrationIsTaken: the engine refuses none of its events, within fifteen seconds all has happened, and its campaigns
// are for the simulated stores.
func TestTheDemonstrationIsTaken(t *testing.T) {
	began := time.Date(2026, 12, 1, 5, 0, 0, 0, time.UTC)
	steps, err := script(began, "http://127.0.0.1:7070")
	if err != nil {
		t.Fatal(err)
	}
	var stores []string
	for _, s := range theStores() {
		stores = append(stores, s.ID)
	}
	for _, s := range steps {
		record, err := s.record()
		if err != nil {
			t.Fatal(err)
		}
		if s.after >= 9*time.Second {
			t.Errorf("%s comes after %v", s.event.ID, s.after)
		}
		event, refusal := topics.DecodeCampaignEvent(record.Key, record.Value, nil)
		if refusal != nil {
			t.Fatalf("%s is refused: %v", s.event.ID, refusal)
		}
		d := event.Definition
		if d == nil {
			continue
		}
		if !slices.Equal(d.Stores, stores) || len(d.Creatives) != 1 || d.Creatives[0].MIME != spotMIME {
			t.Errorf("%s is for %q: %+v", s.event.ID, d.Stores, d.Creatives)
		}
		if d.EndsAt != nil && d.EndsAt.Time().Sub(began) > 15*time.Second-graceSeconds*time.Second {
			t.Errorf("%s ends at %s", s.event.ID, d.EndsAt)
		}
	}
}
