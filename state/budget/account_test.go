package budget_test

import (
	"fmt"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/budget"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// at is a play of ten impressions, of no length, at an instant.
func at(id string, startedAt instant.Instant) play {
	return play{id, "s-1", "cr-1", startedAt, startedAt, "10"}
}

// running returns a campaign that runs within [1000, 2000), with 10.00 USD at 100.00 for 1,000 impressions: a play of ten
// costs 1.00.
func running(t *testing.T) *ledger {
	l := newLedger(t)
	l.apply(schedule(500, definition(t, 1000, 2000, "10.00", "100")))
	l.apply(timed(budget.Active, 1000, 1007))
	return l
}

func (l *ledger) ends() {
	l.apply(timed(budget.Completed, 2000, 2011))
	l.apply(settle(budget.Completed, 2100))
	l.pass(2100)
}

func TestVerdicts(t *testing.T) {
	paused := func(l *ledger) {
		l.apply(operator(budget.Paused, 1400))
		l.apply(operator(budget.Active, 1600))
	}
	for name, c := range map[string]struct {
		life func(*ledger)
		play play
		want budget.Verdict
	}{
		"at the start, however late it was decided": {nil, at("p", 1000), budget.Valid},
		"before the start":                          {nil, at("p", 999), budget.OutOfWindow},
		"in the last millisecond":                   {nil, at("p", 1999), budget.Valid},
		"at the end":                                {nil, at("p", 2000), budget.OutOfWindow},
		"on past the end":                           {nil, play{"p", "s", "c", 1999, 2500, "1"}, budget.Valid},
		"before a pause":                            {paused, at("p", 1399), budget.Valid},
		"at a pause":                                {paused, at("p", 1400), budget.NotActive},
		"in a pause":                                {paused, at("p", 1599), budget.NotActive},
		"at a resume":                               {paused, at("p", 1600), budget.Valid},
		"ended before it started":                   {nil, play{"p", "s", "c", 1500, 1499, "1"}, budget.Invalid},
		"impressions below zero":                    {nil, play{"p", "s", "c", 1500, 1500, "-1"}, budget.Invalid},
		"no impressions":                            {nil, play{"p", "s", "c", 1500, 1500, "0"}, budget.Valid},
		"costs all there is":                        {nil, play{"p", "s", "c", 1500, 1500, "100"}, budget.Valid},
		"costs more than there is":                  {nil, play{"p", "s", "c", 1500, 1500, "100.000001"}, budget.OverBudget},
		"after a cancel":                            {func(l *ledger) { l.apply(operator(budget.Cancelled, 1300)) }, at("p", 1300), budget.NotActive},
	} {
		for _, order := range []string{"known first", "play first"} {
			t.Run(name+", "+order, func(t *testing.T) {
				l := running(t)
				if order == "play first" {
					l.report(c.play)
				}
				if c.life != nil {
					c.life(l)
				}
				if order == "known first" {
					l.report(c.play)
				}
				l.apply(settle(budget.Completed, 2100))
				l.pass(2100)
				final := l.locked(t)
				got := budget.Valid
				for verdict, count := range final.Account.NotCounted {
					if count > 0 {
						got = budget.Verdict(verdict)
					}
				}
				if got != c.want || final.Counted.Plays != map[bool]int64{true: 1}[c.want == budget.Valid] {
					t.Errorf("%s: %s; want %s", got, described(final), c.want)
				}
			})
		}
	}
}

func TestOverBudgetGoesByArrival(t *testing.T) {
	l := running(t)
	for i := range 12 {
		want := budget.Valid
		if i >= 10 {
			want = budget.OverBudget
		}
		if got := l.report(at(fmt.Sprint(i), 1500)); got.Verdict != want {
			t.Errorf("play %d is %s; want %s", i, got.Verdict, want)
		}
	}
	if got := l.report(play{"free", "s-1", "cr-1", 1500, 1500, "0"}); got.Verdict != budget.Valid {
		t.Errorf("a play that costs nothing is %s", got.Verdict)
	}
	l.ends()
	if s := l.locked(t); s.Spent.String() != "10.00" || s.Released.String() != "0.00" || s.Counted.Plays != 11 {
		t.Errorf("%s", described(s))
	}
}

func TestALoweredBudget(t *testing.T) {
	l := running(t)
	for i := range 6 {
		l.report(at(fmt.Sprint(i), 1100))
	}
	l.apply(reschedule(1200, budget.Active, definition(t, 1000, 2000, "3.50", "100")))
	if got := l.report(at("more", 1300)); got.Verdict != budget.OverBudget {
		t.Errorf("a play above the lowered budget is %s", got.Verdict)
	}
	l.ends()
	if s := l.locked(t); s.Spent.String() != "3.50" || s.Released.String() != "0.00" || s.Counted.Plays != 6 || s.Account.Cost.String() != "6" {
		t.Errorf("what was counted before stays valid, and is paid for up to the budget: %s", described(s))
	}
}

func TestThePriceIsThatOfTheInstant(t *testing.T) {
	for _, order := range []string{"known", "late"} {
		l := running(t)
		change := reschedule(1500, budget.Active, definition(t, 1000, 2000, "10.00", "300"))
		if order == "known" {
			l.apply(change)
		}
		l.report(at("before", 1499))
		l.report(at("after", 1500))
		if order == "late" {
			l.apply(change)
		}
		l.ends()
		if s := l.locked(t); s.Spent.String() != "4.00" {
			t.Errorf("%s: %s", order, described(s))
		}
	}
}

func TestARaiseInPriceDoesNotExceedTheBudget(t *testing.T) {
	l := running(t)
	for i := range 9 {
		l.report(at(fmt.Sprint(i), 1500))
	}
	l.apply(reschedule(1400, budget.Active, definition(t, 1000, 2000, "10.00", "300")))
	l.ends()
	if s := l.locked(t); s.Spent.String() != "9.00" || s.Counted.Plays != 3 || s.Account.NotCounted[budget.OverBudget] != 6 {
		t.Errorf("%s", described(s))
	}
}

// TestWhatIsFreeAgainIsSpent: a pause that is known late takes plays out that had used up the budget. What had been refused
// for them is counted then, wherever it started: had the pause been known, there had been room for it.
func TestWhatIsFreeAgainIsSpent(t *testing.T) {
	l := running(t)
	for i := range 11 {
		l.report(at(fmt.Sprint(i), 1500))
	}
	l.report(at("before the pause", 1300))
	l.report(at("after the pause", 1700))
	l.apply(operator(budget.Paused, 1500))
	l.apply(operator(budget.Active, 1600))
	l.ends()
	s := l.locked(t)
	if s.Counted.Plays != 2 || s.Account.NotCounted[budget.NotActive] != 11 || s.Account.NotCounted[budget.OverBudget] != 0 {
		t.Errorf("%s", described(s))
	}
}

// TestARaiseIsForWhatComesAfterIt: what was over budget when it came stays so.
func TestARaiseIsForWhatComesAfterIt(t *testing.T) {
	l := running(t)
	for i := range 11 {
		l.report(at(fmt.Sprint(i), 1500))
	}
	l.apply(reschedule(1400, budget.Active, definition(t, 1000, 2000, "20.00", "100")))
	l.report(at("after the raise", 1500))
	l.ends()
	if s := l.locked(t); s.Counted.Plays != 11 || s.Account.NotCounted[budget.OverBudget] != 1 {
		t.Errorf("%s", described(s))
	}
}

// TestARecountGoesByArrival: when a price that is known late makes the budget too small, the first that came are paid for.
func TestARecountGoesByArrival(t *testing.T) {
	l := running(t)
	for i := range 9 {
		l.report(play{fmt.Sprint(i), fmt.Sprint("s-", i), "cr-1", 1500, 1500, "10"})
	}
	l.apply(reschedule(1400, budget.Active, definition(t, 1000, 2000, "10.00", "300")))
	l.ends()
	if s := l.locked(t); len(s.ByStore) != 3 || s.ByStore[0].ID != "s-0" || s.ByStore[2].ID != "s-2" {
		t.Errorf("%s", described(s))
	}
}

func TestAWindowThatGrowsCountsWhatWasPlayedInIt(t *testing.T) {
	l := running(t)
	if got := l.report(at("early bird", 2500)); got.Verdict != budget.OutOfWindow {
		t.Errorf("it is %s before the window is known to be longer", got.Verdict)
	}
	l.apply(reschedule(1900, budget.Active, definition(t, 1000, 3000, "10.00", "100")))
	l.apply(timed(budget.Completed, 3000, 3000))
	l.apply(settle(budget.Completed, 3000))
	l.pass(3000)
	if s := l.locked(t); s.Counted.Plays != 1 {
		t.Errorf("%s", described(s))
	}
}

// Once it was ACTIVE a campaign's start is fixed; a definition whose whole window lies before it ends before it starts.
func TestAWindowThatEndsBeforeItsFixedStart(t *testing.T) {
	l := running(t)
	l.report(at("p", 1200))
	l.apply(reschedule(1500, budget.Active, definition(t, 1000, 800, "10.00", "100")))
	l.apply(timed(budget.Completed, 800, 1500))
	l.apply(settle(budget.Completed, 1500))
	l.pass(1500)
	if s := l.locked(t); s.Counted.Plays != 0 || s.Account.NotCounted[budget.NotActive] != 1 || s.Released.String() != "10.00" {
		t.Errorf("%s", described(s))
	}
}

func TestCancelledBeforeTheStart(t *testing.T) {
	l := newLedger(t)
	l.apply(schedule(500, definition(t, 1000, 2000, "10.00", "100")))
	l.apply(operator(budget.Cancelled, 600))
	l.apply(settle(budget.Cancelled, 700))
	l.pass(700)
	if s := l.locked(t); s.Spent.String() != "0.00" || s.Released.String() != "10.00" || s.Counted.Plays != 0 {
		t.Errorf("%s", described(s))
	}
}

func TestAnUnknownCampaign(t *testing.T) {
	l := newLedger(t)
	if got := l.report(at("p", 1500)); !got.Held {
		t.Errorf("a play of an unknown campaign is %+v", got)
	}
	l.report(at("p", 1500))
	known := l.copy()
	known.apply(schedule(500, definition(t, 1000, 2000, "10.00", "100")))
	known.apply(timed(budget.Active, 1000, 1000))
	known.ends()
	if s := known.locked(t); s.Counted.Plays != 1 || s.Account.NotCounted[budget.UnknownCampaign] != 0 {
		t.Errorf("known within the hold: %s", described(s))
	}
	l.pass(instant.Instant(budget.Hold) - 1)
	if l.row == nil {
		t.Error("refused too soon")
	}
	l.pass(instant.Instant(budget.Hold))
	if l.row != nil || len(l.parts) != 0 || l.fired[0].Refused != 1 {
		t.Errorf("after the hold there is %x and %v, fired %+v", l.row, l.parts, l.fired)
	}
}

// Invalid plays have their verdict already; when they are given up nothing stays.
func TestInvalidPlaysOfAnUnknownCampaign(t *testing.T) {
	l := newLedger(t)
	p := at("p", 1500)
	p.impressions = "-1"
	if got := l.report(p); got.Held || got.Verdict != budget.Invalid {
		t.Errorf("it is %+v", got)
	}
	l.pass(instant.Instant(budget.Hold))
	if l.row != nil || len(l.parts) != 0 || !l.fired[0].GivenUp || l.fired[0].Refused != 0 {
		t.Errorf("after the hold there is %x and %v, fired %+v", l.row, l.parts, l.fired)
	}
}

func TestUnknownCampaignsAreHeldWithinBounds(t *testing.T) {
	l := newLedger(t)
	for i := range budget.HeldMax {
		l.report(at(fmt.Sprint(i), 1500))
	}
	if got := l.report(at("one more", 1500)); got.Held || got.Verdict != budget.UnknownCampaign {
		t.Errorf("one more than is held is %+v", got)
	}
	l.pass(instant.Instant(budget.Hold))
	if len(l.parts) != 0 || l.fired[0].Refused != budget.HeldMax {
		t.Errorf("%d buckets are left, %d refused", len(l.parts), l.fired[0].Refused)
	}
}

// While the inputs are caught up with a campaign's transitions may come after any number of its plays.
func TestMoreIsHeldWhileInputsAreCaughtUpWith(t *testing.T) {
	const plays = budget.HeldMax + 5
	l := newLedger(t)
	l.heldMax = budget.HeldMaxBehind
	for i := range plays {
		if got := l.report(play{fmt.Sprint(i), "s-1", "cr-1", 1500, 1500, "0.001"}); !got.Held {
			t.Fatalf("play %d is %+v", i, got)
		}
	}
	l.apply(schedule(500, definition(t, 1000, 2000, "10.00", "100")))
	l.apply(timed(budget.Active, 1000, 1007))
	l.ends()
	if s := l.locked(t); s.Counted.Plays != plays || s.Account.Cost.String() != "1.0005" {
		t.Errorf("%s", described(s))
	}
}

// The hold is an hour in which the inputs were known: it begins anew when it had begun before they were.
func TestAHoldBeginsWhenTheInputsAreKnown(t *testing.T) {
	l := newLedger(t)
	l.report(at("p", 1500))
	a := l.account()
	a.HoldFrom(700)
	if due := a.NextDue(); due != instant.Instant(budget.Hold)+700 {
		t.Errorf("it is over at %d", due)
	}
	a.HoldFrom(600)
	if due := a.NextDue(); due != instant.Instant(budget.Hold)+700 {
		t.Errorf("it is over at %d", due)
	}
}

func TestAfterTheLock(t *testing.T) {
	l := running(t)
	l.report(at("in time", 1500))
	l.ends()
	for i, p := range []struct {
		play play
		want budget.Verdict
	}{
		{at("late", 1600), budget.AfterLock}, {at("later", 1700), budget.AfterLock}, {at("late", 1600), budget.Duplicate},
		{at("in time", 1500), budget.Duplicate}, {at("outside", 2500), budget.OutOfWindow},
	} {
		if got := l.report(p.play); got.Verdict != p.want {
			t.Errorf("play %d is %s; want %s", i, got.Verdict, p.want)
		}
	}
	l.pass(l.now.Add(budget.Coalesce))
	if len(l.fired) != 2 {
		t.Fatalf("fired %d times; want the lock and one adjustment", len(l.fired))
	}
	adjusted := l.fired[1]
	if s := adjusted.Statement; adjusted.Locked || s.Version != 2 || s.Counted.Plays != 3 || s.Spent.String() != "1.00" ||
		s.Released.String() != "9.00" || s.Account.Lock.Late.Plays != 2 || s.AdjustedAt != 2100+instant.Instant(budget.Coalesce) ||
		s.Account.NotCounted[budget.Duplicate] != 2 || s.ByStore[0].Plays != 3 || s.ByCreative[0].Plays != 3 {
		t.Errorf("%s", described(s))
	}
	if final := l.locked(t); final.Version != 1 || final.Counted.Plays != 1 {
		t.Errorf("%s", described(final))
	}
}

func TestPlaysAreForgotten(t *testing.T) {
	l := running(t)
	for i := range 9000 {
		l.report(play{fmt.Sprint(i), "s-1", "cr-1", 1500, 1500, "0.01"})
	}
	l.ends()
	l.pass(2100 + instant.Instant(budget.Memory) - 1)
	if got := l.report(at("1", 1500)); got.Verdict != budget.Duplicate {
		t.Errorf("a repeat within the memory is %s", got.Verdict)
	}
	steps := len(l.fired)
	l.pass(2100 + instant.Instant(budget.Memory))
	if got := l.report(at("2", 1500)); got.Verdict != budget.AfterLock {
		t.Errorf("a repeat while plays are forgotten is %s", got.Verdict)
	}
	l.pass(2100 + instant.Instant(budget.Memory) + 100)
	if len(l.parts) != 0 || len(l.fired)-steps < 3 {
		t.Errorf("%d buckets are left after %d steps", len(l.parts), len(l.fired)-steps)
	}
	before := string(l.row)
	if got := l.report(at("3", 1500)); got.Verdict != budget.AfterLock {
		t.Errorf("a repeat after the memory is %s", got.Verdict)
	}
	a := l.account()
	if len(l.parts) != 0 || a.NextDue() != budget.Never || len(l.row) > len(before)+1 {
		t.Errorf("it has left traces: %d buckets, due %d, row %d bytes", len(l.parts), a.NextDue(), len(l.row))
	}
	if got := a.Released().String(); got != "1.00" { // 9,000 x 0.01 x 100 / 1000
		t.Errorf("what was released is %s now", got)
	}
}

func TestALockWaitsForWhatWasThere(t *testing.T) {
	l := running(t)
	l.plays = 5 // nothing of it has been read
	l.apply(timed(budget.Completed, 2000, 2000))
	l.now = 2000
	l.apply(settle(budget.Completed, 2000))
	l.plays = 2
	l.pass(2000)
	l.pass(2500)
	if a := l.account(); a.Lock.Stage != budget.Settling || len(l.fired) != 0 {
		t.Fatalf("stage %d, fired %+v", a.Lock.Stage, l.fired)
	}
	early := l.copy()
	l.plays = 5
	l.pass(10_000)
	if final := l.fired[len(l.fired)-1]; !final.Locked || final.Early {
		t.Errorf("it was not locked when all was read: %+v", final)
	}
	early.pass(2000 + instant.Instant(budget.LockWaitMax))
	if final := early.fired[len(early.fired)-1]; !final.Locked || !final.Early {
		t.Errorf("it was not locked after the longest wait: %+v", final)
	}
}

// TestALockWaitsAsLongOnceTheInputsAreCaughtUpWith: while they are being caught up with nothing fires, and no wait is over.
func TestALockWaitsAsLongOnceTheInputsAreCaughtUpWith(t *testing.T) {
	const caughtUp = 2000 + 5*instant.Instant(budget.LockWaitMax)
	l := running(t)
	l.plays = 5
	l.apply(timed(budget.Completed, 2000, 2000))
	l.now = 2000
	l.apply(settle(budget.Completed, 2000))
	a := l.account()
	a.WaitFrom(2000)
	if by := a.Lock.By; by != l.account().Lock.By {
		t.Errorf("it waits until %d", by)
	}
	a.WaitFrom(caughtUp)
	if fired, err := a.Fire(l.parts, false, caughtUp); fired.Locked || err != nil {
		t.Errorf("%+v, %v", fired, err)
	}
	if due := a.NextDue(); due > caughtUp {
		t.Errorf("when all is read it is due at %d", due)
	}
	if fired, err := a.Fire(l.parts, false, a.Lock.By); !fired.Locked || !fired.Early || err != nil || a.Lock.SettledAt != 2000 {
		t.Errorf("%+v, %v", fired, err)
	}
	b := running(t).account()
	b.WaitFrom(caughtUp)
	if b.Lock.By != 0 {
		t.Errorf("what is not settled waits until %d", b.Lock.By)
	}
}

func TestARecordThatIsReadAgain(t *testing.T) {
	l := running(t)
	l.report(at("p", 1500))
	before, plays := string(l.row), len(l.parts)
	l.plays--
	if got := l.report(at("p", 1500)); !got.Again {
		t.Errorf("it is %+v", got)
	}
	a := l.account()
	again, err := a.Apply(l.parts, &budget.Change{Sequence: 2, To: budget.Active}, budget.Position{Partition: 3, Offset: 1}, 0, 1)
	if !again || err != nil {
		t.Errorf("%v, %v", again, err)
	}
	if string(l.row) != before || len(l.parts) != plays {
		t.Error("it has changed something")
	}
}

// A count that cannot be made up is put off, and made when it can be.
func TestPostpone(t *testing.T) {
	l := running(t)
	l.report(at("in time", 1500))
	whole := l.parts["p/0"]
	l.parts["p/0"] = []byte("somebody else's")
	l.apply(timed(budget.Completed, 2000, 2000))
	l.apply(settle(budget.Completed, 2100))
	l.now = 2100
	a := l.account()
	if _, err := a.Fire(l.parts, true, l.now); err == nil || a.NextDue() > l.now {
		t.Fatalf("it fires: %v, and waits for %d", err, a.NextDue())
	}
	a.Postpone(l.now)
	if a.NextDue() != 2100+60_000 {
		t.Errorf("it is put off to %d", a.NextDue())
	}
	l.keep(a)
	l.parts["p/0"] = whole
	l.pass(2100 + 60_000)
	if s := l.locked(t); s.Counted.Plays != 1 || s.Account.Lock.SettledAt != 2100 {
		t.Errorf("%s", described(s))
	}
}
