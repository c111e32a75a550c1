package budget

import (
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/linearhash"
	"github.com/rmn-arms/campaign-engine/state/money"
)

// Reported is what became of a report.
type Reported struct {
	Verdict Verdict
	// Again says that this very record was read before: it counts as nothing.
	Again bool
	// Held says that the campaign is not known yet; the verdict follows.
	Held bool
}

// Report judges a play that was read at a position, in a batch of now; heldMax is how many are held while the campaign is not
// known. Its error says that a bucket cannot be read; the account is then unchanged.
func (a *Account) Report(
	parts linearhash.Buckets, play *Play, at Position, heldMax int64, now instant.Instant,
) (Reported, error) {
	if a.Plays.passed(at) {
		return Reported{Again: true}, nil
	}
	after := Position{at.Partition, at.Offset + 1}
	if a.remembersNoMore(now) {
		a.Plays = after
		return Reported{Verdict: AfterLock}, nil
	}
	table := a.plays(parts)
	_, repeated, err := table.Find(play.ID)
	if err != nil {
		return Reported{}, err
	}
	if repeated {
		a.Plays = after
		a.NotCounted[Duplicate]++
		return Reported{Verdict: Duplicate}, nil
	}
	if !a.Known && a.Entries >= heldMax {
		a.Plays = after
		return Reported{Verdict: UnknownCampaign}, nil
	}
	h := &history{parts: parts}
	kept := entry{order: a.Entries, verdict: a.verdict(h, play), play: *play}
	if h.err != nil {
		return Reported{}, h.err
	}
	if err := table.Put(play.ID, kept.encoded()); err != nil {
		return Reported{}, err
	}
	a.Entries, a.Plays = table.Entries(), after
	a.count(h, &kept)
	a.reach(&kept)
	if kept.verdict == AfterLock {
		a.addToLines(parts, play)
	}
	return a.follow(kept.verdict, now), nil
}

// remembersNoMore says that the plays are forgotten, or about to be: all of them have been stated.
func (a *Account) remembersNoMore(now instant.Instant) bool {
	switch a.Lock.Stage {
	case Forgotten:
		return true
	case Locked:
		return a.Lock.Removed > 0 || now >= a.Lock.ForgetDue && a.Lock.AdjustDue == Never
	}
	return false
}

// follow sets when something more is to be done about a play.
func (a *Account) follow(verdict Verdict, now instant.Instant) Reported {
	if !a.Known && a.HeldUntil == 0 {
		a.HeldUntil = now.Add(Hold)
	}
	if verdict == AfterLock {
		a.Lock.AdjustDue = min(a.Lock.AdjustDue, now.Add(Coalesce))
	}
	return Reported{Verdict: verdict, Held: verdict == UnknownCampaign}
}

// reach notes how far plays reach that a timeline judges.
func (a *Account) reach(e *entry) {
	if e.verdict == Invalid {
		return
	}
	a.Farthest = max(a.Farthest, e.play.StartedAt)
	if e.verdict.within() {
		a.Latest = max(a.Latest, e.play.StartedAt)
	}
}

// verdict judges a play that has not been there.
func (a *Account) verdict(h *history, play *Play) Verdict {
	if play.invalid() {
		return Invalid
	}
	if !a.Known {
		return UnknownCampaign
	}
	verdict, terms := a.Timeline.judge(h, play.StartedAt)
	switch {
	case verdict != Valid:
		return verdict
	case a.Lock.Stage == Locked:
		return AfterLock
	case !a.affords(money.Cost(play.Impressions, terms.CPM)):
		return OverBudget
	}
	return Valid
}

// affords says whether what is left of the budget pays for one more cost.
func (a *Account) affords(cost money.Exact) bool {
	return cost.IsZero() || a.Cost.Plus(cost).Compare(a.ceiling()) <= 0
}

// count adds a play by its verdict.
func (a *Account) count(h *history, e *entry) {
	if e.verdict != Valid {
		a.NotCounted[e.verdict]++
		if e.verdict == AfterLock {
			a.Lock.Late.add(e.play.Impressions)
		}
		return
	}
	terms := a.Timeline.at(h, e.play.StartedAt)
	a.Counted.add(e.play.Impressions)
	a.Cost = a.Cost.Plus(money.Cost(e.play.Impressions, terms.CPM))
	if e.play.EndedAt > terms.EndsAt {
		a.Overran++
	}
}

// discount takes a play away that was counted by the timeline as it is.
func (a *Account) discount(h *history, e *entry) {
	if e.verdict != Valid {
		a.NotCounted[e.verdict]--
		return
	}
	terms := a.Timeline.at(h, e.play.StartedAt)
	a.Counted.remove(e.play.Impressions)
	a.Cost = a.Cost.Minus(money.Cost(e.play.Impressions, terms.CPM))
	if e.play.EndedAt > terms.EndsAt {
		a.Overran--
	}
}
