package budget_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/state/budget"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// story is a random campaign: its transitions in their order, and its plays.
type story struct {
	changes []budget.Change
	terms   []modelTerms
	active  [][2]instant.Instant
	plays   []play
	settled instant.Instant
}

// modelTerms is what the model knows of a definition, in texts.
type modelTerms struct {
	from, starts, ends instant.Instant
	cpm, budget        string
}

// drawStory draws a life of a campaign within some seconds, with a budget that nothing can exceed, or a small one.
func drawStory(t *rapid.T, small bool) *story {
	s := &story{}
	total := "99999999.00"
	if small {
		total = rapid.SampledFrom([]string{"0.00", "0.01", "1.00", "3.33", "40.00", "2000000.00", "9000000.00"}).Draw(t, "budget")
	}
	now := instant.Instant(rapid.Int64Range(100, 1500).Draw(t, "created"))
	s.define(t, now, budget.Scheduled, total)
	status, ever := budget.Scheduled, false
	for !ended(status) {
		now = now.Add(instant.Millis(rapid.Int64Range(1, 700).Draw(t, "pause")))
		last := s.terms[len(s.terms)-1]
		if last.ends <= now {
			status = s.end(last.ends, now, budget.Completed, budget.Timed)
			break
		}
		switch rapid.IntRange(0, 5).Draw(t, "what") {
		case 0:
			if status == budget.Scheduled && last.starts <= now {
				status, ever = s.begin(last.starts, now, budget.Timed), true
			}
		case 1:
			s.define(t, now, status, total)
		case 2:
			if status != budget.Paused {
				status = s.end(now, now, budget.Paused, budget.Other)
			}
		case 3:
			if status == budget.Paused && (ever || last.starts <= now) {
				status, ever = s.begin(now, now, budget.Other), true
			}
		case 4:
			if rapid.IntRange(0, 3).Draw(t, "cancelled") == 0 {
				status = s.end(now, now, budget.Cancelled, budget.Other)
			}
		}
	}
	s.settled = now.Add(instant.Millis(rapid.Int64Range(0, 500).Draw(t, "grace")))
	s.changes = append(s.changes, settle(status, s.settled))
	s.drawPlays(t)
	return s
}

func ended(status budget.Status) bool {
	return status == budget.Completed || status == budget.Cancelled
}

func (s *story) define(t *rapid.T, at instant.Instant, status budget.Status, total string) {
	starts := instant.Instant(1000)
	ends := instant.Instant(rapid.Int64Range(1100, 4000).Draw(t, "ends"))
	cpm := rapid.SampledFrom([]string{"0", "2.5", "0.0001", "1000", "33.333333333333"}).Draw(t, "cpm")
	s.terms = append(s.terms, modelTerms{at, starts, ends, cpm, total})
	change := schedule(at, definition(t, starts, ends, total, cpm))
	change.To = status
	s.changes = append(s.changes, change)
}

func (s *story) begin(from, decided instant.Instant, kind budget.Kind) budget.Status {
	s.active = append(s.active, [2]instant.Instant{from, budget.Open})
	s.changes = append(s.changes, budget.Change{
		Kind: kind, To: budget.Active, Revision: 1, ScheduledFor: from, DecidedAt: decided,
	})
	return budget.Active
}

func (s *story) end(from, decided instant.Instant, to budget.Status, kind budget.Kind) budget.Status {
	for i := range s.active { // an end may lie back, before pauses
		s.active[i][1] = min(s.active[i][1], from)
	}
	s.changes = append(s.changes, budget.Change{Kind: kind, To: to, Revision: 1, ScheduledFor: from, DecidedAt: decided})
	return to
}

func (s *story) drawPlays(t *rapid.T) {
	for i := range rapid.IntRange(0, 60).Draw(t, "plays") {
		started := instant.Instant(rapid.Int64Range(800, 4200).Draw(t, "started"))
		s.plays = append(s.plays, play{
			id: fmt.Sprint(i), store: "s-" + fmt.Sprint(i%3), creative: "c-" + fmt.Sprint(i%2), startedAt: started,
			endedAt:     started + instant.Instant(rapid.SampledFrom([]int64{0, 15, 1500, -1}).Draw(t, "length")),
			impressions: rapid.SampledFrom([]string{"0", "1", "12.5", "0.000000000001", "999999", "-3"}).Draw(t, "impressions"),
		})
	}
}

