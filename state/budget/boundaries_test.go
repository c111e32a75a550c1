package budget_test

import (
	"testing"

	"github.com/rmn-arms/campaign-engine/state/budget"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// TestAnEndThatLiesBack: a window that is made shorter than it has already run ends at its instant, in whichever of the
// intervals between pauses that is, and whether or not the campaign is paused when the end comes.
func TestAnEndThatLiesBack(t *testing.T) {
	for name, pauses := range map[string]func(*ledger) budget.Status{
		"never paused": func(*ledger) budget.Status { return budget.Active },
		"resumed since": func(l *ledger) budget.Status {
			l.apply(operator(budget.Paused, 1500))
			l.apply(operator(budget.Active, 1600))
			return budget.Active
		},
		"paused": func(l *ledger) budget.Status {
			l.apply(operator(budget.Paused, 1500))
			return budget.Paused
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := running(t)
			l.report(at("before the new end", 1199))
			l.report(at("at the new end", 1200))
			l.report(at("after it", 1400))
			status := pauses(l)
			l.report(at("late", 1650))
			l.apply(reschedule(1700, status, definition(t, 1000, 1200, "10.00", "100")))
			l.apply(timed(budget.Completed, 1200, 1700))
			l.apply(settle(budget.Completed, 1700))
			l.pass(1700)
			if s := l.locked(t); s.Counted.Plays != 1 || s.Account.NotCounted[budget.NotActive] != 3 {
				t.Errorf("%s", described(s))
			}
		})
	}
}

// TestARaiseIsForWhatComesAfterItToTheEnd: what was refused before a raise is not judged by it either when something else,
// known late, has plays judged anew.
func TestARaiseIsForWhatComesAfterItToTheEnd(t *testing.T) {
	for name, stray := range map[string]bool{"nothing is judged anew": false, "a play beyond the end is": true} {
		t.Run(name, func(t *testing.T) {
			l := running(t)
			for i := range 11 {
				l.report(at(string(rune('a'+i)), 1500))
			}
			l.apply(reschedule(1600, budget.Active, definition(t, 1000, 2000, "20.00", "100")))
			if stray {
				l.report(play{"stray", "s-1", "cr-1", 2000, 2000, "0"})
			}
			l.ends()
			if s := l.locked(t); s.Counted.Plays != 10 || s.Account.NotCounted[budget.OverBudget] != 1 {
				t.Errorf("%s", described(s))
			}
		})
	}
}

// TestALatePlayJustBeforeTheMemoryEnds: what has been answered as after the lock is stated, with all of the plays.
func TestALatePlayJustBeforeTheMemoryEnds(t *testing.T) {
	for name, plays := range map[string]int{"few plays": 1, "more than are forgotten at once": 9000} {
		t.Run(name, func(t *testing.T) {
			l := running(t)
			for i := range plays {
				l.report(play{"p" + string(rune(i)), "s-1", "cr-1", 1500, 1500, "0.01"})
			}
			l.ends()
			end := 2100 + instant.Instant(budget.Memory)
			l.pass(end - 1)
			if got := l.report(at("late", 1500)); got.Verdict != budget.AfterLock {
				t.Fatalf("it is %s", got.Verdict)
			}
			fired := len(l.fired)
			l.pass(end + 10*60_000)
			var adjusted *budget.Statement
			for _, f := range l.fired[fired:] {
				if f.Statement != nil {
					adjusted = f.Statement
				}
			}
			if adjusted == nil {
				t.Fatal("no statement tells of it")
			}
			var inStores int64
			for _, line := range adjusted.ByStore {
				inStores += line.Plays
			}
			if inStores != adjusted.Counted.Plays || len(l.parts) != 0 {
				t.Errorf("%s: the stores have %d plays; %d buckets are left", described(adjusted), inStores, len(l.parts))
			}
		})
	}
}

// TestALockLongAfterItsSettlement: whoever begins with topics that are old, or was away for longer than plays are kept, locks
// and then forgets: a timer that has fired is not due again at the same instant, which the engine takes for a mistake.
func TestALockLongAfterItsSettlement(t *testing.T) {
	l := running(t)
	l.report(at("p", 1500))
	l.apply(timed(budget.Completed, 2000, 2011))
	l.now = 2100 + 2*instant.Instant(budget.Memory)
	l.apply(settle(budget.Completed, 2100))
	l.pass(l.now)
	if s := l.locked(t); s.Counted.Plays != 1 || s.Released.String() != "9.00" {
		t.Errorf("%s", described(s))
	}
	l.pass(l.now + 1000)
	if a := l.account(); len(l.parts) != 0 || a.Lock.Stage != budget.Forgotten {
		t.Errorf("stage %d, %d buckets are left", a.Lock.Stage, len(l.parts))
	}
}

// TestAnotherBudgetLooksAtNoPlay: it changes nothing for the plays that came, so it costs the same however many there are.
func TestAnotherBudgetLooksAtNoPlay(t *testing.T) {
	l := running(t)
	l.report(at("p", 1500))
	l.parts["p/0"] = []byte("not looked at")
	l.apply(reschedule(1400, budget.Active, definition(t, 1000, 2000, "20.00", "100")))
	l.apply(reschedule(1450, budget.Active, definition(t, 1000, 2000, "5.00", "100")))
	if a := l.account(); a.Budget.String() != "5.00" || a.Counted.Plays != 1 {
		t.Errorf("the budget is %s, %d plays count", a.Budget, a.Counted.Plays)
	}
}

// countedParts count how often a bucket of plays is looked at.
type countedParts struct {
	parts
	reads int
}

func (p *countedParts) Part(name string) []byte {
	if name[:2] == "p/" {
		p.reads++
	}
	return p.parts.Part(name)
}

// TestAPlayOfALaterMillenniumCostsNothing: a device whose clock is wrong does not have all plays looked at again at each change.
func TestAPlayOfALaterMillenniumCostsNothing(t *testing.T) {
	const year9999 instant.Instant = 253_400_000_000_000
	l := running(t)
	for i := range 500 {
		l.report(play{"p" + string(rune(i)), "s-1", "cr-1", 1100, 1100, "0.01"})
	}
	if got := l.report(at("far", year9999)); got.Verdict != budget.OutOfWindow {
		t.Fatalf("it is %s", got.Verdict)
	}
	counted := &countedParts{parts: l.parts}
	a := l.account()
	for n := range instant.Instant(10) {
		for _, change := range []budget.Change{operator(budget.Paused, 1200+20*n), operator(budget.Active, 1210+20*n)} {
			l.sequence++
			change.Sequence = l.sequence
			if _, err := a.Apply(counted, &change, budget.Position{Partition: 3, Offset: l.applied}, 0, l.now); err != nil {
				t.Fatal(err)
			}
			l.applied++
		}
	}
	if l.keep(a); counted.reads != 0 {
		t.Errorf("20 changes looked into %d buckets", counted.reads)
	}
	// A window that reaches so far makes it count.
	l.apply(reschedule(1500, budget.Active, definition(t, 1000, year9999+1, "10.00", "100")))
	if a := l.account(); a.Counted.Plays != 501 || a.Latest != year9999 {
		t.Errorf("%d plays count, the latest of %d", a.Counted.Plays, a.Latest)
	}
}
