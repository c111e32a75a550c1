package engine

import (
	"math/rand/v2"
	"slices"
	"sync"
)

// A callback may have to know that all has been read that lay in an input at some moment, also what a foreign partitioner
// has put elsewhere, in a partition that another member owns perhaps. It takes a ticket for that moment, and its row waits
// until the ticket is called, see AwaitingCodec.
//
// A ticket is the number of the first look that begins after it was taken. Looks are numbered one after the other, see
// look.go; one serves all who wait, and none is made while nobody does. Each process begins at a number of its own, so that a
// ticket that stands in a row from before is not taken for one of the present: it counts as called, since before a
// partition's timers fire all has been read that lay there when it was claimed.
type tickets struct {
	mu sync.Mutex
	// next is the number of the look that is to begin next.
	next int64
	// asked are the inputs that tickets were taken for since the last one began.
	asked map[string]bool
}

// firstTicketMax leaves room behind the first number for more looks than a process can make.
const firstTicketMax = 1 << 62

func newTickets() tickets {
	return tickets{next: 1 + rand.Int64N(firstTicketMax), asked: make(map[string]bool)}
}

// take returns a ticket for what lies in an input now.
func (t *tickets) take(input string) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked[input] = true
	return t.next
}

// begin numbers a look and says what it is to look at; wanted is false when nobody waits for one.
func (t *tickets) begin() (number int64, inputs []string, wanted bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.asked) == 0 {
		return 0, nil, false
	}
	for input := range t.asked {
		inputs = append(inputs, input)
	}
	slices.Sort(inputs)
	clear(t.asked)
	t.next++
	return t.next - 1, inputs, true
}

// forget ends an assignment, and returns the newest number that its tickets may have: the next claim serves who waited.
func (t *tickets) forget() (newest int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next++
	clear(t.asked)
	return t.next - 1
}
