package fanout_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/state/fanout"
)

// TestWalksSurviveTheirEncoding; that rows do, each step of the other tests looks at.
func TestWalksSurviveTheirEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		walk := fanout.Walk{Sequence: rapid.Int64Range(0, 1<<53).Draw(t, "sequence"), Cursor: rapid.Int64Range(0, 1<<53).Draw(t, "cursor")}
		var read fanout.Walk
		if err := read.UnmarshalBinary(walk.AppendBinary(nil)); err != nil || read != walk {
			t.Fatalf("%v has become %v: %v", walk, read, err)
		}
	})
}

// FuzzRow: any bytes are a row in its one encoding, or none.
func FuzzRow(f *testing.F) {
	for _, row := range []fanout.Row{
		{}, {Sequence: 7, Distributed: true}, {Sequence: 9, Stores: 3, Walk: fanout.Walk{Sequence: 8, Cursor: 2}},
		{Sequence: 7, Distributed: true, Placed: true, Content: fanout.Hash{1}, Targets: fanout.Hash{2}, Stores: 500},
	} {
		f.Add(row.AppendBinary(nil))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var row fanout.Row
		if row.UnmarshalBinary(data) != nil {
			if row != (fanout.Row{}) {
				t.Fatalf("%x is no row, and was read as %v", data, row)
			}
			return
		}
		if again := row.AppendBinary(nil); string(again) != string(data) {
			t.Fatalf("%x is written as %x", data, again)
		}
		w := newWorld(t)
		if told, err := row.Step(&w.parts); len(told) > 0 || err == nil && row.Walk.Under() {
			t.Fatalf("without parts, %d are told: %v", len(told), err)
		}
	})
}

// FuzzParts: a walk over any bytes tells somebody, or says that they are none of its parts.
func FuzzParts(f *testing.F) {
	w := newWorld(f)
	w.apply(distributed(1, stores(0, 3)))
	f.Add(w.parts.kept["g"], w.parts.kept["s/0"], int64(3))
	w.apply(fanout.Change{Live: true, Placement: placement(2, 1, day), Stores: stores(1, 4)})
	f.Add(w.parts.kept["g"], w.parts.kept["s/0"], int64(4))
	f.Fuzz(func(t *testing.T, goal, chunk []byte, count int64) {
		w := newWorld(t)
		w.parts.kept["g"], w.parts.kept["s/0"] = goal, chunk
		row := fanout.Row{Sequence: 5, Placed: true, Content: fanout.Hash{1}, Stores: max(0, min(count, 1<<53)), Walk: fanout.Walk{Sequence: 5}}
		told, err := row.Step(&w.parts)
		if err != nil && (len(told) > 0 || w.parts.written > 0) {
			t.Fatalf("%v, and %d were told, %d bytes written", err, len(told), w.parts.written)
		}
	})
}
