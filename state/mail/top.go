package mail

import (
	"cmp"
	"slices"
	"strings"
)

// cut leaves the lines that are mailed, and returns the statement.
func (s *Statement) cut() *Statement {
	s.ByStore.cut()
	s.ByCreative.cut()
	return s
}

// cut leaves the TopMax lines with the most impressions, of equal ones those with more plays.
func (l *Lines) cut() {
	all := slices.Clone(l.Top)
	slices.SortFunc(all, func(a, b Line) int {
		return cmp.Or(compareDecimals(b.Impressions, a.Impressions), cmp.Compare(b.Plays, a.Plays), cmp.Compare(a.ID, b.ID))
	})
	l.Top = slices.Clip(all[:min(len(all), TopMax)])
}

// compareDecimals compares two plain decimals of any length.
func compareDecimals(a, b string) int {
	aWhole, aPart, _ := strings.Cut(a, ".")
	bWhole, bPart, _ := strings.Cut(b, ".")
	aWhole, bWhole = strings.TrimLeft(aWhole, "0"), strings.TrimLeft(bWhole, "0")
	return cmp.Or(cmp.Compare(len(aWhole), len(bWhole)), cmp.Compare(aWhole, bWhole),
		cmp.Compare(strings.TrimRight(aPart, "0"), strings.TrimRight(bPart, "0")))
}
