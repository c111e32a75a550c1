package budget

import (
	"cmp"
	"slices"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/linearhash"
	"github.com/rmn-arms/campaign-engine/state/money"
)

// recount judges anew, in the order of their arrival, the plays that started at from or later; before is the timeline that
// they were judged by. It costs a look at each play that is kept, so it is done only when there is such a play: in the
// regular course a transition is known before the plays that it is about.
func (a *Account) recount(parts linearhash.Buckets, before Timeline, from instant.Instant) error {
	table := a.plays(parts)
	affected, err := playsFrom(table, from)
	if err != nil {
		return err
	}
	ceiling := a.ceiling()
	after := a.Timeline
	a.Timeline = before
	for i := range affected {
		a.discount(&affected[i])
	}
	a.Timeline = after
	changed := make(map[linearhash.Hash][]byte)
	for i := range affected {
		e := &affected[i]
		was := e.verdict
		e.verdict = a.rejudge(e, ceiling)
		a.count(e)
		if e.verdict != was {
			changed[e.play.ID] = e.append(nil)
		}
	}
	if len(changed) == 0 {
		return nil
	}
	return table.Rewrite(func(kept linearhash.Entry) (content []byte, rewritten bool) {
		content, rewritten = changed[kept.Hash]
		return content, rewritten
	})
}

// playsFrom returns the plays that a timeline judges and that started at from or later, in the order of their arrival.
func playsFrom(table *linearhash.Table, from instant.Instant) ([]entry, error) {
	var found []entry
	for kept, err := range table.All() {
		if err != nil {
			return nil, err
		}
		_, verdict, startedAt, _, err := head(kept.Content)
		if err != nil {
			return nil, err
		}
		if startedAt < from || verdict == Invalid {
			continue
		}
		e, err := readEntry(kept)
		if err != nil {
			return nil, err
		}
		found = append(found, e)
	}
	slices.SortFunc(found, func(a, b entry) int { return cmp.Compare(a.order, b.order) })
	return found, nil
}

// rejudge judges a play again. What was over budget when it came stays so: it is told by the order of arrival alone.
func (a *Account) rejudge(e *entry, ceiling money.Exact) Verdict {
	verdict, terms := a.Timeline.judge(e.play.StartedAt)
	switch {
	case verdict != Valid:
		return verdict
	case e.verdict == OverBudget:
		return OverBudget
	}
	cost := money.Cost(e.play.Impressions, terms.CPM)
	if !cost.IsZero() && a.Cost.Plus(cost).Compare(ceiling) > 0 {
		return OverBudget
	}
	return Valid
}
