package readiness_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/linearhash"
	"github.com/rmn-arms/campaign-engine/state/readiness"
)

func TestTake(t *testing.T) {
	c := newCampaign(t)
	for _, step := range []struct {
		what   string
		change readiness.Change
		want   readiness.Outcome
	}{
		{"new", changeOf("s-1", 1, 1, 1, 0, 1), readiness.Taken},
		{"the same", changeOf("s-1", 1, 1, 1, 0, 1), readiness.Same},
		{"the same of a newer revision", changeOf("s-1", 2, 1, 1, 0, 1), readiness.Taken},
		{"the same numbers, other devices", readiness.Change{StoreID: "s-1", Revision: 2, Total: 3, Ready: 1, Failed: 1,
			Unready: []readiness.Unready{{DeviceID: "d-7", Reason: "full"}, {DeviceID: "d-8", Reason: "pending"}}}, readiness.Taken},
		{"no devices any more", readiness.Change{StoreID: "s-1", Revision: 2}, readiness.Taken},
		{"no devices, never had", readiness.Change{StoreID: "s-2", Revision: 2}, readiness.Same},
		{"no devices, never had, of a newer revision", readiness.Change{StoreID: "s-2", Revision: 9}, readiness.Taken},
		{"no store", readiness.Change{Total: 1}, readiness.Unsound},
		{"more ready than there are", readiness.Change{StoreID: "s-3", Total: 1, Ready: 2}, readiness.Unsound},
		{"more of all than there are", readiness.Change{StoreID: "s-3", Total: 2, Ready: 1, Failed: 1, Unreachable: 1}, readiness.Unsound},
		{"more than a store has", readiness.Change{StoreID: "s-3", Total: 1 << 40}, readiness.Unsound},
	} {
		row := c.read()
		outcome, _, err := row.Take(c.parts, &step.change, c.moment())
		if outcome != step.want || err != nil {
			t.Errorf("%s: %d, %v; want %d", step.what, outcome, err, step.want)
		}
		c.keep(row)
	}
	c.apply(readiness.Transition{Sequence: 1, Ends: true})
	if got := c.take(changeOf("s-1", 3, 1, 0, 0, 0)); got != readiness.TooLate {
		t.Errorf("after the end: %d", got)
	}
}

// TestANewerRevisionOfAStoreWithoutDevices is told, though nothing is kept of the store: read again, when it has devices, it would be.
func TestANewerRevisionOfAStoreWithoutDevices(t *testing.T) {
	c := newCampaign(t)
	none := readiness.Change{StoreID: "s-2", Revision: 3}
	c.take(none)
	if len(c.told) > 0 {
		t.Fatalf("told where there was nothing: %+v", c.told)
	}
	c.take(changeOf("s-1", 1, 1, 0, 0, 0))
	c.take(readiness.Change{StoreID: "s-2", Revision: 4})
	c.take(changeOf("s-2", 2, 1, 0, 0, 0))
	c.pass(readiness.Pause)
	if n := len(c.told); n != 2 || c.told[0].Revision != 3 || c.told[1].Revision != 4 {
		t.Fatalf("told %+v", c.told)
	}
	c.catching = true
	for _, change := range []readiness.Change{none, {StoreID: "s-2", Revision: 4}, changeOf("s-2", 2, 1, 0, 0, 0)} {
		c.take(change)
	}
	if c.pass(readiness.Pause); len(c.told) != 2 {
		t.Fatalf("what was read again is told again: %+v", c.told[2])
	}
}

// TestStart: what a campaign has at its first activation is told at once, however short before something was told, and stays so.
func TestStart(t *testing.T) {
	c := newCampaign(t)
	c.take(changeOf("s-1", 1, 1, 0, 0, 1))
	c.pass(1)
	c.take(changeOf("s-2", 1, 1, 0, 0, 0)) // waits
	c.apply(readiness.Transition{Sequence: 3, Activates: true})
	c.take(changeOf("s-1", 1, 2, 0, 0, 0)) // waits
	c.pass(readiness.Pause)
	if n := len(c.told); n != 3 || c.told[1].At != began+1 || c.told[2].At.Sub(began+1) != readiness.Pause {
		t.Fatalf("told %d times: %+v", n, c.told)
	}
	for _, report := range c.told[1:] {
		if *report.AtStart != (readiness.AtStart{Ready: 2, Total: 3}) {
			t.Errorf("at the start: %+v", report.AtStart)
		}
	}
	if c.told[2].Ready != 3 {
		t.Errorf("told %+v", c.told[2])
	}
}

// TestStartOfACampaignWithoutStores is told, too.
func TestStartOfACampaignWithoutStores(t *testing.T) {
	c := newCampaign(t)
	c.apply(readiness.Transition{Sequence: 1, Revision: 1})
	c.apply(readiness.Transition{Sequence: 2, Activates: true})
	if len(c.told) != 1 || *c.told[0].AtStart != (readiness.AtStart{}) {
		t.Fatalf("told %+v", c.told)
	}
}

