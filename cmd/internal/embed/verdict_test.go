package embed

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestJournalOfProducers(t *testing.T) {
	yes := true
	cases := []struct {
		name    string
		journal []entry
		known   map[int64]standing
		raised  []entry
	}{
		{"nobody", nil, map[int64]standing{}, nil},
		{"without transactions", []entry{{Type: entryInit, ProducerID: 7}, {Type: "endtx", ProducerID: 7}}, map[int64]standing{}, nil},
		{
			"in its first transaction",
			[]entry{{Type: entryInit, ProducerID: 7, TransactionalID: "a", TimeoutMs: 10}},
			map[int64]standing{7: {0, "a", 10, false}},
			[]entry{{Type: entryInit, ProducerID: 7, ProducerEpoch: 2, TransactionalID: "a", TimeoutMs: 10}},
		},
		{
			"ended, before its next epoch",
			[]entry{{Type: entryInit, ProducerID: 7, TransactionalID: "a"}, {Type: "endtx", ProducerID: 7, Commit: &yes}},
			map[int64]standing{7: {0, "a", 0, true}},
			[]entry{{Type: entryInit, ProducerID: 7, ProducerEpoch: 2, TransactionalID: "a"}},
		},
		{
			"of a compacted journal: not known to be in a transaction",
			[]entry{{Type: entryInit, ProducerID: 7, ProducerEpoch: 9, TransactionalID: "a", Commit: &yes}},
			map[int64]standing{7: {9, "a", 0, true}},
			[]entry{{Type: entryInit, ProducerID: 7, ProducerEpoch: 11, TransactionalID: "a"}},
		},
		{
			"timed out",
			[]entry{{Type: entryInit, ProducerID: 7, TransactionalID: "a"}, {Type: "timeout", ProducerID: 7, ProducerEpoch: 1}},
			map[int64]standing{7: {1, "a", 0, true}},
			[]entry{{Type: entryInit, ProducerID: 7, ProducerEpoch: 3, TransactionalID: "a"}},
		},
		{
			"epochs ran out: a new producer for the same id",
			[]entry{
				{Type: entryInit, ProducerID: 7, ProducerEpoch: 32766, TransactionalID: "a"},
				{Type: entryInit, ProducerID: 8, TransactionalID: "a"},
			},
			map[int64]standing{7: {32766, "a", 0, false}, 8: {0, "a", 0, false}},
			[]entry{{Type: entryInit, ProducerID: 8, ProducerEpoch: 2, TransactionalID: "a"}},
		},
		{
			"no epoch left to raise to",
			[]entry{{Type: entryInit, ProducerID: 7, ProducerEpoch: 32765, TransactionalID: "a"}},
			map[int64]standing{7: {32765, "a", 0, false}}, nil,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			known := standings(c.journal)
			if d := cmp.Diff(c.known, known, cmp.AllowUnexported(standing{})); d != "" {
				t.Errorf("standings (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.raised, fences(c.journal, known)); d != "" {
				t.Errorf("fences (-want +got):\n%s", d)
			}
		})
	}
}

func TestTorn(t *testing.T) {
	known := map[int64]standing{7: {epoch: 3, transactionalID: "a"}, 8: {epoch: 3, transactionalID: "b", ended: true}}
	cases := []struct {
		name string
		of   producer
		want bool
	}{
		{"its end is not written", producer{7, 3}, true},
		{"its end is written and the next epoch given", producer{7, 2}, false},
		{"its end is written", producer{8, 3}, false},
		{"of nobody", producer{9, 0}, false},
	}
	for _, c := range cases {
		if got := torn(note{producer: c.of}, known); got != c.want {
			t.Errorf("%s: torn is %v", c.name, got)
		}
	}
}
