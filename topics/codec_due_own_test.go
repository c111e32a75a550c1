package topics

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// TestBothWaysOfReadingADueAgree damages transitions as EncodeDue writes them: what the short way takes, the long way must
// read alike.
func TestBothWaysOfReadingADueAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value, err := EncodeDue(someOwnDue(t))
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(0, 2).Draw(t, "damages") {
			at := rapid.IntRange(0, len(value)-1).Draw(t, "at")
			value[at] = rapid.SampledFrom([]byte(`"\{},:0 1-9aZé`)).Draw(t, "byte")
		}
		short, own := decodeOwnDue(value)
		if !own {
			return
		}
		long, refusal := decodeAnyDue(value)
		if refusal != nil {
			t.Fatalf("the short way took what the long way refuses (%v): %s", *refusal, value)
		}
		if diff := cmp.Diff(long, short); diff != "" {
			t.Fatalf("%s\nis read in two ways (-long +short):\n%s", value, diff)
		}
	})
}

// TestTheShortWayIsTaken: without it every timed transition would be read ten times as slowly, and nobody would notice.
func TestTheShortWayIsTaken(t *testing.T) {
	for _, transition := range []schemas.Transition{
		schemas.Distribute, schemas.Start, schemas.End, schemas.Settle, schemas.Pause, schemas.Resume, schemas.Cancel,
	} {
		event := ownDue("c-1", 1, transition, 1_796_101_200_021, 21)
		value, err := EncodeDue(&event)
		if err != nil {
			t.Fatal(err)
		}
		got, own := decodeOwnDue(value)
		if diff := cmp.Diff(&event, got); !own || diff != "" {
			t.Errorf("%s: taken %t (-written +read):\n%s", transition, own, diff)
		}
	}
}

func ownDue(id string, revision int64, transition schemas.Transition, at schemas.Instant, late int64) schemas.Event[schemas.Due] {
	transitionID := schemas.TransitionID(id, revision, transition)
	return schemas.NewEvent(transitionID, schemas.TransitionDue, id, at, schemas.Due{
		TransitionID: transitionID, CampaignID: id, Revision: revision, Transition: transition,
		ScheduledFor: at - schemas.Instant(late), DecidedAt: at, LatenessMs: late,
	})
}

func someOwnDue(t *rapid.T) *schemas.Event[schemas.Due] {
	event := ownDue(
		rapid.StringMatching(`[A-Za-z0-9][A-Za-z0-9._-]{0,20}`).Draw(t, "id"),
		rapid.Int64Range(1, schemas.IntegerMax).Draw(t, "revision"),
		rapid.SampledFrom([]schemas.Transition{schemas.Start, schemas.End, schemas.Cancel, "schedule"}).Draw(t, "transition"),
		schemas.Instant(rapid.Int64Range(0, int64(schemas.InstantMax)).Draw(t, "at")),
		rapid.Int64Range(0, 100_000).Draw(t, "late"))
	return &event
}
