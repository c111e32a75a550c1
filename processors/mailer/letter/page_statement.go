package letter

import (
	"fmt"

	state "github.com/rmn-arms/campaign-engine/state/mail"
)

// statement writes what a campaign has come to.
func (w *writer) statement(s *state.Statement) {
	advertiser := clean(w.letter.Campaign.AdvertiserID, nameMaxChars)
	w.figure(w.labels.plays, w.count(s.Plays))
	w.figure(w.labels.impressions, w.number(s.Impressions))
	w.price(s.Currency)
	w.figure(w.labels.budget, w.money(s.Budget, s.Currency))
	w.figure(w.labels.spent, w.money(s.Spent, s.Currency))
	w.figure(w.labels.released, w.money(s.Released, s.Currency), fmt.Sprintf(w.toWallet, advertiser))
	w.figure(w.labels.statement, clean(s.ID, statementIDMaxChars))
	w.remarks(s, w.nothing)
	w.shares(s)
}

// interim writes what was counted so far: nothing of that is a statement yet, and nothing is released.
func (w *writer) interim(s *state.Statement) {
	w.page.FiguresAre = w.figuresSoFar
	w.figure(w.labels.playsSoFar, w.count(s.Plays))
	w.figure(w.labels.impressionsSoFar, w.number(s.Impressions))
	w.price(s.Currency)
	w.figure(w.labels.budget, w.money(s.Budget, s.Currency))
	w.figure(w.labels.spentSoFar, w.money(s.Spent, s.Currency))
	w.figure(w.labels.released, w.releasedLater)
	w.remarks(s, w.nothingYet)
	w.shares(s)
}

func (w *writer) price(currency string) {
	if cpm := w.letter.CPM; cpm != "" {
		w.figure(w.labels.price, fmt.Sprintf(w.language.price, w.money(cpm, currency)), w.priceInForce)
	}
}

func (w *writer) remarks(s *state.Statement, nothing string) {
	if s.Plays == 0 {
		w.page.Remarks = append(w.page.Remarks, nothing)
	}
	if s.Overran > 0 {
		w.page.Remarks = append(w.page.Remarks, fmt.Sprintf(w.overran, w.count(s.Overran)))
	}
}

// shares writes who played how much, and what did not count.
func (w *writer) shares(s *state.Statement) {
	w.lines(w.topStores, w.labels.store, &s.ByStore)
	w.lines(w.topCreative, w.labels.creative, &s.ByCreative)
	w.verdictsOf(s.NotCounted)
}

// lines writes the stores or creatives that played most.
func (w *writer) lines(title, column string, lines *state.Lines) {
	if len(lines.Top) == 0 {
		return
	}
	t := table{Title: title, Columns: []string{column, w.labels.impressions, w.labels.plays}}
	for _, line := range lines.Top {
		t.Rows = append(t.Rows, []string{clean(line.ID, nameMaxChars), w.number(line.Impressions), w.count(line.Plays)})
	}
	switch rest := lines.Total - int64(len(lines.Top)); {
	case rest == 1:
		t.Remarks = append(t.Remarks, w.more[0])
	case rest > 1:
		t.Remarks = append(t.Remarks, fmt.Sprintf(w.more[1], w.count(rest)))
	}
	if lines.Listed < lines.Total {
		listed := w.listed
		if w.letter.Kind == state.BeforeTheFinal {
			listed = w.listedSoFar
		}
		t.Remarks = append(t.Remarks, fmt.Sprintf(listed, w.count(lines.Listed), w.count(lines.Total)))
	}
	w.page.Tables = append(w.page.Tables, t)
}

// verdictsOf writes why plays did not count.
func (w *writer) verdictsOf(verdicts []state.Verdict) {
	t := table{Title: w.notCounted, Columns: []string{w.labels.reason, w.labels.plays}}
	for _, verdict := range verdicts {
		if verdict.Plays == 0 {
			continue
		}
		why, known := w.verdicts[verdict.Name]
		if !known {
			why = clean(verdict.Name, nameMaxChars)
		}
		t.Rows = append(t.Rows, []string{why, w.count(verdict.Plays)})
	}
	if len(t.Rows) > 0 {
		w.page.Tables = append(w.page.Tables, t)
	}
}
