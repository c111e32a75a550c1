package table

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// model is what a table promises, written as plainly as possible: a map, and sorting whenever somebody asks.
type model struct {
	rows      map[string][]byte
	committed map[string][]byte
	written   []string // in the order of the first writes
	away      map[string]bool
	taken     []dueRow
	asked     int
	inReview  map[string]bool
	reviewed  []string // that were taken, in their order
	seen      int      // of reviewed
	indexed   bool
	offset    int64
}

type dueRow struct {
	key string
	due instant.Instant
}

func newModel() *model {
	return &model{rows: map[string][]byte{}, committed: map[string][]byte{}, away: map[string]bool{}, inReview: map[string]bool{}}
}

// reviewOf has rows be looked at whose value ends with R.
func reviewOf(value []byte) (instant.Instant, bool) {
	return dueOf(value), bytes.HasSuffix(value, []byte("R"))
}

// reviews returns the rows that are to be looked at, those included that were taken.
func (m *model) reviews() (keys []string) {
	for key, value := range m.rows {
		if _, review := reviewOf(value); review {
			keys = append(keys, key)
		}
	}
	return keys
}

// waiting returns the rows that may be taken, in the order in which they are.
func (m *model) waiting() (rows []dueRow) {
	if !m.indexed {
		return nil
	}
	for key, value := range m.rows {
		if at := dueOf(value); at != Never && !m.away[key] {
			rows = append(rows, dueRow{key, at})
		}
	}
	slices.SortFunc(rows, func(a, b dueRow) int { return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.key, b.key)) })
	return rows
}

func (m *model) write(key string, value []byte) {
	if !slices.Contains(m.written, key) {
		m.written = append(m.written, key)
	}
	if delete(m.rows, key); value != nil {
		m.rows[key] = value
	}
	delete(m.away, key)
	delete(m.inReview, key)
}

func (m *model) end(commit bool) {
	if commit {
		m.committed = maps.Clone(m.rows)
	} else {
		m.rows = maps.Clone(m.committed)
	}
	m.written, m.taken, m.asked, m.reviewed, m.seen = nil, nil, 0, nil, 0
	clear(m.away)
	clear(m.inReview)
}

var (
	someKey   = rapid.SampledFrom([]string{"", "a", "b", "c", "d", "e", "a\x00part"})
	someDue   = rapid.OneOf(rapid.Int64Range(0, 20), rapid.Just(int64(Never)))
	someValue = rapid.Custom(func(t *rapid.T) []byte {
		if rapid.IntRange(0, 9).Draw(t, "short") == 0 {
			return []byte{}
		}
		return due(instant.Instant(someDue.Draw(t, "due")), rapid.SampledFrom([]string{"", "x", "yy", "R", "zR"}).Draw(t, "more"))
	})
)

// In whatever order rows are written, loaded, taken, committed and taken back, a table says what the model says.
func TestTableIsAsTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, m := New(dueOf), newModel()
		rows.Reviewing(reviewOf)
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				key, value := someKey.Draw(t, "key"), someValue.Draw(t, "value")
				if err := rows.Set(key, value); err != nil {
					t.Fatal(err)
				}
				m.write(key, value)
			},
			"delete": func(t *rapid.T) {
				key := someKey.Draw(t, "key")
				if err := rows.Delete(key); err != nil {
					t.Fatal(err)
				}
				if _, there := m.rows[key]; there || slices.Contains(m.written, key) {
					m.write(key, nil)
				}
			},
			"load": func(t *rapid.T) { m.load(t, rows) },
			"index": func(*rapid.T) {
				if len(m.written) == 0 {
					rows.Index()
					m.indexed = true
				}
			},
			"take": func(t *rapid.T) { m.compareTake(t, rows) },
			"review": func(t *rapid.T) {
				limit := rapid.IntRange(0, 4).Draw(t, "limit")
				var got []string
				count := rows.TakeReviews(limit, func(key string) { got = append(got, key) })
				m.compareReview(t, got, count, limit)
			},
			"overdue": func(t *rapid.T) {
				now, limit := instant.Instant(rapid.Int64Range(0, 21).Draw(t, "now")), rapid.IntRange(0, 9).Draw(t, "limit")
				m.compareOverdue(t, rows, now, limit)
			},
			"ask": func(t *rapid.T) { m.compareUnanswered(t, rows) },
			"commit": func(t *rapid.T) {
				m.offset += rapid.Int64Range(0, 3).Draw(t, "written")
				rows.Commit(m.offset)
				m.end(true)
			},
			"rollback": func(*rapid.T) {
				rows.Rollback()
				m.end(false)
			},
			"reset": func(t *rapid.T) {
				if rapid.IntRange(0, 20).Draw(t, "rarely") == 0 {
					rows.Reset()
					*m = *newModel()
				}
			},
			"": func(t *rapid.T) { m.compare(t, rows) },
		})
	})
}

// load has both read a row, or its removal, between transactions.
func (m *model) load(t *rapid.T, rows *Table) {
	if len(m.written) > 0 || len(m.taken) > 0 || len(m.reviewed) > 0 {
		return
	}
	key, value := someKey.Draw(t, "key"), someValue.Draw(t, "value")
	if rapid.Bool().Draw(t, "removal") {
		value = nil
	}
	rows.Load(key, value, m.offset)
	m.offset++
	if delete(m.rows, key); value != nil {
		m.rows[key] = value
	}
	m.committed = maps.Clone(m.rows)
}

