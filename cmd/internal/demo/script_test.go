package demo

import (
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/topics"
)

// TestTheDemonstrationIsTaken: the engine refuses none of its events, and within ten seconds all has been said.
func TestTheDemonstrationIsTaken(t *testing.T) {
	began := time.Date(2026, 12, 1, 5, 0, 0, 0, time.UTC)
	steps, err := script(began)
	if err != nil {
		t.Fatal(err)
	}
	coffee := map[string]bool{} // plays
	for _, s := range steps {
		record, err := s.record()
		if err != nil {
			t.Fatal(err)
		}
		if s.after >= 9*time.Second {
			t.Errorf("%s comes after %v", s.event.ID, s.after)
		}
		if s.topic != topics.Plays {
			if _, refusal := topics.DecodeCampaignEvent(record.Key, record.Value, nil); refusal != nil {
				t.Errorf("%s is refused: %v", s.event.ID, refusal)
			}
			continue
		}
		event, refusal := topics.DecodePlay(record.Key, record.Value, nil)
		if refusal != nil {
			t.Fatalf("%s is refused: %v", s.event.ID, refusal)
		}
		if event.Play.EndedAt.Time().After(began.Add(s.after)) {
			t.Errorf("%s is reported before it has ended", s.event.ID)
		}
		if event.Play.CampaignID == "demo-050000-coffee" {
			coffee[event.Play.PlayID] = true
		}
	}
	if want := 28 + 2; len(coffee) != want { // 28 that count, one too early, one that comes too late
		t.Errorf("coffee has %d plays, want %d", len(coffee), want)
	}
}
