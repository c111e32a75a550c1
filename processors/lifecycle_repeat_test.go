package processors_test

import (
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

// TestLifecycleAccountsForWhatItReadsAgain has the lifecycle read transitions-due a second time, from the start, with its
// table as it is: a settled campaign's row, which has shrunk, a rejected due's, and a record that was refused.
func TestLifecycleAccountsForWhatItReadsAgain(t *testing.T) {
	const before, after = "2026-12-01T09:00:00Z", "2026-12-01T18:00:00Z"
	placed := windowed("c-1", "2026-12-01T10:00:00Z", after)
	dues := []string{
		dueOf("c-1", 1, schemas.Schedule, before, placed),
		dueOf("c-1", 2, schemas.Resume, before, ""),     // rejected
		dueOf("c-1", 1, schemas.Start, before, ""),      // superseded
		dueOf("c-1", 3, schemas.Reschedule, before, ""), // refused: it brings no definition
		dueOf("c-1", 3, schemas.Pause, before, ""),
		dueOf("c-1", 3, schemas.End, after, ""),
		dueOf("c-1", 3, schemas.Settle, after, ""),
		dueOf("c-1", 3, schemas.Settle, after, ""), // rejected, by a row that has shrunk
	}
	d := newBroker(t, setup{partitions: 1, now: instant.Of(time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC))})
	for _, due := range dues {
		d.publish([]topics.Record{{Topic: string(topics.TransitionsDue), Key: []byte("c-1"), Value: []byte(due)}})
	}
	d.begin(topics.Lifecycle)
	d.ready()
	d.settle()
	first, rows := byTopic(d.outputs()), rowsOf(d)
	if applied := len(first[topics.TransitionsApplied]); applied != 4 || len(first[topics.TransitionsRejected]) != 3 {
		t.Fatalf("%d were applied, %d rejected", applied, len(first[topics.TransitionsRejected]))
	}

	d.losePositions(topics.Lifecycle)
	d.begin(topics.Lifecycle)
	d.ready()
	d.awaitDuesTaken(2 * len(dues))
	d.settle()
	again := byTopic(d.outputs())
	if letters := again[topics.DeadLetters]; len(again) != 1 || len(letters) != 1 ||
		string(letters[0].Value) != string(first[topics.DeadLetters][0].Value) {
		t.Errorf("reading again wrote %v; want the one dead letter as it was", again)
	}
	same(t, rows, rowsOf(d))
	counted := d.counted(topics.Lifecycle)
	want := map[string]int{
		processors.Applied: 4, processors.Rejected: 3, processors.Duplicates: 7, processors.Refused + "schema": 2,
	}
	same(t, want, counted)
}
