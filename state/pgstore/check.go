package pgstore

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/cockroachdb/apd/v3"
	"github.com/go-json-experiment/json/jsontext"
)

// check refuses what no engine writes, before anything is sent: such a batch is a mistake of the program.
func (b *Batch) check() error {
	var wrong []error
	for i := range b.Transitions {
		wrong = append(wrong, b.Transitions[i].Check())
	}
	for i := range b.Releases {
		wrong = append(wrong, b.Releases[i].Check())
	}
	for i := range b.Statements {
		wrong = append(wrong, b.Statements[i].Check())
	}
	return errors.Join(wrong...)
}

// checkPositions is check for how far a batch moves its sources.
func checkPositions(positions []Advance) error {
	seen := make(map[Partition]bool, len(positions))
	for _, p := range positions {
		if p.Next < p.From || p.Next < 0 || p.Partition.Partition < 0 || seen[p.Partition] {
			return fmt.Errorf("%s/%d: a position must not go back, nor come twice", p.Topic, p.Partition.Partition)
		}
		seen[p.Partition] = true
	}
	return nil
}

// Check says why the database cannot hold the transition, whatever else is in it; nil: it can.
func (t *Transition) Check() error {
	c := &t.Campaign
	if t.Sequence < 1 || !keys(t.CampaignID, t.TransitionID) || !finite(&c.Budget) || c.CPM.Valid && !finite(&c.CPM.Decimal) ||
		!texts(t.Transition, t.From, t.To, c.AdvertiserID, c.TimeZone, c.Currency) {
		return fmt.Errorf("%s: a transition needs its campaign, id, sequence, money that is not below zero, and texts", t.key())
	}
	return nil
}

// Check says why the database cannot hold the release; nil: it can.
func (r *Release) Check() error {
	if !keys(r.CampaignID) || !texts(r.AdvertiserID, r.Currency) || !finite(&r.Budget) || !finite(&r.Spent) || !finite(&r.Released) {
		return fmt.Errorf("%s: a release needs its campaign, and money that is not below zero", r.key())
	}
	return nil
}

// Check says why the database cannot hold the statement; nil: it can.
func (s *Statement) Check() error {
	if s.Version < 1 || !keys(s.CampaignID, s.StatementID) || !texts(s.AdvertiserID, s.Status, s.Currency) ||
		!finite(&s.Impressions) || !finite(&s.Budget) || !finite(&s.Cost) || !finite(&s.Spent) || !finite(&s.Released) ||
		!jsontext.Value(s.Body).IsValid() || bytes.Contains(s.Body, []byte(`\u0000`)) {
		return fmt.Errorf("%s: a statement needs its campaign, version, money that is not below zero, and a body that is JSON "+
			"without NUL", s.key())
	}
	return nil
}

// textMax bounds what goes into an index, in bytes: a row of one has room for some 2,700.
const textMax = 512

// keys reports whether the texts can be keys.
func keys(all ...string) bool { return texts(all...) && !slices.Contains(all, "") }

// texts reports whether the database can hold the texts.
func texts(all ...string) bool {
	for _, text := range all {
		if len(text) > textMax || !utf8.ValidString(text) || strings.Contains(text, "\x00") {
			return false
		}
	}
	return true
}

// finite reports whether a number is one, and not below zero; the database would take NaN.
func finite(d *apd.Decimal) bool {
	return d.Form == apd.Finite && (!d.Negative || d.IsZero()) && d.Exponent >= -amountDigits && d.Exponent <= amountDigits
}

func (t *Transition) key() string { return fmt.Sprintf("%s/%d", t.CampaignID, t.Sequence) }
func (s *Statement) key() string  { return fmt.Sprintf("%s/%d", s.CampaignID, s.Version) }
func (r *Release) key() string    { return r.ID() }

// unique returns rows in the order of their key, so that the indices are walked in order, and one of each key. What comes twice
// within a batch is repeated when it is the same, else a conflict with the first of them.
func unique[T any](kind string, rows []T, key func(*T) string, order func(a, b *T) int, same func(a, b *T) bool,
	result *Result,
) []T {
	sorted := column(rows, func(row *T) *T { return row }) // a row is some hundred bytes long
	slices.SortStableFunc(sorted, order)
	kept := make([]T, 0, len(rows))
	for _, row := range sorted {
		switch last := len(kept) - 1; {
		case last < 0 || order(&kept[last], row) != 0:
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
