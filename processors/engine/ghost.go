package engine

import "time"

// ghosts tells a namesake from a ghost. A member that was thrown away may have asked to join over a link that was slow, or
// half open; its request reaches the group when the link heals, and puts a member in this process's place whom nobody
// serves. The group then refuses this process as if another one had taken its instance name.
//
// So for a while after a member was thrown away, whoever takes the name is held for a ghost, and the process joins again,
// which ends a ghost. Of two processes that do run under one name, one has thrown nobody away, or is the first for whom the
// while is over: it gives up. Being taken for a ghost is no reason for another while. But two that take the name from each
// other also make each other's members fail in ways that look like any other failure, so the while could begin again and
// again: who meets ghosts without a pause for hauntMax has met a process.
//
// The process that ran before under this name may have left such requests as well. It was one client per group, which has
// few requests on their way; so in the first while of a process a few ghosts are believed in though it has thrown nobody
// away, and no more: whoever takes the name again and again is another process.
type ghosts struct {
	// began is when the process began to take part, and earlier how many ghosts were met that were none of its own.
	began   time.Duration
	earlier int
	// since is when a member was thrown away last (Clock.Elapsed), if one was.
	since time.Duration
	any   bool
	// first and last are when a ghost was met, of those that came without a pause; if one was.
	first, last time.Duration
	met         bool
}

// ghostMax is how long a request may be on its way after its connection was given up.
const ghostMax = time.Minute

// hauntMax is for how long one ghost after the other is believed in. A pause between them is ghostMax.
const hauntMax = 5 * time.Minute

// earlierMax is how many ghosts an earlier process may have left.
const earlierMax = 3

// begin notes that the process begins to take part.
func (g *ghosts) begin(now time.Duration) { g.began = now }

// leave notes that a member was thrown away, for another reason than that its name was taken.
func (g *ghosts) leave(now time.Duration) { g.since, g.any = now, true }

// meet notes that who has taken this process's name is held for a ghost.
func (g *ghosts) meet(now time.Duration) {
	if !g.met || now-g.last >= ghostMax {
		g.first, g.met = now, true
	}
	g.last = now
	if !g.own(now) {
		g.earlier++
	}
}

// own says whether a ghost may be of a member that this process has thrown away.
func (g *ghosts) own(now time.Duration) bool { return g.any && now-g.since < ghostMax }

// possible says whether who has taken this process's name may be a ghost.
func (g *ghosts) possible(now time.Duration) bool {
	haunted := g.met && now-g.last < ghostMax && now-g.first >= hauntMax
	inherited := now-g.began < ghostMax && g.earlier < earlierMax
	return (g.own(now) || inherited) && !haunted
}
