package budget_test

import (
	"bytes"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/budget"
)

// TestNoDueInstantIsReadOutOfOtherBytes: a row is read for its due instant without a look at all of it, and only if every bit of
// it is as it was written.
func TestNoDueInstantIsReadOutOfOtherBytes(t *testing.T) {
	l := newLedger(t)
	l.report(at("p", 1500))
	rows := [][]byte{l.row}
	l.apply(schedule(500, definition(t, 1000, 2000, "10.00", "100")))
	rows = append(rows, l.row)
	l.apply(timed(budget.Active, 1000, 1007))
	l.ends()
	rows = append(rows, l.row)
	for _, row := range rows {
		for bit := range 8 * len(row) {
			other := bytes.Clone(row)
			other[bit/8] ^= 1 << (bit % 8)
			if due, readable := budget.DueOf(other); readable || due != budget.Never {
				t.Fatalf("with bit %d turned it is due at %d", bit, due)
			}
			if new(budget.Account).UnmarshalBinary(other) == nil {
				t.Fatalf("with bit %d turned it is an account", bit)
			}
		}
		for length := range row {
			if _, readable := budget.DueOf(row[:length]); readable {
				t.Fatalf("cut to %d bytes it is readable", length)
			}
		}
		if cost := testing.AllocsPerRun(100, func() { budget.DueOf(row) }); cost != 0 {
			t.Errorf("a look allocates %g times", cost)
		}
	}
}

func BenchmarkDueOf(b *testing.B) {
	l := newLedger(b)
	l.apply(schedule(500, definition(b, 1000, 2000, "10.00", "100")))
	l.apply(timed(budget.Active, 1000, 1007))
	l.report(at("p", 1500))
	for b.Loop() {
		if _, readable := budget.DueOf(l.row); !readable {
			b.Fatal("it cannot be read")
		}
	}
}
