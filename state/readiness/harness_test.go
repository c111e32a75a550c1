package readiness_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/readiness"
)

// fataler is what *testing.T and *rapid.T have in common here.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// parts keeps buckets in memory, as the engine's table does.
type parts map[string][]byte

func (p parts) Part(name string) []byte { return p[name] }

func (p parts) SetPart(name string, value []byte) {
	if value == nil {
		delete(p, name)
		return
	}
	p[name] = value
}

// campaign is a row as the group keeps it, in bytes between two steps, beside a model: the newest change of each store, and
// what was told.
type campaign struct {
	t        fataler
	row      []byte
	parts    parts
	now      instant.Instant
	catching bool

	newest   map[string]readiness.Change
	revision int64
	atStart  *readiness.AtStart
	active   bool // the activation was read
	over     bool
	told     []*readiness.Report
}

// began is when the tests begin.
const began = 1_000_000

func newCampaign(t fataler) *campaign {
	return &campaign{t: t, parts: parts{}, now: began, newest: map[string]readiness.Change{}}
}

func (c *campaign) read() *readiness.Row {
	c.t.Helper()
	row := readiness.New()
	if c.row != nil {
		if err := row.UnmarshalBinary(c.row); err != nil {
			c.t.Fatalf("%v: %x", err, c.row)
		}
	}
	return &row
}

func (c *campaign) keep(row *readiness.Row) {
	c.t.Helper()
	c.row = row.AppendBinary(nil)
	if again := c.read(); *again != *row {
		c.t.Fatalf("a row is read as another:\n%+v\n%+v", *row, *again)
	}
}

func (c *campaign) moment() readiness.Moment {
	return readiness.Moment{Now: c.now, CatchingUp: c.catching}
}

func (c *campaign) take(change readiness.Change) readiness.Outcome {
	c.t.Helper()
	row := c.read()
	outcome, report, err := row.Take(c.parts, &change, c.moment())
	if err != nil {
		c.t.Fatalf("%v", err)
	}
	if !c.over {
		c.newest[change.StoreID] = change
		if outcome == readiness.Taken {
			c.revision = max(c.revision, change.Revision)
		}
		c.starts()
	}
	c.keep(row)
	c.hear(report)
	return outcome
}

func (c *campaign) apply(transition readiness.Transition) (again bool) {
	c.t.Helper()
	row := c.read()
	report, again, err := row.Apply(c.parts, &transition, c.moment())
	if err != nil {
		c.t.Fatalf("%v", err)
	}
	if !again && !c.over {
		c.revision = max(c.revision, transition.Revision)
		c.active = c.active || transition.Activates
		if c.starts(); transition.Ends && c.active && c.atStart == nil {
			c.atStart = c.naiveStart()
		}
	}
	c.keep(row)
	c.hear(report)
	c.over = c.over || !again && transition.Ends
	return again
}

// starts fixes what the model has at the start, once the activation was read and nothing older is to come.
func (c *campaign) starts() {
	if c.active && c.atStart == nil && !c.catching {
		c.atStart = c.naiveStart()
	}
}

func (c *campaign) naiveStart() *readiness.AtStart {
	sums := c.sums()
	return &readiness.AtStart{Ready: sums.Ready, Total: sums.Total}
}

// pass lets time pass, with everything fired that becomes due, each at its instant.
func (c *campaign) pass(d instant.Millis) {
	c.t.Helper()
	until := c.now.Add(d)
	c.catching = false
	for {
		row := c.read()
		due := max(c.now, row.NextDue())
		if due > until {
			break
		}
		c.now = due
		if !c.over {
			c.starts()
		}
		report, err := row.Fire(c.parts, c.now)
		if err != nil {
			c.t.Fatalf("%v", err)
		}
		if row.NextDue() <= c.now {
			c.t.Fatalf("fired at %d it is due at %d", c.now, row.NextDue())
		}
		c.keep(row)
		c.hear(report)
	}
	c.now = until
}

// hear holds a report, or that there is none, against the model.
func (c *campaign) hear(report *readiness.Report) {
	c.t.Helper()
	row := c.read()
	if row.Stage < readiness.Forgotten && !c.over && row.Sums != c.sums() {
		c.t.Fatalf("the sums are %+v; want %+v", row.Sums, c.sums())
	}
	if report == nil {
		c.punctual(row)
		return
	}
	if c.over {
		c.t.Fatalf("told after it was over: %+v", report)
	}
	want := c.report()
	want.Number = int64(len(c.told)) + 1
	if !reflect.DeepEqual(want, report) {
		c.t.Fatalf("(-want +told):\n%s", cmp.Diff(want, report))
	}
	if n := len(c.told); n > 0 {
		last := *c.told[n-1]
		isStart := last.AtStart == nil && report.AtStart != nil
		if report.At.Sub(last.At) < readiness.Pause && !isStart {
			c.t.Fatalf("told at %d and again at %d", last.At, report.At)
		}
		last.Number, last.At = report.Number, report.At
		if reflect.DeepEqual(&last, report) {
			c.t.Fatalf("told the same again: %+v", report)
		}
	}
	c.told = append(c.told, report)
}

// punctual says that what is not told yet will be soon.
func (c *campaign) punctual(row *readiness.Row) {
	c.t.Helper()
	if row.Stage >= readiness.Over {
		return
	}
	if n := len(c.told); n > 0 {
		last := *c.told[n-1]
		want := c.report()
		want.Number, want.At = last.Number, last.At
		if reflect.DeepEqual(want, &last) {
			return
		}
	} else if c.sums() == (readiness.Counts{}) && !c.active {
		return
	}
	if row.NextDue() > c.now.Add(readiness.Pause) {
		c.t.Fatalf("at %d it has something to tell, and waits until %d", c.now, row.NextDue())
	}
}

// report is what is to be told now, naively.
func (c *campaign) report() *readiness.Report {
	report := &readiness.Report{At: c.now, Revision: c.revision, Counts: c.sums(), AtStart: c.atStart}
	for store, change := range c.newest {
		for _, u := range change.Unready {
			report.Unready = append(report.Unready, readiness.UnreadyIn{StoreID: store, Unready: u})
		}
	}
	slices.SortFunc(report.Unready, func(a, b readiness.UnreadyIn) int {
		return strings.Compare(a.StoreID+"\x00"+a.DeviceID, b.StoreID+"\x00"+b.DeviceID)
	})
	if len(report.Unready) > 100 {
		report.Unready = report.Unready[:100]
	}
	return report
}

func (c *campaign) sums() (sums readiness.Counts) {
	for _, change := range c.newest {
		sums.Total += change.Total
		sums.Ready += change.Ready
		sums.Failed += change.Failed
		sums.Unreachable += change.Unreachable
	}
	return sums
}

// changeOf is a change of a store of which some devices are ready, some failed, some unreachable and some pending.
func changeOf(storeID string, revision int64, ready, failed, unreachable, pending int) readiness.Change {
	change := readiness.Change{StoreID: storeID, Revision: revision, Total: int64(ready + failed + unreachable + pending),
		Ready: int64(ready), Failed: int64(failed), Unreachable: int64(unreachable)}
	for n := range failed + unreachable + pending {
		reason := "pending"
		switch {
		case n < failed:
			reason = "failed: disk-full"
		case n < failed+unreachable:
			reason = "unreachable"
		}
		change.Unready = append(change.Unready, readiness.Unready{DeviceID: fmt.Sprintf("d-%04d", n), Reason: reason})
	}
	change.Unready = change.Unready[:min(len(change.Unready), readiness.UnreadyMax)]
	return change
}
