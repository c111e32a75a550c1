// Package table is the keyed table of one partition of a goka group, held in memory: goka's storage.Storage, with an
// index of the rows by the instant at which each is due next, and with transactions.
//
// What is written between two commits can be listed (Changes), kept (Commit) or taken back (Rollback), so that the rows
// in memory are at every commit what the table topic holds. Finding what is due costs O(due), never O(rows).
//
// A Table is safe for one writer and any number of readers.
package table

import (
	"fmt"
	"sync"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// Never is the due instant of a row that waits for nothing.
const Never = instant.Instant(1<<63 - 1)

// DueOf reads from a row's bytes the instant at which the row is due next, or Never.
type DueOf func(value []byte) instant.Instant

// AwaitOf reads from a row's bytes what the row waits for beside its due instant: a ticket, 0 for nothing, and the instant
// from which on it does not wait for it any longer. See Table.Call.
type AwaitOf func(value []byte) (ticket int64, by instant.Instant)

// Table holds the rows of one partition.
type Table struct {
	mu    sync.RWMutex
	dueOf DueOf
	// awaitOf is nil where no row waits for a ticket; awaiting has the keys of those that may wait for one after called.
	awaitOf  AwaitOf
	awaiting map[string]struct{}
	called   int64
	reviews  reviews
	// excepted says which rows are never due, by their key; nil: none.
	excepted func(key string) bool
	rows     map[string]*row
	index    dueIndex
	// indexed is false while rows are loaded in bulk: the index is then built once, in O(rows).
	indexed bool
	// changes holds, per row written since the last commit, what it was before.
	changes []change
	// taken holds what TakeDue handed out since the last commit; the first asked of them have been looked at.
	taken []taken
	asked int
	// transaction numbers the open transaction; a row whose mark equals it is already in changes.
	transaction uint64
	offset      int64
	bytes       int64
	// written is the size of changes' present values.
	written int64
}

type row struct {
	key    string
	value  []byte // nil: deleted, still listed in changes
	due    instant.Instant
	place  int32 // in the index, or absent
	review reviewState
	mark   uint64 // the transaction that wrote it last
}

type taken struct {
	row *row
	due instant.Instant
}

type change struct {
	row     *row
	before  []byte
	existed bool
}

// New returns an empty table. Rows are indexed by dueOf; nil means that no row is ever due.
func New(dueOf DueOf) *Table {
	if dueOf == nil {
		dueOf = func([]byte) instant.Instant { return Never }
	}
	return &Table{dueOf: dueOf, rows: make(map[string]*row), transaction: 1}
}

// NewExcept is New for a table in which some rows are never due, whatever their bytes say.
func NewExcept(dueOf DueOf, excepted func(key string) bool) *Table {
	t := New(dueOf)
	t.excepted = excepted
	return t
}

// Load puts a row that was read from the table topic; a nil value removes it. It takes no part in a transaction.
// offset is the record's; the table then holds the topic up to and including it.
func (t *Table) Load(key string, value []byte, offset int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.offset = offset + 1
	r, ok := t.rows[key]
	if !ok {
		if value == nil {
			return
		}
		r = &row{key: key, place: absent, due: Never}
		t.rows[key] = r
	}
	t.put(r, value)
}

// Index builds the due index after a bulk of Loads; until then nothing is due.
func (t *Table) Index() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.indexed {
		return
	}
	t.index = t.index[:0]
	for _, r := range t.rows {
		if r.due != Never {
			r.place = int32(len(t.index))
			t.index = append(t.index, r)
		}
	}
	t.index.build()
	t.reviews.order()
	t.indexed = true
}

// Next returns the earliest due instant of all rows, or Never.
func (t *Table) Next() instant.Instant {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if len(t.index) == 0 {
		return Never
	}
	return t.index[0].due
}

// TakeDue takes up to limit rows that are due at now out of the index, earliest first, ties by key, and calls take for
// each. A taken row comes back into the index when it is written, or at Commit or Rollback.
func (t *Table) TakeDue(now instant.Instant, limit int, take func(key string, due instant.Instant)) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	count := 0
	for count < limit && len(t.index) > 0 && t.index[0].due <= now {
		r := t.index[0]
		t.index.remove(r)
		t.taken = append(t.taken, taken{r, r.due})
		take(r.key, r.due)
		count++
	}
	return count
}

// Unanswered returns the key of a row that was taken since the last call, and that is still due at the instant at which it
// was, or at an earlier one: the callback that was to advance it did not. Without this the row would fire for ever. So would one
// that was to be looked at anew, and still is.
func (t *Table) Unanswered() (key string, found bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for ; t.asked < len(t.taken); t.asked++ {
		if taken := t.taken[t.asked]; taken.row.value != nil && taken.row.due <= taken.due {
			return taken.row.key, true
		}
	}
	return t.reviews.unanswered()
}

// Changes calls visit once for each row written since the last commit, in the order of the first writes, with its
// last value; nil means deleted.
func (t *Table) Changes(visit func(key string, value []byte)) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, c := range t.changes {
		visit(c.row.key, c.row.value)
	}
}

