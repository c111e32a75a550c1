package readiness_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/readiness"
)

// record is one of either input.
type record struct {
	change     *readiness.Change
	transition *readiness.Transition
}

func (c *campaign) readOne(r record) {
	c.t.Helper()
	if r.change != nil {
		c.take(*r.change)
		return
	}
	c.apply(*r.transition)
}

func drawChange(t *rapid.T) *readiness.Change {
	store := fmt.Sprintf("s-%d", rapid.IntRange(0, rapid.SampledFrom([]int{1, 40}).Draw(t, "stores")).Draw(t, "store"))
	some := rapid.SampledFrom([]int{0, 0, 1, 2, 5})
	pending := some.Draw(t, "pending")
	if rapid.IntRange(0, 9).Draw(t, "large") == 0 {
		pending = 120
	}
	change := changeOf(store, rapid.Int64Range(1, 3).Draw(t, "revision"), some.Draw(t, "ready"), some.Draw(t, "failed"),
		some.Draw(t, "unreachable"), pending)
	return &change
}

// TestWhatIsToldIsTheSum lives random lives: stores say things in any order, transitions come between them, time passes, and now and then
// an outage is caught up with, or all is read again from some record on. The harness holds each step against its model: sums, lists,
// what was told and what was not, when, and what the campaign had at its start.
func TestWhatIsToldIsTheSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newCampaign(t)
		var log []record
		sequence := int64(0)
		add := func(r record) {
			log = append(log, r)
			c.readOne(r)
		}
		transition := func() *readiness.Transition {
			sequence++
			tr := &readiness.Transition{Sequence: sequence, At: c.now}
			switch rapid.IntRange(0, 9).Draw(t, "transition") {
			case 0, 1, 2:
				tr.Activates = true // again, where somebody else has written it
			case 3:
				tr.Ends = true
			case 4, 5, 6:
				tr.Revision = rapid.Int64Range(1, 6).Draw(t, "defined")
			}
			return tr
		}
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			switch rapid.IntRange(0, 11).Draw(t, "step") {
			case 0, 1:
				add(record{transition: transition()})
			case 2, 3, 4:
				c.pass(instant.Millis(rapid.Int64Range(0, 700).Draw(t, "pause")))
			case 5:
				if rapid.IntRange(0, 3).Draw(t, "outage") == 0 {
					c.catching = true // until time passes
				}
			case 6:
				if len(log) > 0 && rapid.IntRange(0, 3).Draw(t, "replay") == 0 {
					c.pass(readiness.Pause)
					told := len(c.told)
					c.catching = true
					for _, r := range log[rapid.IntRange(0, len(log)-1).Draw(t, "from"):] {
						c.readOne(r)
					}
					c.pass(readiness.Pause)
					if len(c.told) != told {
						t.Fatalf("what was read again is told again: %+v", c.told[told])
					}
				}
			default:
				add(record{change: drawChange(t)})
			}
		}
		over := c.over
		c.pass(2 * readiness.Pause)
		if n := len(c.told); n > 0 && !over {
			c.now = c.told[n-1].At
			c.told = c.told[:n-1]
			c.hear(numbered(c.report(), n))
		}
		c.pass(2 * readiness.Memory)
		if over && len(c.parts) > 0 {
			t.Fatalf("it is over, and still keeps %d parts", len(c.parts))
		}
	})
}

func numbered(r *readiness.Report, n int) *readiness.Report {
	r.Number = int64(n)
	return r
}

// TestOrderAcrossStoresDoesNotMatter: the same changes, those of each store in their order, give the same in the end.
func TestOrderAcrossStoresDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		changes := map[string][]*readiness.Change{}
		var turns []string
		for range rapid.IntRange(1, 60).Draw(t, "changes") {
			change := drawChange(t)
			changes[change.StoreID] = append(changes[change.StoreID], change)
			turns = append(turns, change.StoreID)
		}
		ends := func(turns []string) readiness.Row {
			c, next := newCampaign(t), map[string]int{}
			for _, store := range turns {
				for range rapid.IntRange(1, 2).Draw(t, "times") {
					c.take(*changes[store][next[store]])
				}
				next[store]++
			}
			c.pass(readiness.Pause)
			row := c.read()
			row.Looked, row.Reports = 0, 0
			return *row
		}
		if one, other := ends(turns), ends(rapid.Permutation(turns).Draw(t, "order")); one != other {
			t.Fatalf("in another order:\n%+v\n%+v", one, other)
		}
	})
}

func FuzzRowBytes(f *testing.F) {
	c := newCampaign(f)
	c.take(changeOf("s-1", 1, 1, 1, 1, 1))
	f.Add(c.row)
	c.apply(readiness.Transition{Sequence: 1, Activates: true})
	c.take(changeOf("s-2", 1, 1, 1, 1, 1))
	f.Add(c.row)
	c.apply(readiness.Transition{Sequence: 2, Ends: true, At: c.now})
	f.Add(c.row)
	c.pass(2 * readiness.Memory)
	f.Add(c.row)
	c = newCampaign(f)
	c.catching = true
	c.apply(readiness.Transition{Sequence: 1, Activates: true})
	f.Add(c.row)
	f.Fuzz(func(t *testing.T, data []byte) {
		var row readiness.Row
		if row.UnmarshalBinary(data) != nil {
			return
		}
		if again := row.AppendBinary(nil); string(again) != string(data) {
			t.Errorf("%x is written as %x", data, again)
		}
	})
}

// FuzzPartBytes: whatever lies beside a row, nothing panics, and the row stays one.
func FuzzPartBytes(f *testing.F) {
	c := newCampaign(f)
	c.take(changeOf("s-1", 1, 1, 1, 1, 1))
	for name, part := range c.parts {
		f.Add(name, part)
	}
	f.Fuzz(func(t *testing.T, name string, part []byte) {
		c := newCampaign(t)
		c.take(changeOf("s-1", 1, 1, 1, 1, 1))
		c.parts[name] = part
		row := c.read()
		change := changeOf("s-1", 1, 2, 1, 1, 0)
		_, _, _ = row.Take(c.parts, &change, readiness.Moment{Now: c.now})
		_, _ = row.Fire(c.parts, c.now.Add(readiness.Pause))
		_, _, _ = row.Apply(c.parts, &readiness.Transition{Sequence: 1, Activates: true}, readiness.Moment{Now: c.now})
		_, _, _ = row.Apply(c.parts, &readiness.Transition{Sequence: 2, Ends: true}, readiness.Moment{Now: c.now})
		for row.Stage != readiness.Forgotten {
			_, _ = row.Fire(c.parts, row.NextDue())
		}
		c.keep(row)
	})
}
