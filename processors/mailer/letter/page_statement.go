package letter

import (
	"fmt"

	state "github.com/rmn-arms/campaign-engine/state/mail"
)

// statement writes what a campaign has come to. By that of a provisional letter nothing is released, and it has no name.
func (w *writer) statement(s *state.Statement) {
	w.figure(w.labels.plays, w.count(s.Plays))
	w.figure(w.labels.impressions, w.number(s.Impressions))
	w.figure(w.labels.budget, w.money(s.Budget, s.Currency))
	w.figure(w.labels.spent, w.money(s.Spent, s.Currency))
	if s.ID != "" {
		w.figure(w.labels.released, w.money(s.Released, s.Currency))
		w.figure(w.labels.statement, clean(s.ID, nameMaxChars))
	}
	if s.Plays == 0 {
		w.page.Remarks = append(w.page.Remarks, w.nothing)
	}
	if s.Overran > 0 {
		w.page.Remarks = append(w.page.Remarks, fmt.Sprintf(w.overran, w.count(s.Overran)))
	}
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
		t.Remarks = append(t.Remarks, fmt.Sprintf(w.listed, w.count(lines.Listed), w.count(lines.Total)))
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
