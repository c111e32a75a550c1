package timer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/timer"
)

// step is what happens to one campaign at an instant: a change is read, or (without one) the clock comes by.
type step struct {
	now        instant.Instant
	change     *timer.Change
	catchingUp bool
	verdict    string // of the change
	dues       string // as tell tells them
}

// The campaign of the tests: in force [1000, 2000), sent 100 before its start, settled 50 after its end.
const (
	startsAt, endsAt instant.Instant = 1000, 2000
	lead, grace      instant.Millis  = 100, 50
)

func define(revision int64, amend ...func(*timer.Change)) *timer.Change {
	change := &timer.Change{
		Kind: timer.Definition, Revision: revision, Hash: timer.Hash{byte(revision)}, AdvertiserID: "a-1", Currency: "USD",
		StartsAt: startsAt, EndsAt: endsAt, Lead: lead, Grace: grace,
	}
	for _, do := range amend {
		do(change)
	}
	return change
}

func window(from, to instant.Instant) func(*timer.Change) {
	return func(c *timer.Change) { c.StartsAt, c.EndsAt = from, to }
}

func otherData(c *timer.Change)       { c.Hash[15]++ }
func otherAdvertiser(c *timer.Change) { c.AdvertiserID = "a-2" }
func otherCurrency(c *timer.Change)   { c.Currency = "EUR" }

func operate(kind timer.ChangeKind, revision int64) *timer.Change {
	return &timer.Change{Kind: kind, Revision: revision, Hash: timer.Hash{byte(revision)}}
}

func pause(revision int64) *timer.Change  { return operate(timer.Pause, revision) }
func resume(revision int64) *timer.Change { return operate(timer.Resume, revision) }
func cancel(revision int64) *timer.Change { return operate(timer.Cancel, revision) }

// tell writes a due as transition/revision@scheduled, and >decided+lateness if those are not the same instant and 0.
func tell(dues []timer.Due) string {
	var told []string
	for _, due := range dues {
		text := fmt.Sprintf("%s/%d@%d", due.Transition, due.Revision, due.ScheduledFor)
		if due.DecidedAt != due.ScheduledFor || due.LatenessMs != 0 {
			text += fmt.Sprintf(">%d+%d", due.DecidedAt, due.LatenessMs)
		}
		told = append(told, text)
	}
	return strings.Join(told, " ")
}

func tellVerdict(d timer.Decision) string {
	switch d.Verdict {
	case timer.Accepted:
		return ""
	case timer.Duplicate:
		return "duplicate"
	case timer.Stale:
		return "stale"
	default:
		return d.Refusal.Reason
	}
}

// play runs steps on an empty campaign and returns its last row. Each row goes through its encoding.
func play(t *testing.T, steps []step) (row timer.Row) {
	t.Helper()
	exists := false
	for i, step := range steps {
		before, mode := row, timer.Normal
		if step.catchingUp {
			mode = timer.CatchingUp
		}
		var dues []timer.Due
		var verdict string
		if step.change != nil {
			d := timer.Decide(row, exists, *step.change, step.now, mode)
			if d.Changed != (d.Row != row) {
				t.Errorf("step %d at %d: changed is %v, rows before and after: %s", i, step.now, d.Changed, cmp.Diff(row, d.Row))
			}
			dues, verdict, exists = d.Dues, tellVerdict(d), exists || d.Changed
			row = d.Row
		} else {
			row, dues = timer.Fire(row, step.now)
		}
		if got := tell(dues); got != step.dues || verdict != step.verdict {
			t.Errorf("step %d at %d: %q, dues %q; want %q, dues %q", i, step.now, verdict, got, step.verdict, step.dues)
		}
		if len(dues) == 0 && row != before {
			t.Errorf("step %d at %d: without dues the row changed: %s", i, step.now, cmp.Diff(before, row))
		}
		if exists {
			row = encodeAndDecode(t, row)
		}
	}
	return row
}
