package budget_test

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/budget"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/linearhash"
	"github.com/rmn-arms/campaign-engine/state/money"
)

// fataler is what *testing.T and *rapid.T have in common here.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
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

// ledger is an account as the group keeps it: in bytes between two steps.
type ledger struct {
	t         fataler
	row       []byte
	parts     parts
	plays     int64 // offsets
	applied   int64
	sequence  int64
	now       instant.Instant
	fired     []budget.Fired
	wasStatus budget.Status
	heldMax   int64
}

func newLedger(t fataler) *ledger { return &ledger{t: t, parts: parts{}, heldMax: budget.HeldMax} }

func (l *ledger) account() *budget.Account {
	l.t.Helper()
	var a budget.Account
	if l.row != nil {
		if err := a.UnmarshalBinary(l.row); err != nil {
			l.t.Fatalf("%v: %x", err, l.row)
		}
	}
	return &a
}

func (l *ledger) keep(a *budget.Account) {
	l.t.Helper()
	l.row = a.AppendBinary(nil)
	if due, readable := budget.DueOf(l.row); due != a.NextDue() || !readable {
		l.t.Fatalf("a row says that it is due at %d (%t), its account at %d", due, readable, a.NextDue())
	}
	if again := l.account().AppendBinary(nil); string(again) != string(l.row) {
		l.t.Fatalf("a row is read and written as another:\n%x\n%x", l.row, again)
	}
}

// report reports a play at the next offset.
func (l *ledger) report(p play) budget.Reported {
	l.t.Helper()
	a := l.account()
	reported, err := a.Report(l.parts, p.translated(l.t), budget.Position{Partition: 3, Offset: l.plays}, l.heldMax, l.now)
	if err != nil {
		l.t.Fatalf("%v", err)
	}
	l.plays++
	l.keep(a)
	return reported
}

// apply applies the next transition.
func (l *ledger) apply(c budget.Change) {
	l.t.Helper()
	a := l.account()
	l.applyTo(a, c)
	l.keep(a)
}

// applyTo applies the next transition to the account as it is, and does not keep it.
func (l *ledger) applyTo(a *budget.Account, c budget.Change) {
	l.t.Helper()
	l.sequence++
	c.Sequence, c.From, l.wasStatus = l.sequence, l.wasStatus, c.To
	if again, err := a.Apply(l.parts, &c, budget.Position{Partition: 3, Offset: l.applied}, l.plays, l.now); again || err != nil {
		l.t.Fatalf("%v, %v", again, err)
	}
	l.applied++
}

// pass lets time pass to an instant; timers fire on the way.
func (l *ledger) pass(to instant.Instant) {
	l.t.Helper()
	for {
		a := l.account()
		due := a.NextDue()
		read := l.plays >= a.Lock.Ticket // a ticket is how many plays there were
		if ticket, by := budget.AwaitOf(l.row); ticket != 0 && !read {
			due = max(due, by)
		}
		if due > to || l.row == nil {
			break
		}
		l.now = max(l.now, due)
		fired, err := a.Fire(l.parts, read, l.now)
		if err != nil {
			l.t.Fatalf("%v", err)
		}
		l.fired = append(l.fired, fired)
		if fired.GivenUp {
			l.row = nil
			break
		}
		if a.NextDue() <= due {
			l.t.Fatalf("due at %d, and again at %d", due, a.NextDue())
		}
		l.keep(a)
	}
	l.now = max(l.now, to)
}

func (l *ledger) copy() *ledger {
	other := *l
	other.parts = maps.Clone(l.parts)
	return &other
}

// play is a play as a test writes it.
type play struct {
	id, store, creative string
	startedAt, endedAt  instant.Instant
	impressions         string
}

func (p play) translated(t fataler) *budget.Play {
	t.Helper()
	sum := sha256.Sum256([]byte(p.id))
	translated := &budget.Play{
		ID: linearhash.Hash(sum[:16]), StoreID: p.store, CreativeID: p.creative, StartedAt: p.startedAt, EndedAt: p.endedAt,
	}
	if p.impressions[0] == '-' {
		translated.Negative = true
		return translated
	}
	var err error
	if translated.Impressions, err = money.ParseExact(p.impressions); err != nil {
		t.Fatalf("%v", err)
	}
	return translated
}

func amount(t fataler, text, currency string) money.Amount {
	t.Helper()
	a, err := money.ParseAmount(text, currency)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return a
}

func rate(t fataler, text string) money.Rate {
	t.Helper()
	r, err := money.ParseRate(text)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return r
}

// definition is what a definition says, in USD.
func definition(t fataler, starts, ends instant.Instant, total, cpm string) budget.Definition {
	t.Helper()
	return budget.Definition{
		AdvertiserID: "a-1", StartsAt: starts, EndsAt: ends, Budget: amount(t, total, "USD"), CPM: rate(t, cpm),
	}
}

// schedule, start, and so on are the changes of a campaign's life.
func schedule(at instant.Instant, d budget.Definition) budget.Change {
	return budget.Change{Kind: budget.Redefinition, To: budget.Scheduled, Revision: 1, DecidedAt: at, Definition: d}
}

func reschedule(at instant.Instant, to budget.Status, d budget.Definition) budget.Change {
	return budget.Change{Kind: budget.Redefinition, To: to, Revision: 2, DecidedAt: at, Definition: d}
}

func timed(to budget.Status, scheduledFor, decidedAt instant.Instant) budget.Change {
	return budget.Change{Kind: budget.Timed, To: to, Revision: 1, ScheduledFor: scheduledFor, DecidedAt: decidedAt}
}

func operator(to budget.Status, at instant.Instant) budget.Change {
	return budget.Change{To: to, Revision: 3, DecidedAt: at}
}

func settle(to budget.Status, at instant.Instant) budget.Change {
	return budget.Change{Kind: budget.Settlement, To: to, Revision: 3, ScheduledFor: at, DecidedAt: at}
}

// described says what a statement says, in one line.
func described(s *budget.Statement) string {
	if s == nil {
		return "none"
	}
	text := fmt.Sprintf("v%d %d plays %s impressions cost %s spent %s released %s overran %d", s.Version, s.Counted.Plays,
		s.Counted.Impressions, s.Account.Cost, s.Spent, s.Released, s.Account.Overran)
	for verdict, count := range s.Account.NotCounted {
		if count > 0 {
			text += fmt.Sprintf(" %s %d", budget.Verdict(verdict), count)
		}
	}
	for _, line := range append(s.ByStore, s.ByCreative...) {
		text += fmt.Sprintf(" [%s %d %s]", line.ID, line.Plays, line.Impressions)
	}
	return text
}

// locked returns the final statement, of which there is one.
func (l *ledger) locked(t testing.TB) *budget.Statement {
	t.Helper()
	var final *budget.Statement
	for _, fired := range l.fired {
		if fired.Locked {
			if final != nil {
				t.Fatal("locked twice")
			}
			final = fired.Statement
		}
	}
	if final == nil {
		t.Fatal("not locked")
	}
	return final
}
