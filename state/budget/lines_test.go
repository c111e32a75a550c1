package budget_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/state/budget"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// settled returns a campaign whose count is locked, with plays in some stores.
func settled(t *testing.T, plays, stores int) *ledger {
	l := running(t)
	for i := range plays {
		l.report(play{fmt.Sprint(i), fmt.Sprint("s-", i%stores), "cr-1", 1500, 1500, "0.25"})
	}
	l.ends()
	return l
}

// adjusts lets the next adjusted statement be made, and returns it and how many buckets of plays that took.
func (l *ledger) adjusts(t fataler) (*budget.Statement, int) {
	t.Helper()
	counted := &countedParts{parts: l.parts}
	a := l.account()
	l.now = a.NextDue()
	fired, err := a.Fire(counted, true, l.now)
	if err != nil || fired.Statement == nil {
		t.Fatalf("%+v, %v", fired, err)
	}
	l.keep(a)
	return fired.Statement, counted.reads
}

// anew returns what a statement of all plays says now.
func (l *ledger) anew(t fataler) string {
	t.Helper()
	a := l.account()
	a.Lines = 0
	s, err := a.Statement(l.parts)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return described(s)
}

// TestAnAdjustedStatementDoesNotLookAtEachPlay: while late plays come, a statement is made twice a second. Only the first of
// them looks at all plays.
func TestAnAdjustedStatementDoesNotLookAtEachPlay(t *testing.T) {
	const plays = 2000
	l := settled(t, plays, 20)
	for n := range 5 {
		l.report(at(fmt.Sprint("late ", n), 1600))
		l.report(play{fmt.Sprint("late, elsewhere ", n), fmt.Sprint("s-new-", n), "cr-2", 1600, 1600, "1"})
		s, reads := l.adjusts(t)
		if n > 0 && reads > 0 {
			t.Errorf("version %d looked into %d buckets of plays", s.Version, reads)
		}
		if got, want := described(s), l.anew(t); got != want {
			t.Errorf("%s; want %s", got, want)
		}
	}
	l.pass(2100 + instant.Instant(budget.Memory) + 1000)
	if len(l.parts) != 0 {
		t.Errorf("%d parts are left", len(l.parts))
	}
}

// TestLinesThatCannotBeReadAreMadeAnew: the plays say all that they say.
func TestLinesThatCannotBeReadAreMadeAnew(t *testing.T) {
	for name, spoil := range map[string]func(parts){
		"others":  func(p parts) { p["l/0"] = []byte("no bucket") },
		"missing": func(p parts) { delete(p, "l/0") },
	} {
		t.Run(name, func(t *testing.T) {
			l := settled(t, 500, 20)
			l.report(at("late", 1600))
			l.adjusts(t)
			spoil(l.parts)
			for n := range 3 {
				for i := range 20 {
					l.report(play{fmt.Sprint("later ", n, i), fmt.Sprint("s-", i), "cr-1", 1600, 1600, "1"})
				}
				s, _ := l.adjusts(t)
				if got, want := described(s), l.anew(t); got != want {
					t.Errorf("%s; want %s", got, want)
				}
			}
		})
	}
}

// TestLinesAreWhatThePlaysSay compares any late plays, stated now and then.
func TestLinesAreWhatThePlaysSay(t *testing.T) {
	few, many := settled(t, 20, 7), settled(t, 400, 30)
	rapid.Check(t, func(t *rapid.T) {
		l := rapid.SampledFrom([]*ledger{few, many}).Draw(t, "campaign").copy()
		l.t = t
		for n := range rapid.IntRange(1, 60).Draw(t, "late") {
			verdict := l.report(play{
				fmt.Sprint("late ", n), fmt.Sprint("s-", rapid.IntRange(0, 60).Draw(t, "store")),
				fmt.Sprint("cr-", rapid.IntRange(0, 5).Draw(t, "creative")), 1600, 1600, rapid.SampledFrom([]string{"0", "1", "2.5"}).Draw(t, "impressions"),
			}).Verdict
			if verdict != budget.AfterLock {
				t.Fatalf("it is %s", verdict)
			}
			if rapid.Bool().Draw(t, "stated") {
				s, _ := l.adjusts(t)
				if got, want := described(s), l.anew(t); got != want {
					t.Fatalf("%s; want %s", got, want)
				}
			}
		}
	})
}
