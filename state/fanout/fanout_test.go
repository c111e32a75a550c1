package fanout_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/fanout"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

const day = instant.Instant(24 * 60 * 60 * 1000)

func distributed(version int64, ids []string) fanout.Change {
	return fanout.Change{Distributes: true, Live: true, Placement: placement(version, 1, day), Stores: ids}
}

// TestACancelOvertakesItsFanOut: whenever it comes, nothing stays placed, and no store hears of it that had not been told.
func TestACancelOvertakesItsFanOut(t *testing.T) {
	const count = 10_000
	for _, steps := range []int{0, 1, 20, 38, 100} {
		w := newWorld(t)
		w.apply(distributed(1, stores(0, count)))
		for range steps {
			w.next()
		}
		placed := w.told
		if want := min(count, (steps+1)*fanout.StepRecordsMax); placed != want {
			t.Fatalf("after %d steps %d stores have been told, not %d", steps, placed, want)
		}
		w.apply(fanout.Change{Over: true})
		w.rest()
		w.check()
		if w.told != 2*placed {
			t.Errorf("%d stores were told of a campaign that was cancelled after %d", w.told-placed, placed)
		}
	}
}

// TestAWalkTellsEachStoreOnce, in the fewest steps that the bounds allow.
func TestAWalkTellsEachStoreOnce(t *testing.T) {
	const count = 10_000
	w := newWorld(t)
	w.apply(distributed(1, slices.Concat(stores(0, count), stores(0, 7)))) // some are named twice
	w.rest()
	w.check()
	if w.told != count || len(w.passed) != count/fanout.StepRecordsMax-1 {
		t.Errorf("%d stores were told in 1 + %d steps", w.told, len(w.passed))
	}
}

// TestOnlyWhatChangesIsTold: who gets what it has hears nothing.
func TestOnlyWhatChangesIsTold(t *testing.T) {
	all := stores(0, 1000)
	w := newWorld(t)
	tell := func(what string, c fanout.Change, want int) {
		t.Helper()
		before := w.told
		w.parts.written = 0
		w.apply(c)
		if want == 0 && w.parts.written > 0 {
			t.Errorf("%s: nobody is to be told, and %d bytes are written", what, w.parts.written)
		}
		w.rest()
		w.check()
		if got := w.told - before; got != want {
			t.Errorf("%s: %d stores are told, not %d", what, got, want)
		}
	}
	live := func(version int64, ids []string) fanout.Change {
		return fanout.Change{Live: true, Placement: placement(version, 1, day), Stores: ids}
	}
	tell("scheduled", live(1, all), 0)
	tell("distributed", distributed(1, all), 1000)
	tell("started", live(1, all), 0)
	reversed := slices.Clone(all)
	slices.Reverse(reversed)
	tell("the stores in another order", live(1, reversed), 0)
	budget := live(1, all)
	budget.Placement.Revision = 9
	tell("another budget", budget, 0)
	tell("a store added", live(1, append([]string{"s-new"}, all...)), 1)
	tell("a store removed", live(1, all), 1)
	tell("a new creative", live(2, all), 1000)
	tell("another window", fanout.Change{Live: true, Placement: placement(2, 1, 2*day), Stores: all}, 1000)
	tell("paused", fanout.Change{}, 1000)
	tell("changed while paused", fanout.Change{}, 0)
	tell("resumed with half of them", live(3, all[:500]), 500)
	tell("the other half", live(3, all[500:]), 1000)
	tell("over", fanout.Change{Over: true}, 500)
	tell("settled", fanout.Change{Over: true}, 0)
	if w.row = slices.Clip(w.row); len(w.row) > 5 {
		t.Errorf("a campaign that is over keeps %d bytes", len(w.row))
	}
}

// TestAPauseInTheMiddleIsTakenBack: a campaign that goes on before it was removed everywhere is placed again where it was removed,
// and nowhere else.
func TestAPauseInTheMiddleIsTakenBack(t *testing.T) {
	all := stores(0, 2000)
	w := newWorld(t)
	w.apply(distributed(1, all))
	w.rest()
	w.apply(fanout.Change{})
	w.next() // of 2,000, 500 have removed it
	w.apply(fanout.Change{Live: true, Placement: placement(1, 1, day), Stores: all})
	w.rest()
	w.check()
	if want := 2000 + 500 + 500; w.told != want {
		t.Errorf("%d were told, not %d", w.told, want)
	}
}

// TestLargePlacementsGoInSmallSteps: a placement of some hundred kilobytes is the only one of its step.
func TestLargePlacementsGoInSmallSteps(t *testing.T) {
	large := placement(1, 1, day)
	large.Creatives[0].URL = "https://" + strings.Repeat("x", 300<<10)
	w := newWorld(t)
	w.apply(fanout.Change{Distributes: true, Live: true, Placement: large, Stores: stores(0, 9)})
	if w.told != 1 {
		t.Errorf("the first step told %d stores", w.told)
	}
	w.rest()
	w.check()
	if w.told != 9 {
		t.Errorf("%d stores were told", w.told)
	}
}

// TestWhatIsReadAgainChangesNothing: neither a transition nor the record of a step.
func TestWhatIsReadAgainChangesNothing(t *testing.T) {
	w := newWorld(t)
	c := distributed(1, stores(0, 1000))
	w.apply(c)
	w.rest()
	row, told := string(w.row), w.told
	for sequence := range w.sequence + 1 {
		again := c
		again.Sequence = sequence
		read := w.read()
		if was, err := read.Apply(&w.parts, &again); !was || err != nil || string(read.AppendBinary(nil)) != row {
			t.Errorf("%d was taken in again: %v", sequence, err)
		}
	}
	for _, record := range w.passed {
		w.deliver(record)
	}
	if w.told != told || string(w.row) != row || len(w.loop) > 0 {
		t.Errorf("records of steps that were made told %d", w.told-told)
	}
}

// TestPartsOfOthersAreNotUnderstood, and then nothing is changed.
func TestPartsOfOthersAreNotUnderstood(t *testing.T) {
	moves := map[string]func(w *world, row *fanout.Row) error{
		"a step": func(w *world, row *fanout.Row) error {
			_, err := row.Step(&w.parts)
			return err
		},
		"other stores": func(w *world, row *fanout.Row) error {
			_, err := row.Apply(&w.parts, &fanout.Change{Sequence: 2, Live: true, Placement: placement(2, 1, day), Stores: stores(0, 900)})
			return err
		},
		"a removal": func(w *world, row *fanout.Row) error {
			_, err := row.Apply(&w.parts, &fanout.Change{Sequence: 2})
			return err
		},
	}
	for _, c := range []struct{ part, move string }{{"g", "a step"}, {"s/1", "a step"}, {"s/3", "other stores"}, {"g", "a removal"}} {
		for _, damaged := range [][]byte{nil, {}, []byte("of somebody else"), {1, 250, 1}} {
			w := newWorld(t)
			w.apply(distributed(1, stores(0, 1000)))
			w.parts.kept[c.part] = damaged
			w.parts.written = 0
			row := w.read()
			err := moves[c.move](w, row)
			if !errors.Is(err, fanout.ErrPart) || w.parts.written > 0 || string(row.AppendBinary(nil)) != string(w.row) {
				t.Errorf("%s over %q in %s: %v; %d bytes were written", c.move, damaged, c.part, err, w.parts.written)
			}
		}
	}
}
