package table

import "github.com/rmn-arms/campaign-engine/state/instant"

// Tickets are numbers that rise within a process. A row that waits for one is not due before it was called, or its time is up.
// Which tickets are called is no part of a row: a ticket that was given elsewhere, or long ago, counts as called. Since each
// process begins at a number of its own, only those count as open that follow closely on the last one that was called.

// ticketsMax is how many tickets may be open.
const ticketsMax = 1 << 20

// Awaiting lets rows wait for tickets. It is to be called before the first row is put.
func (t *Table) Awaiting(of AwaitOf) {
	t.awaitOf, t.awaiting = of, make(map[string]struct{})
}

// Call calls the tickets up to a number: rows that waited for them are due as they say.
func (t *Table) Call(upTo int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.called = upTo
	for key := range t.awaiting {
		r, ok := t.rows[key]
		if !ok || r.value == nil {
			delete(t.awaiting, key)
			continue
		}
		// Who has been taken comes back when it is written.
		if due, _ := t.due(key, r.value); r.place != absent || !t.indexed {
			t.place(r, due)
		}
	}
}

// Called says whether a ticket has been called.
func (t *Table) Called(ticket int64) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return !t.open(ticket)
}

func (t *Table) open(ticket int64) bool {
	return ticket > t.called && ticket-t.called <= ticketsMax
}

// due returns when a row is due, and whether it is to be looked at anew, and notes whether it waits for a ticket.
func (t *Table) due(key string, value []byte) (due instant.Instant, review bool) {
	if t.reviews.of != nil {
		due, review = t.reviews.of(value)
	} else {
		due = t.dueOf(value)
	}
	if t.awaitOf == nil {
		return due, review
	}
	ticket, by := t.awaitOf(value)
	if due == Never || ticket == 0 || !t.open(ticket) {
		delete(t.awaiting, key)
		return due, review
	}
	t.awaiting[key] = struct{}{}
	return max(due, by), review
}
