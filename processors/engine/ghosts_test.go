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
