package pgstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// check refuses what no engine writes, before anything is sent: such a batch is a mistake of the program.
func (b *Batch) check() error {
	var wrong []error
	refuse := func(key, rule string) { wrong = append(wrong, fmt.Errorf("%s: %s", key, rule)) }
	seen := make(map[Partition]bool, len(b.Positions))
	for _, p := range b.Positions {
		if p.Next < p.From || p.Next < 0 || p.Partition.Partition < 0 || seen[p.Partition] {
			refuse(fmt.Sprintf("%s/%d", p.Topic, p.Partition.Partition), "a position must not go back, nor come twice")
		}
		seen[p.Partition] = true
	}
	for i := range b.Transitions {
		if t := &b.Transitions[i]; t.CampaignID == "" || t.Sequence < 1 || t.TransitionID == "" ||
			!finite(&t.Campaign.Budget) || t.Campaign.CPM.Valid && !finite(&t.Campaign.CPM.Decimal) {
			refuse(t.key(), "a transition needs its campaign, id, sequence and money that is not below zero")
		}
	}
	for i := range b.Releases {
		if r := &b.Releases[i]; r.CampaignID == "" || !finite(&r.Budget) || !finite(&r.Spent) || !finite(&r.Released) {
			refuse(r.ID(), "a release needs its campaign, and money that is not below zero")
		}
	}
	for i := range b.Statements {
		if s := &b.Statements[i]; s.CampaignID == "" || s.Version < 1 || !finite(&s.Impressions) || !finite(&s.Budget) ||
			!finite(&s.Cost) || !finite(&s.Spent) || !finite(&s.Released) || !json.Valid(s.Body) {
			refuse(s.key(), "a statement needs its campaign, version, money that is not below zero, and a body that is JSON")
		}
	}
	return errors.Join(wrong...)
}

// finite reports whether a number is one, and not below zero; the database would take NaN.
func finite(d *apd.Decimal) bool {
	return d.Form == apd.Finite && (!d.Negative || d.IsZero()) && d.Exponent >= -amountDigits && d.Exponent <= amountDigits
}

func (t *Transition) key() string { return fmt.Sprintf("%s/%d", t.CampaignID, t.Sequence) }
func (s *Statement) key() string  { return fmt.Sprintf("%s/%d", s.CampaignID, s.Version) }
func (r *Release) key() string    { return r.ID() }

// unique sorts rows by their key, so that the indices are walked in order, and leaves one of each key. What comes twice
// within a batch is repeated when it is the same, else a conflict with the first of them.
func unique[T any](kind string, rows []T, key func(*T) string, sort func([]T), same func(a, b *T) bool, result *Result) []T {
	sort(rows)
	kept := rows[:0:0]
	for i := range rows {
		row := &rows[i]
		switch last := len(kept) - 1; {
		case last < 0 || key(&kept[last]) != key(row):
			kept = append(kept, *row)
		case same(&kept[last], row):
			result.Repeated++
		default:
			result.Conflicts = append(result.Conflicts, Conflict{
				Kind: kind, Key: key(row), Reason: "one batch has two of this key", Stored: shown(&kept[last]), Given: shown(row),
			})
		}
	}
	return kept
}

func shown(row any) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(row); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(text.String())
}