// compareTake has both take what is due, and looks at what that is.
func (m *model) compareTake(t *rapid.T, rows *Table) {
	now, limit := instant.Instant(someDue.Draw(t, "now")), rapid.IntRange(0, 4).Draw(t, "limit")
	if now == Never {
		now--
	}
	var got, want []dueRow
	count := rows.TakeDue(now, limit, func(key string, at instant.Instant) { got = append(got, dueRow{key, at}) })
	for _, row := range m.waiting() {
		if row.due <= now && len(want) < limit {
			want = append(want, row)
			m.away[row.key] = true
		}
	}
	m.taken = append(m.taken, want...)
	if !slices.Equal(got, want) || count != len(want) {
		t.Fatalf("took %v, count %d, not %v", got, count, want)
	}
}

// compareUnanswered looks at the first that was taken and is still to be done.
func (m *model) compareUnanswered(t *rapid.T, rows *Table) {
	key, found := rows.Unanswered()
	for ; m.asked < len(m.taken); m.asked++ {
		taken := m.taken[m.asked]
		if value, there := m.rows[taken.key]; there && dueOf(value) <= taken.due {
			if !found || key != taken.key {
				t.Fatalf("unanswered is %q, not %q", key, taken.key)
			}
			return
		}
	}
	for ; m.seen < len(m.reviewed); m.seen++ {
		if slices.Contains(m.reviews(), m.reviewed[m.seen]) {
			if !found || key != m.reviewed[m.seen] {
				t.Fatalf("unanswered is %q, not %q", key, m.reviewed[m.seen])
			}
			return
		}
	}
	if found {
		t.Fatalf("%q is unanswered", key)
	}
}

// compareReview looks at what was taken to be looked at: as many as there are, of those that were not taken before.
func (m *model) compareReview(t *rapid.T, got []string, count, limit int) {
	left := slices.DeleteFunc(m.reviews(), func(key string) bool { return !m.indexed || m.inReview[key] })
	if count != len(got) || count != min(limit, len(left)) {
		t.Fatalf("%d were taken up to %d, %q; not of %q", count, limit, got, left)
	}
	for _, key := range got {
		if !slices.Contains(left, key) || m.inReview[key] {
			t.Fatalf("%q were taken, not of %q", got, left)
		}
		m.inReview[key] = true
	}
	m.reviewed = append(m.reviewed, got...)
}

// compareOverdue asks what is due at an instant, or was and is not committed.
func (m *model) compareOverdue(t *rapid.T, rows *Table, now instant.Instant, limit int) {
	want, oldest := 0, Never
	for _, row := range append(m.waiting(), m.taken...) {
		if row.due <= now || slices.Contains(m.taken, row) {
			want, oldest = want+1, min(oldest, row.due)
		}
	}
	count, earliest := rows.Overdue(now, limit)
	if count != min(want, limit) || earliest != oldest {
		t.Fatalf("%d are overdue up to %d, since %d; not %d, since %d", count, limit, earliest, want, oldest)
	}
}

// compare asks a table everything that it can be asked without changing it.
func (m *model) compare(t *rapid.T, rows *Table) {
	next := Never
	if waiting := m.waiting(); len(waiting) > 0 {
		next = waiting[0].due
	}
	if rows.Next() != next {
		t.Fatalf("next is %d, not %d", rows.Next(), next)
	}
	if rows.Offset() != m.offset {
		t.Fatalf("offset is %d, not %d", rows.Offset(), m.offset)
	}
	for _, key := range []string{"", "a", "b", "c", "d", "e", "a\x00part", "never"} {
		want, there := m.rows[key]
		got, err := rows.Get(key)
		has, _ := rows.Has(key)
		if err != nil || has != there || (got == nil) == there || !bytes.Equal(got, want) {
			t.Fatalf("%q holds %x, not %x: %v", key, got, want, err)
		}
	}
	var listed, written []string
	rows.Changes(func(key string, value []byte) {
		listed = append(listed, fmt.Sprintf("%q %x %t", key, value, value == nil))
	})
	for _, key := range m.written {
		written = append(written, fmt.Sprintf("%q %x %t", key, m.rows[key], m.rows[key] == nil))
	}
	if !slices.Equal(listed, written) {
		t.Fatalf("changes are %v, not %v", listed, written)
	}
	if count := len(m.reviews()); rows.Reviews() != count {
		t.Fatalf("%d are to be looked at, not %d", rows.Reviews(), count)
	}
	m.compareTotals(t, rows)
}

func (m *model) compareTotals(t *rapid.T, rows *Table) {
	size := int64(0)
	for key, value := range m.rows {
		size += int64(len(key) + len(value))
	}
	count, sum := rows.Rows()
	if sum != size {
		t.Fatalf("%d bytes, not %d", sum, size)
	}
	if len(m.written) > 0 || len(m.taken) > 0 {
		return // within a transaction deleted and taken rows are counted as well
	}
	if count != len(m.rows) {
		t.Fatalf("%d rows, not %d", count, len(m.rows))
	}
	if pending := rows.Pending(); pending != len(m.waiting()) {
		t.Fatalf("%d are pending, not %d", pending, len(m.waiting()))
	}
	it, err := rows.Iterator()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range slices.Sorted(maps.Keys(m.rows)) {
		value, _ := func() ([]byte, error) { it.Next(); return it.Value() }()
		if string(it.Key()) != key || !bytes.Equal(value, m.rows[key]) {
			t.Fatalf("the iterator is at %q %x, not %q %x", it.Key(), value, key, m.rows[key])
		}
	}
	if it.Next() {
		t.Fatalf("the iterator goes on to %q", it.Key())
	}
}