// Commit keeps what was written; next is the offset after the last record that carries it (0: nothing was written).
func (t *Table) Commit(next int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.offset = max(t.offset, next)
	for _, c := range t.changes {
		if c.row.value == nil {
			delete(t.rows, c.row.key)
		}
	}
	t.close()
}

// Rollback takes back all that was written since the last commit.
func (t *Table) Rollback() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.changes {
		t.put(c.row, c.before)
		if !c.existed {
			delete(t.rows, c.row.key)
		}
	}
	t.close()
}

// close ends a transaction; the caller holds the lock.
func (t *Table) close() {
	for _, taken := range t.taken {
		if r := taken.row; r.place == absent && r.value != nil && r.due != Never {
			t.index.insert(r)
		}
	}
	clear(t.changes)
	t.changes = t.changes[:0]
	clear(t.taken)
	t.taken, t.asked = t.taken[:0], 0
	t.reviews.close()
	t.transaction++
	t.written = 0
}

// Written returns the bytes of the keys and values of the rows written since the last commit, the last value of each.
func (t *Table) Written() int64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.written
}

// Rows returns the number of rows and the bytes of their keys and values.
func (t *Table) Rows() (count int, bytes int64) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.rows), t.bytes
}

// Pending returns the number of rows that wait for an instant. Within a transaction, those that TakeDue handed out and that
// have not been written since count as well: they may come back.
func (t *Table) Pending() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	count := len(t.index)
	for _, taken := range t.taken {
		if r := taken.row; r.place == absent && r.due <= taken.due {
			count++
		}
	}
	return count
}

// Overdue returns how many rows are due at now, counted up to about limit, and the earliest of their instants (Never without
// one). What TakeDue handed out is counted until the transaction is committed. It costs O(limit).
func (t *Table) Overdue(now instant.Instant, limit int) (count int, oldest instant.Instant) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	oldest = Never
	for _, taken := range t.taken {
		if oldest = min(oldest, taken.due); count < limit {
			count++
		}
	}
	count += t.index.count(0, now, limit-count)
	if len(t.index) > 0 && t.index[0].due <= now {
		oldest = min(oldest, t.index[0].due)
	}
	return count, oldest
}

// Offset returns the offset in the table topic up to which the committed rows are complete.
func (t *Table) Offset() int64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.offset
}

// Advance notes that the topic holds no further row before offset (markers, compacted records).
func (t *Table) Advance(offset int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.offset = max(t.offset, offset)
}

// Reset forgets all rows, as if the table had just been made.
func (t *Table) Reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows = make(map[string]*row)
	t.index, t.changes, t.taken = nil, nil, nil
	clear(t.awaiting)
	t.reviews = reviews{of: t.reviews.of}
	t.asked, t.indexed, t.offset, t.bytes, t.written = 0, false, 0, 0, 0
	t.transaction++
}

// Set writes a row in the open transaction. It implements storage.Storage.
func (t *Table) Set(key string, value []byte) error {
	if value == nil {
		return fmt.Errorf("writing row %q: a row's value cannot be nil", key)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	r, ok := t.rows[key]
	if !ok {
		r = &row{key: key, place: absent, due: Never}
		t.rows[key] = r
	}
	t.write(r, value)
	return nil
}

// Delete removes a row in the open transaction. It implements storage.Storage.
func (t *Table) Delete(key string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, ok := t.rows[key]
	if !ok {
		return nil
	}
	t.write(r, nil)
	// Until the commit the row stays in rows, so that a second write finds what was there before the transaction.
	t.rows[key] = r
	return nil
}

// write gives a row its value in the open transaction, and remembers what it was before it.
func (t *Table) write(r *row, value []byte) {
	if r.mark == t.transaction {
		t.written -= size(r.key, r.value)
	} else {
		r.mark = t.transaction
		t.changes = append(t.changes, change{row: r, before: r.value, existed: r.value != nil})
	}
	t.put(r, value)
	t.written += size(r.key, value)
}

// put gives a row its value and its place in the index.
func (t *Table) put(r *row, value []byte) {
	t.bytes += size(r.key, value) - size(r.key, r.value)
	r.value = value
	due, review := Never, false
	if value != nil && (t.excepted == nil || !t.excepted(r.key)) {
		due, review = t.due(r.key, value)
	}
	t.place(r, due)
	t.reviews.note(r, review)
	if value == nil && r.mark != t.transaction {
		delete(t.rows, r.key)
	}
}

// place gives a row its place in the index.
func (t *Table) place(r *row, due instant.Instant) {
	switch {
	case !t.indexed:
		r.due = due
	case due == Never:
		if r.place != absent {
			t.index.remove(r)
		}
		r.due = due
	case r.place == absent:
		r.due = due
		t.index.insert(r)
	default:
		r.due = due
		t.index.fix(r)
	}
}

func size(key string, value []byte) int64 {
	if value == nil {
		return 0
	}
	return int64(len(key) + len(value))
}
