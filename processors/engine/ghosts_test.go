package engine

import (
	"testing"
	"time"
)

// TestNamesakesDoNotFightForEver: each time that one takes the name from the other, the other one's member may fail in a way
// that does not tell of it. However often that is, there is an end.
func TestNamesakesDoNotFightForEver(t *testing.T) {
	t.Parallel()
	var g ghosts
	g.leave(0)
	const round = 2 * time.Second
	for now := round; g.possible(now); now += round {
		if now > hauntMax+2*round {
			t.Fatalf("after %s it still joins again", now)
		}
		if g.meet(now); now%(10*time.Second) == 0 {
			g.leave(now)
		}
	}
}

// TestAnEarlierProcessLeavesFewGhosts: a process that has thrown nobody away takes a few for ghosts of the process before it,
// and only while requests of that one may still be on their way.
func TestAnEarlierProcessLeavesFewGhosts(t *testing.T) {
	t.Parallel()
	var g ghosts
	g.begin(time.Hour)
	for i := range earlierMax {
		if now := time.Hour + time.Duration(i)*time.Second; !g.possible(now) {
			t.Fatalf("ghost %d of the process before is taken for a process", i+1)
		} else {
			g.meet(now)
		}
	}
	if g.possible(time.Hour + earlierMax*time.Second) {
		t.Error("whoever takes the name again and again is taken for a ghost")
	}
	if g = (ghosts{}); g.possible(ghostMax) {
		t.Error("a process that has run for long takes another one for a ghost")
	}
}

// TestGhostsThatComeSeldomAreGhosts: a link that breaks every few minutes leaves one each time.
func TestGhostsThatComeSeldomAreGhosts(t *testing.T) {
	t.Parallel()
	var g ghosts
	for now := time.Duration(0); now < time.Hour; now += 2 * ghostMax {
		g.leave(now)
		if !g.possible(now + ghostMax/2) {
			t.Fatalf("after %s a ghost is taken for a process", now)
		}
		g.meet(now + ghostMax/2)
	}
}
