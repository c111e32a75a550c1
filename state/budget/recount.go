package budget

import (
	"cmp"
	"slices"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/linearhash"
	"github.com/rmn-arms/campaign-engine/state/money"
)

// recount judges anew, in the order of their arrival, the plays that started at from or later, and those that were over
// budget, since what others cost may be free again. before is the account as they were judged by. It costs a look at each
// play that is kept, so it is done only when there is such a play: in the regular course a transition is known before the
// plays that it is about. Afterwards Latest is that of the timeline as it is, whatever plays were within before: an account does
// not show when its inputs were read.
func (a *Account) recount(h *history, before *Account, from instant.Instant) error {
	table := a.plays(h.parts)
	affected, latest, err := playsToJudge(table, from)
	if err != nil {
		return err
	}
	a.Latest = latest
	// What the budget has had room for counts, also where that is more than the budget is now.
	after, ceiling := a.Timeline, a.ceiling()
	a.Timeline = before.Timeline
	for i := range affected {
		a.discount(h, &affected[i])
	}
	a.Timeline = after
	changed := make(map[linearhash.Hash][]byte)
	for i := range affected {
		e := &affected[i]
		was := e.verdict
		e.verdict = a.rejudge(h, e, ceiling)
		a.count(h, e)
		a.reach(e)
		if e.verdict != was {
			changed[e.play.ID] = e.encoded()
		}
	}
	if h.err != nil || len(changed) == 0 {
		return h.err
	}
	err = table.Rewrite(func(kept linearhash.Entry) (content []byte, rewritten bool) {
		content, rewritten = changed[kept.Hash]
		return content, rewritten
	})
	if err == nil {
		a.dropLines(h.parts)
	}
	return err
}

// ceilingWhen is what the cost might come to when a play came that was over budget then: a raise is for what comes after it.
func (a *Account) ceilingWhen(h *history, order int64) money.Exact {
	ceiling := a.Budget.Exact()
	_, next := olderRaises.around(h, a.Timeline.Older.Raises, func(r *Raise) bool { return r.Order <= order })
	for i := 0; next == nil && i < len(a.Raises); i++ {
		if a.Raises[i].Order > order {
			next = &a.Raises[i]
		}
	}
	if next != nil && next.Before.Compare(ceiling) < 0 {
		return next.Before
	}
	return ceiling
}

// playsToJudge returns the plays that a timeline judges and that started at from or later, and those over budget, in the
// order of their arrival. latest is the latest start of the others that are within their window.
func playsToJudge(table *linearhash.Table, from instant.Instant) (found []entry, latest instant.Instant, _ error) {
	for kept, err := range table.All() {
		if err != nil {
			return nil, 0, err
		}
		_, verdict, startedAt, _, err := head(kept.Content)
		switch {
		case err != nil:
			return nil, 0, err
		case verdict == Invalid:
			continue
		case startedAt < from && verdict != OverBudget:
			if verdict.within() {
				latest = max(latest, startedAt)
			}
			continue
		}
		e, err := readEntry(kept)
		if err != nil {
			return nil, 0, err
		}
		found = append(found, e)
	}
	slices.SortFunc(found, func(a, b entry) int { return cmp.Compare(a.order, b.order) })
	return found, latest, nil
}

// rejudge judges a play again; ceiling is what the cost may come to with one that was not over budget.
func (a *Account) rejudge(h *history, e *entry, ceiling money.Exact) Verdict {
	verdict, terms := a.Timeline.judge(h, e.play.StartedAt)
	if verdict != Valid {
		return verdict
	}
	if e.verdict == OverBudget {
		ceiling = a.ceilingWhen(h, e.order)
	}
	cost := money.Cost(e.play.Impressions, terms.CPM)
	if !cost.IsZero() && a.Cost.Plus(cost).Compare(ceiling) > 0 {
		return OverBudget
	}
	return Valid
}
