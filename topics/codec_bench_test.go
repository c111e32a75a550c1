package topics

import (
	"testing"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// sampleDue is a due transition; a definition goes with it when campaign is true.
func sampleDue(tb testing.TB, campaign bool) *schemas.Event[schemas.Due] {
	const decided = schemas.Instant(1_796_101_200_021)
	event := schemas.NewEvent("c-1/1/schedule", schemas.TransitionDue, "c-1", decided, schemas.Due{
		TransitionID: "c-1/1/schedule", CampaignID: "c-1", Revision: 1, Transition: schemas.Schedule,
		ScheduledFor: decided - 21, DecidedAt: decided, LatenessMs: 21,
	})
	if !campaign {
		event.ID, event.Data.TransitionID, event.Data.Transition = "c-1/1/start", "c-1/1/start", schemas.Start
	}
	if campaign {
		placed, err := EncodePlaced(samplePlaced(tb))
		if err != nil {
			tb.Fatal(err)
		}
		event.Data.Campaign = placed
	}
	return &event
}

func samplePlaced(tb testing.TB) schemas.Placed {
	event, refusal := DecodeCampaignEvent([]byte("c-1"), []byte(sampleEvent), nil)
	if refusal != nil {
		tb.Fatal(refusal)
	}
	return event.Definition.Place(*event.Definition.StartsAt, *event.Definition.EndsAt, "2025c", 0)
}

func BenchmarkEncodeDue(b *testing.B) {
	event := sampleDue(b, false)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := EncodeDue(event); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeDue(b *testing.B) {
	for name, campaign := range map[string]bool{"timed": false, "with campaign": true} {
		b.Run(name, func(b *testing.B) {
			value, err := EncodeDue(sampleDue(b, campaign))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, refusal := DecodeDue(value); refusal != nil {
					b.Fatal(refusal)
				}
			}
		})
	}
}

func BenchmarkEncodePlaced(b *testing.B) {
	placed := samplePlaced(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := EncodePlaced(placed); err != nil {
			b.Fatal(err)
		}
	}
}
