package table

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// dueOf reads a row of these tests: its due instant, then anything.
func dueOf(value []byte) instant.Instant {
	if len(value) < 8 {
		return Never
	}
	return instant.Instant(binary.BigEndian.Uint64(value))
}

func due(at instant.Instant, more string) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(at)), more...)
}

func taking(t *Table, now instant.Instant, limit int) (taken []string) {
	t.TakeDue(now, limit, func(key string, at instant.Instant) { taken = append(taken, fmt.Sprintf("%s@%d", key, at)) })
	return taken
}

func set(t *testing.T, rows *Table, key string, value []byte) {
	t.Helper()
	if err := rows.Set(key, value); err != nil {
		t.Fatal(err)
	}
}

func TestDueRowsComeInOrder(t *testing.T) {
	rows := New(dueOf)
	for i, key := range []string{"c", "a", "b", "late", "resting"} {
		rows.Load(key, due([]instant.Instant{5, 5, 3, 9, Never}[i], ""), int64(i))
	}
	if rows.Next() != Never || len(taking(rows, 100, 10)) > 0 {
		t.Error("rows are due before Index")
	}
	rows.Index()
	if rows.Next() != 3 {
		t.Errorf("next is due at %d", rows.Next())
	}
	if got := taking(rows, 2, 10); len(got) > 0 {
		t.Errorf("early: %v", got)
	}
	if got := taking(rows, 5, 2); !slices.Equal(got, []string{"b@3", "a@5"}) {
		t.Errorf("two of them: %v", got)
	}
	if got := taking(rows, 5, 2); !slices.Equal(got, []string{"c@5"}) {
		t.Errorf("the rest: %v", got)
	}
	if rows.Next() != 9 {
		t.Errorf("then next is due at %d", rows.Next())
	}
}

// What was taken is due again after a Rollback, and after a Commit unless it was written.
func TestTakenRowsComeBack(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*Table)
		want []string
	}{
		{"taken back", (*Table).Rollback, []string{"a@5", "b@5", "c@5", "d@5"}},
		{"committed", func(t *Table) { t.Commit(1) }, []string{"a@5", "c@4"}},
	} {
		rows := New(dueOf)
		rows.Index()
		for _, key := range []string{"a", "b", "c", "d"} {
			set(t, rows, key, due(5, ""))
		}
		rows.Commit(1)
		if got := taking(rows, 5, 10); len(got) != 4 {
			t.Fatalf("%s: taken %v", c.name, got)
		}
		set(t, rows, "b", due(50, ""))
		set(t, rows, "c", due(4, ""))
		if err := rows.Delete("d"); err != nil {
			t.Fatal(err)
		}
		c.end(rows)
		got := taking(rows, 5, 10)
		slices.Sort(got)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: due again: %v", c.name, got)
		}
	}
}

func TestUnanswered(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(*testing.T, *Table)
		found  bool
	}{
		{"not written", func(*testing.T, *Table) {}, true},
		{"written as it was", func(t *testing.T, r *Table) { set(t, r, "k", due(5, "")) }, true},
		{"moved to earlier", func(t *testing.T, r *Table) { set(t, r, "k", due(4, "")) }, true},
		{"moved to later, though past", func(t *testing.T, r *Table) { set(t, r, "k", due(6, "")) }, false},
		{"put to rest", func(t *testing.T, r *Table) { set(t, r, "k", due(Never, "")) }, false},
		{"deleted", func(_ *testing.T, r *Table) { _ = r.Delete("k") }, false},
	} {
		rows := New(dueOf)
		rows.Index()
		set(t, rows, "k", due(5, ""))
		rows.Commit(1)
		taking(rows, 10, 1)
		c.answer(t, rows)
		if key, found := rows.Unanswered(); found != c.found || found && key != "k" {
			t.Errorf("%s: unanswered %q, %t", c.name, key, found)
		}
		rows.Rollback()
		if _, found := rows.Unanswered(); found {
			t.Errorf("%s: a timer of an earlier transaction is unanswered", c.name)
		}
	}
	// What is written after the question was asked is no answer.
	rows := New(dueOf)
	rows.Index()
	set(t, rows, "k", due(5, ""))
	rows.Commit(1)
	taking(rows, 10, 1)
	set(t, rows, "k", due(Never, ""))
	if _, found := rows.Unanswered(); found {
		t.Error("it was answered")
	}
	set(t, rows, "k", due(3, ""))
	if _, found := rows.Unanswered(); found {
		t.Error("a row that was set to the past afterwards is no unanswered timer")
	}
	if got := taking(rows, 10, 1); !slices.Equal(got, []string{"k@3"}) {
		t.Errorf("it is due again: %v", got)
	}
}

func TestExceptedRowsAreNeverDue(t *testing.T) {
	rows := NewExcept(dueOf, func(key string) bool { return key == "part" })
	rows.Load("part", due(1, ""), 0)
	rows.Load("row", due(2, ""), 1)
	rows.Index()
	set(t, rows, "part", due(1, "again"))
	if rows.Next() != 2 || len(taking(rows, 10, 10)) != 1 {
		t.Error("a part is due")
	}
	plain := New(nil)
	plain.Index()
	set(t, plain, "row", due(1, ""))
	if plain.Next() != Never {
		t.Error("a row of a table without timers is due")
	}
}

