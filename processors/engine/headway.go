package engine

import "time"

// headway says whether something that is waited for still comes nearer. What is begun anew, and has been further before,
// does not.
type headway struct {
	// best is how far each thing came, since when that is (Clock.Elapsed).
	best  map[string]int64
	since time.Duration
}

func newHeadway(now time.Duration) headway { return headway{best: make(map[string]int64), since: now} }

// note notes how far something has come.
func (h *headway) note(what string, reached int64, now time.Duration) {
	if best, seen := h.best[what]; !seen || reached > best {
		h.best[what], h.since = reached, now
	}
}

// lost says that nothing came nearer for so long.
func (h *headway) lost(now, patience time.Duration) bool { return now-h.since >= patience }