// TestAnOutage: what lies in it is told once, when it is caught up with; a start that lies in it has what was read by then; one
// whose whole life lies in it is told of at its end.
func TestAnOutage(t *testing.T) {
	c := newCampaign(t)
	c.catching = true
	c.apply(readiness.Transition{Sequence: 1, Activates: true}) // before what stores had said before
	for n := range 9 {
		c.take(changeOf(fmt.Sprintf("s-%d", n), 1, 1, 0, 0, 1))
	}
	if len(c.told) != 0 {
		t.Fatalf("told %+v", c.told)
	}
	c.pass(0)
	if len(c.told) != 1 || *c.told[0].AtStart != (readiness.AtStart{Ready: 9, Total: 18}) {
		t.Fatalf("told %+v", c.told)
	}
	c = newCampaign(t)
	c.catching = true
	c.take(changeOf("s-1", 1, 1, 0, 0, 0))
	c.apply(readiness.Transition{Sequence: 1, Activates: true})
	c.apply(readiness.Transition{Sequence: 2, Ends: true, At: c.now})
	if len(c.told) != 1 || c.told[0].AtStart.Ready != 1 {
		t.Fatalf("told %+v", c.told)
	}
}

// TestAClockThatWasPutBack makes nobody wait for it.
func TestAClockThatWasPutBack(t *testing.T) {
	c := newCampaign(t)
	c.take(changeOf("s-1", 1, 1, 0, 0, 1))
	c.now -= 60 * 60
	c.take(changeOf("s-1", 1, 2, 0, 0, 0))
	if due := c.read().NextDue(); due != c.now.Add(readiness.Pause) {
		t.Errorf("at %d it waits until %d", c.now, due)
	}
	c.now += 100
	c.take(changeOf("s-1", 1, 1, 0, 0, 1))
	if due := c.read().NextDue(); due != c.now.Add(readiness.Pause-100) {
		t.Errorf("another change puts it off: at %d it waits until %d", c.now, due)
	}
	c.pass(readiness.Pause)
	if len(c.told) != 1 { // it is again what was told
		t.Errorf("told %+v", c.told[1])
	}
}

// TestManyStores: the first hundred devices come from the first stores, and all are forgotten in the end, step by step.
func TestManyStores(t *testing.T) {
	c := newCampaign(t)
	c.catching = true // so that not each of them is told of
	for n := range 2500 {
		c.take(changeOf(fmt.Sprintf("s-%d", n*7919%10007), 1, 1, 0, 0, n%3))
	}
	c.pass(0)
	if len(c.told) != 1 || len(c.told[0].Unready) != 100 {
		t.Fatalf("told %+v", c.told)
	}
	c.apply(readiness.Transition{Sequence: 1, Ends: true, At: c.now})
	c.over = true
	c.pass(readiness.Memory)
	if row := c.read(); len(c.parts) == 0 || row.Stage != readiness.Over {
		t.Errorf("a day after the end all is gone at once")
	}
	c.pass(10)
	row := c.read()
	if row.Stage != readiness.Forgotten || row.Due != readiness.Never || len(c.parts) > 0 || len(c.row) > 20 {
		t.Errorf("there are %d parts, and %+v", len(c.parts), row)
	}
	if again := c.apply(readiness.Transition{Sequence: 1, Activates: true}); !again {
		t.Error("what is read again begins anew")
	}
}

// TestPartsThatCannotBeRead: nothing of their stores is taken in, what others say goes on, and once they are repaired
// all is told.
func TestPartsThatCannotBeRead(t *testing.T) {
	c := newCampaign(t)
	c.take(changeOf("s-1", 1, 1, 0, 0, 1))
	c.take(changeOf("s-2", 1, 1, 0, 0, 1))
	c.pass(readiness.Pause)
	told := len(c.told)
	for name, is := range map[string]error{"s/0": linearhash.ErrBucket, "u/s-1": readiness.ErrPart} {
		whole := c.parts[name]
		c.parts[name] = []byte{200, 1}
		row := c.read()
		report, again, err := row.Apply(c.parts, &readiness.Transition{Sequence: row.Sequence + 1, Revision: row.Revision + 1},
			readiness.Moment{Now: c.now.Add(readiness.Pause)})
		if report != nil || again || !errors.Is(err, is) || row.Due != c.now.Add(readiness.Pause+60_000) {
			t.Errorf("%s: %v, %v, %v, due at %d", name, report, again, err, row.Due)
		}
		if _, err := row.Fire(c.parts, row.Due); !errors.Is(err, is) {
			t.Errorf("%s: fired: %v", name, err)
		}
		c.parts[name] = whole
		c.revision = row.Revision
		c.keep(row)
		c.pass(121_000)
	}
	if len(c.told) != told+2 {
		t.Errorf("repaired, %d are told", len(c.told)-told)
	}
	c.parts["s/0"] = []byte{1}
	change := changeOf("s-1", 5, 1, 0, 0, 0)
	if outcome, _, err := c.read().Take(c.parts, &change, c.moment()); outcome != readiness.Lost || err == nil {
		t.Errorf("%d, %v", outcome, err)
	}
}