// judged is the model's verdict on a play by the whole story: no account, no fold, numbers of another library.
func (s *story) judged(p play) (budget.Verdict, *big.Rat) {
	if p.endedAt < p.startedAt || p.impressions[0] == '-' {
		return budget.Invalid, nil
	}
	terms := s.terms[0]
	for _, later := range s.terms[1:] {
		if later.from <= p.startedAt {
			terms = later
		}
	}
	if p.startedAt < terms.starts || p.startedAt >= terms.ends {
		return budget.OutOfWindow, nil
	}
	if !slices.ContainsFunc(s.active, func(i [2]instant.Instant) bool { return i[0] <= p.startedAt && p.startedAt < i[1] }) {
		return budget.NotActive, nil
	}
	impressions, _ := new(big.Rat).SetString(p.impressions)
	price, _ := new(big.Rat).SetString(terms.cpm)
	return budget.Valid, impressions.Mul(impressions, price.Quo(price, big.NewRat(1000, 1)))
}

// TestAnyOrderGivesTheSameStatement plays a story in the order of a model and in a random one: plays before, between and
// after transitions, repeated, with a process that dies at any step and reads again from where it had committed.
func TestAnyOrderGivesTheSameStatement(t *testing.T) {
	usual := budget.BlockLength(2)
	defer budget.BlockLength(usual)
	rapid.Check(t, func(t *rapid.T) {
		// With short blocks most of the history lies in parts.
		budget.BlockLength(rapid.SampledFrom([]int{2, 3, usual}).Draw(t, "block length"))
		s := drawStory(t, false)
		l := newLedger(t)
		s.tell(t, l)
		statement := l.finished(t)
		cost, plays := new(big.Rat), int64(0)
		var notCounted [8]int64
		for _, p := range s.plays {
			verdict, price := s.judged(p)
			if verdict != budget.Valid {
				notCounted[verdict]++
				continue
			}
			plays++
			cost.Add(cost, price)
		}
		got := statement.Account
		got.NotCounted[budget.Duplicate] = 0
		if had, _ := new(big.Rat).SetString(got.Cost.String()); had.Cmp(cost) != 0 || got.Counted.Plays != plays || got.NotCounted != notCounted {
			t.Fatalf("%s; want %d plays, cost %s, not counted %v", described(statement), plays, cost.FloatString(20), notCounted)
		}
		balanced(t, statement)
		lines := int64(0)
		for _, line := range statement.ByStore {
			lines += line.Plays
		}
		for _, line := range statement.ByCreative {
			lines += line.Plays
		}
		if lines != 2*plays {
			t.Fatalf("%s: the lines do not add up", described(statement))
		}
	})
}

// TestTheRowSaysNotWhenPlaysWereRead reads the same plays, in the same order, once among the transitions and once behind them: how
// far each input was read when does not show in what is kept.
func TestTheRowSaysNotWhenPlaysWereRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawStory(t, rapid.Bool().Draw(t, "small"))
		among, behind := newLedger(t), newLedger(t)
		waiting := s.plays
		for _, change := range s.changes {
			for len(waiting) > 0 && (change.Kind == budget.Settlement || rapid.Bool().Draw(t, "play")) {
				among.report(waiting[0])
				waiting = waiting[1:]
			}
			if change.Kind == budget.Settlement {
				for _, p := range s.plays {
					behind.report(p)
				}
			}
			among.apply(change)
			behind.apply(change)
		}
		if !bytes.Equal(behind.row, among.row) {
			t.Fatalf("read behind the transitions the account is\n%+v\nread among them\n%+v", behind.account(), among.account())
		}
		if !maps.EqualFunc(behind.parts, among.parts, bytes.Equal) {
			t.Fatalf("read behind the transitions the plays are kept as\n%x\nread among them\n%x", behind.parts, among.parts)
		}
	})
}

// tell plays the story: transitions in their order, each play once or more anywhere before the lock.
func (s *story) tell(t *rapid.T, l *ledger) {
	var waiting []play
	for _, p := range s.plays {
		for range rapid.IntRange(1, 3).Draw(t, "times") {
			waiting = append(waiting, p)
		}
	}
	waiting = rapid.Permutation(waiting).Draw(t, "order")
	for _, change := range s.changes {
		for len(waiting) > 0 && (change.Kind == budget.Settlement || rapid.Bool().Draw(t, "play")) {
			l.step(t, func(l *ledger) { l.report(waiting[0]) })
			waiting = waiting[1:]
		}
		l.step(t, func(l *ledger) { l.apply(change) })
	}
	l.pass(l.now)
}

