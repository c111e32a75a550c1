package oracle

import (
	"fmt"
	"slices"
)

// Kind is a kind of violation.
type Kind string

// The kinds of violations.
const (
	Lost    Kind = "lost"    // it should be there, and is not
	Doubled Kind = "doubled" // it is there more than once
	Early   Kind = "early"   // it was decided or written before its instant
	Wrong   Kind = "wrong"   // it is there, and says something else than it should, or should not be there at all
)

// Kinds returns all kinds, in the order of the report.
func Kinds() []Kind { return []Kind{Lost, Doubled, Early, Wrong} }

// Finding is one violation.
type Finding struct {
	Kind      Kind
	Invariant string // I1 to I11
	ID        string // of the transition, the campaign or the dead letter
	At        string // <topic>/<partition>/<offset>, empty where there is no record
	What      string
}

// String returns the finding as a line.
func (f Finding) String() string {
	at := ""
	if f.At != "" {
		at = " at " + f.At
	}
	return fmt.Sprintf("%-7s %-3s %s%s: %s", f.Kind, f.Invariant, f.ID, at, f.What)
}

// Findings gathers violations.
type Findings []Finding

func (f *Findings) add(kind Kind, invariant, id, at, format string, args ...any) {
	*f = append(*f, Finding{Kind: kind, Invariant: invariant, ID: id, At: at, What: fmt.Sprintf(format, args...)})
}

// Count returns how many there are of a kind.
func (f Findings) Count(kind Kind) int {
	count := 0
	for i := range f {
		if f[i].Kind == kind {
			count++
		}
	}
	return count
}

// Some returns at most limit of a kind, in the order of their ids.
func (f Findings) Some(kind Kind, limit int) Findings {
	var some Findings
	for i := range f {
		if f[i].Kind == kind {
			some = append(some, f[i])
		}
	}
	slices.SortStableFunc(some, func(a, b Finding) int { return compareText(a.ID, b.ID) })
	return some[:min(limit, len(some))]
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}
