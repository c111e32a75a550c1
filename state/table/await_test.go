package table

import (
	"fmt"
	"maps"
	"testing"

	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// wish is what a row of these tests says: "due ticket by".
type wish struct {
	due, by instant.Instant
	ticket  int64
}

func (w wish) row() []byte { return fmt.Appendf(nil, "%d %d %d", w.due, w.ticket, w.by) }

func wishOf(row []byte) (w wish) {
	if _, err := fmt.Sscanf(string(row), "%d %d %d", &w.due, &w.ticket, &w.by); err != nil {
		panic(err)
	}
	return w
}

func awaitingTable() *Table {
	t := New(func(row []byte) instant.Instant { return wishOf(row).due })
	t.Awaiting(func(row []byte) (int64, instant.Instant) { w := wishOf(row); return w.ticket, w.by })
	t.Index()
	return t
}

// However rows are written, committed and taken back while tickets are called, a row is due when its ticket has been, or
// its time is up.
func TestARowIsDueWhenItsTicketIsCalled(t *testing.T) {
	some := rapid.Custom(func(t *rapid.T) wish {
		due := rapid.Int64Range(0, 9).Draw(t, "due")
		return wish{instant.Instant(due), instant.Instant(due + rapid.Int64Range(0, 9).Draw(t, "wait")), rapid.Int64Range(0, 6).Draw(t, "ticket")}
	})
	key := rapid.SampledFrom([]string{"a", "b", "c"})
	rapid.Check(t, func(t *rapid.T) {
		table, called := awaitingTable(), int64(0)
		rows, committed := map[string]wish{}, map[string]wish{}
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				k, w := key.Draw(t, "key"), some.Draw(t, "wish")
				if err := table.Set(k, w.row()); err != nil {
					t.Fatal(err)
				}
				rows[k] = w
			},
			"delete": func(t *rapid.T) {
				k := key.Draw(t, "key")
				if err := table.Delete(k); err != nil {
					t.Fatal(err)
				}
				delete(rows, k)
			},
			"call": func(t *rapid.T) {
				called = max(called, rapid.Int64Range(0, 6).Draw(t, "up to"))
				table.Call(called)
			},
			"commit":   func(*rapid.T) { table.Commit(0); committed = maps.Clone(rows) },
			"rollback": func(*rapid.T) { table.Rollback(); rows = maps.Clone(committed) },
			"": func(t *rapid.T) {
				next := Never
				for _, w := range rows {
					if w.ticket > called {
						w.due = max(w.due, w.by)
					}
					next = min(next, w.due)
				}
				if got := table.Next(); got != next {
					t.Fatalf("next is %d, not %d", got, next)
				}
			},
		})
	})
}

// A ticket that was given out elsewhere is none of those that are open here.
func TestAForeignTicketIsCalled(t *testing.T) {
	table := awaitingTable()
	const here = 1 << 40
	table.Call(here)
	for _, ticket := range []int64{1, here, here + ticketsMax + 1, 1 << 61} {
		if err := table.Set("a", wish{5, 50, ticket}.row()); err != nil {
			t.Fatal(err)
		}
		if table.Next() != 5 || !table.Called(ticket) {
			t.Errorf("%d is waited for", ticket)
		}
	}
	if err := table.Set("a", wish{5, 50, here + 1}.row()); err != nil {
		t.Fatal(err)
	}
	if table.Next() != 50 || table.Called(here+1) {
		t.Errorf("%d is not waited for", here+1)
	}
}

// What never is due waits for nothing: it is not looked at whenever a ticket is called.
func TestWhatNeverIsDueWaitsForNoTicket(t *testing.T) {
	table := awaitingTable()
	for _, row := range []wish{{due: 1, by: 9, ticket: 3}, {due: Never}} {
		if err := table.Set("a", row.row()); err != nil {
			t.Fatal(err)
		}
		table.Commit(0)
	}
	table.Call(1)
	if len(table.awaiting) != 0 {
		t.Errorf("%d rows wait for a ticket", len(table.awaiting))
	}
}