// step does something, and may die before it is committed: what it did is then gone, and it is done again.
func (l *ledger) step(t *rapid.T, do func(*ledger)) {
	if rapid.IntRange(0, 5).Draw(t, "dies") == 0 {
		do(l.copy())
	}
	do(l)
	l.check(t)
}

// check holds the invariant of every step: what is held is not less than nothing.
func (l *ledger) check(t *rapid.T) {
	a := l.account()
	if a.Known && a.Cost.Compare(a.Budget.Exact()) > 0 {
		t.Fatalf("the cost %s exceeds the budget %s", a.Cost, a.Budget)
	}
}

func (l *ledger) finished(t *rapid.T) *budget.Statement {
	t.Helper()
	if len(l.fired) != 1 || !l.fired[0].Locked {
		t.Fatalf("fired %+v; want one lock", l.fired)
	}
	return l.fired[0].Statement
}

// balanced holds budget = spent + released, and spent against the cost.
func balanced(t *rapid.T, s *budget.Statement) {
	t.Helper()
	number := func(text string) *big.Rat {
		n, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatalf("%q is no number", text)
		}
		return n
	}
	spent, released, total := number(s.Spent.String()), number(s.Released.String()), number(s.Account.Budget.String())
	if new(big.Rat).Add(spent, released).Cmp(total) != 0 || released.Sign() < 0 || spent.Sign() < 0 {
		t.Fatalf("%s: budget %s", described(s), total)
	}
	off := new(big.Rat).Sub(spent, number(s.Account.Cost.String()))
	if off.Abs(off).Cmp(big.NewRat(1, 200)) > 0 {
		t.Fatalf("%s: spent is more than half a cent off the cost", described(s))
	}
}

// TestTheBudgetIsNeverExceeded does the same with a budget that is too small: what is over depends on the order, what is
// held does not fall below nothing at any step.
func TestTheBudgetIsNeverExceeded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawStory(t, true)
		l := newLedger(t)
		s.tell(t, l)
		statement := l.finished(t)
		balanced(t, statement)
		valid, over, cost := int64(0), statement.Account.NotCounted[budget.OverBudget], new(big.Rat)
		for _, p := range s.plays {
			if verdict, price := s.judged(p); verdict == budget.Valid {
				valid++
				cost.Add(cost, price)
			}
		}
		total, _ := new(big.Rat).SetString(statement.Account.Budget.String())
		if cost.Cmp(total) <= 0 && over > 0 {
			t.Fatalf("%s: all that counts costs %s", described(statement), cost.FloatString(20))
		}
		if statement.Counted.Plays+over != valid {
			t.Fatalf("%s: %d plays were within the window and ACTIVE", described(statement), valid)
		}
	})
}

func FuzzAccountBytes(f *testing.F) {
	l := newLedger(f)
	unsummed := func() []byte { return l.row[:len(l.row)-4] }
	l.report(at("p", 1500))
	f.Add(unsummed())
	l.apply(schedule(500, definition(f, 1000, 2000, "10.00", "100")))
	l.apply(timed(budget.Active, 1000, 1007))
	f.Add(unsummed())
	l.report(play{"too much", "s-1", "cr-1", 1500, 1500, "101"})
	l.apply(reschedule(1200, budget.Active, definition(f, 1000, 2000, "20.00", "100")))
	f.Add(unsummed())
	l.apply(operator(budget.Cancelled, 1300))
	l.apply(settle(budget.Cancelled, 1400))
	f.Add(unsummed())
	l.pass(1400)
	f.Add(unsummed())
	f.Fuzz(func(t *testing.T, data []byte) {
		data = budget.WithSum(data)
		var a budget.Account
		if a.UnmarshalBinary(data) != nil {
			return
		}
		again := a.AppendBinary(nil)
		var b budget.Account
		if err := b.UnmarshalBinary(again); err != nil || string(b.AppendBinary(nil)) != string(again) {
			t.Errorf("%x is written as %x: %v", data, again, err)
		}
	})
}