// Changes lists each row once, with its last value, in the order of the first writes.
func TestChanges(t *testing.T) {
	rows := New(dueOf)
	rows.Load("old", []byte("1"), 0)
	rows.Load("gone", []byte("1"), 1)
	rows.Load("untouched", []byte("1"), 2)
	set(t, rows, "new", []byte("1"))
	set(t, rows, "old", []byte("2"))
	set(t, rows, "new", []byte("2"))
	_ = rows.Delete("gone")
	_ = rows.Delete("never")
	set(t, rows, "passing", []byte("1"))
	_ = rows.Delete("passing")
	got := changes(rows)
	want := []string{"new=2", "old=2", "gone", "passing"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	rows.Commit(10)
	if got := changes(rows); len(got) > 0 || rows.Offset() != 10 {
		t.Errorf("after the commit: %v, offset %d", got, rows.Offset())
	}
	if count, bytes := rows.Rows(); count != 3 || bytes != int64(len("old2"+"new2"+"untouched1")) {
		t.Errorf("%d rows of %d bytes", count, bytes)
	}
}

func changes(rows *Table) (list []string) {
	rows.Changes(func(key string, value []byte) {
		if value == nil {
			list = append(list, key)
			return
		}
		list = append(list, key+"="+string(value))
	})
	return list
}

func TestOffsets(t *testing.T) {
	rows := New(nil)
	steps := []struct {
		name string
		do   func()
		want int64
	}{
		{"new", func() {}, 0},
		{"a row was loaded", func() { rows.Load("k", []byte("v"), 7) }, 8},
		{"a removal of nothing was loaded", func() { rows.Load("x", nil, 9) }, 10},
		{"markers lie behind", func() { rows.Advance(12) }, 12},
		{"nothing goes back", func() { rows.Advance(3) }, 12},
		{"a commit without rows", func() { rows.Commit(0) }, 12},
		{"a commit", func() { rows.Commit(20) }, 20},
		{"forgotten", func() { rows.Reset() }, 0},
	}
	for _, step := range steps {
		step.do()
		if rows.Offset() != step.want {
			t.Errorf("%s: %d, not %d", step.name, rows.Offset(), step.want)
		}
	}
	if at, err := rows.GetOffset(-3); at != -3 || err != nil {
		t.Errorf("goka was told offset %d: it would look for rows by itself", at)
	}
	if err := rows.Set("k", nil); err == nil {
		t.Error("a row without a value was written")
	}
}

func TestIterators(t *testing.T) {
	rows := New(nil)
	for i, key := range []string{"b", "a", "ba", "c", "b\x00part", "gone", ""} {
		rows.Load(key, []byte("value of "+key), int64(i))
	}
	_ = rows.Delete("gone")
	for _, c := range []struct {
		name         string
		start, limit []byte
		want         []string
	}{
		{"all", nil, nil, []string{"", "a", "b", "b\x00part", "ba", "c"}},
		{"a range", []byte("a"), []byte("ba"), []string{"a", "b", "b\x00part"}},
		{"to a limit", nil, []byte("b"), []string{"", "a"}},
		{"a prefix", []byte("b"), nil, []string{"b", "b\x00part", "ba"}},
		{"a prefix, as goka's views ask", []byte("b"), []byte{}, []string{"b", "b\x00part", "ba"}},
		{"nothing", []byte("x"), []byte("y"), nil},
	} {
		it, err := rows.IteratorWithRange(c.start, c.limit)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for it.Next() {
			value, err := it.Value()
			if err != nil || string(value) != "value of "+string(it.Key()) {
				t.Errorf("%s: %q has %q, %v", c.name, it.Key(), value, err)
			}
			got = append(got, string(it.Key()))
		}
		if diff := cmp.Diff(c.want, got); diff != "" || it.Err() != nil {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if value, _ := it.Value(); it.Key() != nil || value != nil || it.Next() {
			t.Errorf("%s: there is something behind the end", c.name)
		}
	}
	it, err := rows.Iterator()
	if err != nil {
		t.Fatal(err)
	}
	set(t, rows, "bb", []byte("new"))
	for _, c := range []struct{ seek, at string }{{"b", "b"}, {"bb", "c"}, {"", ""}, {"b\x00", "b\x00part"}} {
		if !it.Seek([]byte(c.seek)) || string(it.Key()) != c.at {
			t.Errorf("seeking %q led to %q, not %q", c.seek, it.Key(), c.at)
		}
	}
	if it.Seek([]byte("d")) {
		t.Error("seeking behind the end led somewhere")
	}
	it.Release()
	if it.Next() || it.Key() != nil {
		t.Error("a released iterator goes on")
	}
}

// Taking what is due moves as many rows as are due, times the depth of the index: never all that are pending.
func TestFiringCostsWhatIsDue(t *testing.T) {
	const pending = 1 << 17
	rows := New(dueOf)
	for i := range pending {
		rows.Load(fmt.Sprintf("key-%d", i), due(instant.Instant(i*7919%pending), ""), int64(i))
	}
	rows.Index()
	for _, count := range []int{0, 1, 10, 100} {
		before := make(map[*row]int32, pending)
		for _, r := range rows.rows {
			before[r] = r.place
		}
		if got := rows.TakeDue(pending, count, func(string, instant.Instant) {}); got != count {
			t.Fatalf("%d were taken", got)
		}
		moved := 0
		for r, place := range before {
			if r.place != place {
				moved++
			}
		}
		if most := count * (bits.Len(pending) + 1); moved > most {
			t.Errorf("taking %d moved %d rows, more than %d", count, moved, most)
		}
	}
}

func BenchmarkTakeDue(b *testing.B) {
	for _, pending := range []int{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("of-%d", pending), func(b *testing.B) {
			rows := New(dueOf)
			for i := range pending {
				rows.Load(fmt.Sprintf("key-%d", i), due(instant.Instant(i), ""), int64(i))
			}
			rows.Index()
			b.ReportAllocs()
			for b.Loop() {
				rows.TakeDue(instant.Instant(pending), 100, func(string, instant.Instant) {})
				rows.Rollback()
			}
		})
	}
}
