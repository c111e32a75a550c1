package budget_test

import (
	"fmt"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/budget"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/money"
)

const (
	pairs = 100_000
	// rowMax is what a row must be smaller than: a record may have 1 MiB.
	rowMax = 64 << 10
)

// TestACampaignThatIsPausedAHundredThousandTimes: its row stays small, and each of its plays is judged by the pause in which it
// started, or between which.
func TestACampaignThatIsPausedAHundredThousandTimes(t *testing.T) {
	const starts, ends = 1000, 1000 + 4*pairs
	l := newLedger(t)
	l.apply(schedule(500, definition(t, starts, ends, "100000000.00", "100")))
	l.apply(timed(budget.Active, starts, starts))
	a := l.account()
	for n := range instant.Instant(pairs) {
		l.applyTo(a, operator(budget.Paused, starts+4*n+2))
		l.applyTo(a, operator(budget.Active, starts+4*n+4))
		if n%997 == 0 || n == pairs-1 {
			l.keep(a)
		}
		if len(l.row) > rowMax {
			t.Fatalf("after %d pauses the row has %d bytes", n+1, len(l.row))
		}
	}
	valid := int64(0)
	for n := range instant.Instant(4 * 997) {
		started := starts + n*(4*pairs/4/997)
		want := budget.NotActive
		if (started-starts)%4 < 2 {
			want = budget.Valid
			valid++
		}
		if got := l.report(at(fmt.Sprint(n), started)); got.Verdict != want {
			t.Fatalf("a play at %d is %s; want %s", started, got.Verdict, want)
		}
	}
	back := instant.Instant(starts + 2*pairs)
	l.apply(reschedule(ends-1, budget.Active, definition(t, starts, back, "100000000.00", "100")))
	l.apply(timed(budget.Completed, back, ends-1))
	l.apply(settle(budget.Completed, ends))
	l.pass(ends)
	s := l.locked(t)
	kept := int64(0)
	for n := range instant.Instant(4 * 997) {
		if started := starts + n*(4*pairs/4/997); started < back && (started-starts)%4 < 2 {
			kept++
		}
	}
	if s.Counted.Plays != kept || kept == valid || s.Spent.String() != fmt.Sprintf("%d.00", kept) {
		t.Errorf("%s; want %d of %d plays", described(s), kept, valid)
	}
	l.pass(ends + instant.Instant(budget.Memory) + 1000)
	if len(l.parts) != 0 {
		t.Errorf("%d parts are left", len(l.parts))
	}
}

// TestACampaignThatIsRepricedAndRaisedOften: a play has the price of when it started, and a raise is for what comes after it,
// however many of them there were.
func TestACampaignThatIsRepricedAndRaisedOften(t *testing.T) {
	const changes, starts, ends = 2000, 10_000, 1_000_000
	l := newLedger(t)
	l.apply(schedule(500, definition(t, starts, ends, "1.00", "100")))
	l.apply(timed(budget.Active, starts, starts))
	l.report(at("all there is", starts))
	for n := range instant.Instant(changes) {
		much := play{fmt.Sprint("too much ", n), "s", "c", starts, starts, "1000"}
		if got := l.report(much); got.Verdict != budget.OverBudget {
			t.Fatalf("play %d is %s", n, got.Verdict)
		}
		raised := fmt.Sprintf("%d.%02d", 1+(n+1)/100, (n+1)%100)
		l.apply(reschedule(starts+10*n, budget.Active, definition(t, starts, ends, raised, fmt.Sprint(100+n))))
		if len(l.row) > rowMax {
			t.Fatalf("after %d changes the row has %d bytes", n+1, len(l.row))
		}
	}
	l.apply(reschedule(starts+10*changes, budget.Active, definition(t, starts, ends, "9999999.00", "100")))
	for n := range instant.Instant(changes) {
		before := l.account().Cost.Plus(price(t, fmt.Sprint(100+n)))
		l.report(play{fmt.Sprint("p", n), "s", "c", starts + 10*n + 5, starts + 10*n + 5, "1000"})
		if got := l.account().Cost; got.Compare(before) != 0 {
			t.Fatalf("with play %d it costs %s; want %s", n, got, before)
		}
	}
	l.apply(operator(budget.Paused, starts+10*changes))
	l.apply(operator(budget.Cancelled, starts+10*changes+1))
	l.apply(settle(budget.Cancelled, starts+10*changes+1))
	l.pass(ends)
	if s := l.locked(t); s.Account.NotCounted[budget.OverBudget] != changes {
		t.Errorf("%s", described(s))
	}
}

func price(t *testing.T, text string) money.Exact {
	t.Helper()
	exact, err := money.ParseExact(text)
	if err != nil {
		t.Fatal(err)
	}
	return exact
}

// TestAHistoryThatCannotBeRead: the account says so, and is unchanged.
func TestAHistoryThatCannotBeRead(t *testing.T) {
	l := running(t)
	for n := range instant.Instant(1000) {
		l.apply(operator(budget.Paused, 1001+2*n))
		l.apply(operator(budget.Active, 1002+2*n))
	}
	row := string(l.row)
	l.parts["i/0"] = []byte("no block")
	a := l.account()
	if _, err := a.Report(l.parts, at("p", 1000).translated(t), budget.Position{Partition: 3}, l.heldMax, l.now); err == nil {
		t.Error("a play was judged by a history that cannot be read")
	}
	change := timed(budget.Completed, 900, 3000)
	change.Sequence = l.sequence + 1
	if _, err := a.Apply(l.parts, &change, budget.Position{Partition: 3, Offset: l.applied}, 0, l.now); err == nil {
		t.Error("an end cut a history that cannot be read")
	}
	if string(a.AppendBinary(nil)) != row {
		t.Error("the account has changed")
	}
}
