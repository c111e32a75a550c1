package table

import (
	"fmt"
	"slices"
	"testing"
	"unsafe"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

func reviewing(rows *Table, limit int) (keys []string) {
	rows.TakeReviews(limit, func(key string) { keys = append(keys, key) })
	return keys
}

// Of those that are loaded the ones that are due first come first, each once, whatever was loaded of it before; what is due comes
// as if it were not to be looked at.
func TestReviewsComeInTheOrderOfTheirInstants(t *testing.T) {
	rows := New(dueOf)
	rows.Reviewing(reviewOf)
	for i := range 9 {
		rows.Load(fmt.Sprint(i), due(5, "R"), int64(i))
		rows.Load(fmt.Sprint(i), due(5, ""), int64(i))
		rows.Load(fmt.Sprint(i), due(instant.Instant(99-i), "R"), int64(i))
	}
	rows.Load("other", due(1, ""), 9)
	if got := reviewing(rows, 10); got != nil {
		t.Errorf("before all are loaded %q are looked at", got)
	}
	rows.Index()
	if got := taking(rows, 93, 2); !slices.Equal(got, []string{"other@1", "8@91"}) {
		t.Errorf("due are %q", got)
	}
	set(t, rows, "8", due(200, ""))
	if got := reviewing(rows, 3); !slices.Equal(got, []string{"7", "6", "5"}) {
		t.Errorf("looked at are %q", got)
	}
	rows.Rollback()
	if got := reviewing(rows, 20); len(got) != 9 || rows.Reviews() != 9 {
		t.Errorf("after all that was taken back, looked at are %q", got)
	}
}

// A standby beside a process with other rules sees rows that are to be looked at, and are not any more, again and again.
func TestTheQueueOfReviewsIsBounded(t *testing.T) {
	rows := New(dueOf)
	rows.Reviewing(reviewOf)
	for i := range 10 * reviewMax {
		rows.Load("k", due(5, "R"), int64(i))
		if i%2 == 0 {
			rows.Load("k", due(5, ""), int64(i))
		}
	}
	if places := len(rows.reviews.queue); places > reviewMax+3 {
		t.Errorf("for %d row the queue has %d places", rows.Reviews(), places)
	}
	rows.Index()
	if got := reviewing(rows, 10); !slices.Equal(got, []string{"k"}) {
		t.Errorf("looked at are %q", got)
	}
}

// A row takes no more memory for it: there may be millions.
func TestARowTakesAsMuchMemoryAsBefore(t *testing.T) {
	if size := unsafe.Sizeof(row{}); size > 64 {
		t.Errorf("a row takes %d bytes", size)
	}
}
