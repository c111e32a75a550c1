package demo

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// kind is a kind of news that comes from every screen and is told of all of them in one line.
type kind struct {
	label string
	// within is how long news are gathered from the first on, where not all screens have spoken before.
	within time.Duration
	say    func(*gathered) string
}

const (
	soon         = time.Second
	reportsEvery = 2 * time.Second
	cutMs        = 50
)

// The kinds.
var (
	joined  = &kind{"register", soon, func(g *gathered) string { return counted(len(g.devices), "screen") + ", new in the store" }}
	emptied = &kind{"push", soon, func(g *gathered) string { return "an empty playlist to " + counted(len(g.devices), "screen") }}
	pushed  = &kind{"push", soon, func(g *gathered) string { return "to " + counted(len(g.devices), "screen") }}
	cached  = &kind{"cached", soon, func(g *gathered) string {
		return fmt.Sprintf("on %s, %d kB each, and checked", counted(len(g.devices), "screen"), g.count/int64(len(g.devices))/1000)
	}}
	played  = &kind{"play", soon, func(g *gathered) string { return "on " + counted(len(g.devices), "screen") }}
	stopped = &kind{"stop", soon, func(g *gathered) string {
		text := "off " + counted(len(g.devices), "screen")
		if g.count > 0 {
			text += ", " + counted(int(g.count), "spot") + " cut short"
		}
		return text
	}}
	unfetched = &kind{"trouble", reportsEvery, func(g *gathered) string {
		return "its spot cannot be fetched, on " + counted(len(g.devices), "screen") + ": " + g.why
	}}
	reported = &kind{string(topics.Plays), reportsEvery, func(g *gathered) string {
		if g.count == 1 {
			return "1 play was reported"
		}
		return fmt.Sprintf("%d plays were reported", g.count)
	}}
)

// counted writes how many there are of something.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// subject is of whom news are: of a campaign, or of a store.
type subject struct {
	whose string
	kind  *kind
}

// gathered are news of one kind that were not told yet.
type gathered struct {
	since, last schemas.Instant
	devices     map[string]bool
	of          int // how many devices there are
	count       int64
	why         string // the last one, of what goes wrong
}

// news is what was not told yet.
type news map[subject]*gathered

// of returns what is gathered of a kind; of is how many devices may have a part in it, 0 for any number.
func (n news) of(whose string, k *kind, of int, at schemas.Instant) *gathered {
	g := n[subject{whose, k}]
	if g == nil {
		g = &gathered{since: at, devices: map[string]bool{}, of: of}
		n[subject{whose, k}] = g
	}
	g.last = max(g.last, at)
	return g
}

// ripeAt is when it is told at the latest if nothing else comes. Spots that are cut short come right behind the playlist that
// does that.
func (g *gathered) ripeAt(k *kind) schemas.Instant {
	at := g.since + schemas.Instant(k.within.Milliseconds())
	switch {
	case g.of == 0 || len(g.devices) < g.of || k == unfetched: // that comes again and again
		return at
	case k == stopped:
		return min(at, g.last+cutMs)
	}
	return g.last
}

// due returns the lines of what is complete or was gathered for long enough, the oldest first.
func (n news) due(now schemas.Instant) []string {
	var ripe []subject
	for s, g := range n {
		if g.ripeAt(s.kind) <= now {
			ripe = append(ripe, s)
		}
	}
	slices.SortFunc(ripe, func(a, b subject) int {
		return cmp.Or(cmp.Compare(n[a].since, n[b].since), strings.Compare(a.whose, b.whose),
			strings.Compare(a.kind.label, b.kind.label))
	})
	lines := make([]string, 0, len(ripe))
	for _, s := range ripe {
		lines = append(lines, n.tell(s, now))
	}
	return lines
}

// tell returns the line of what is gathered of a subject, "" for nothing; it is told then. What goes on is told as of now, what
// is complete as of its end.
func (n news) tell(s subject, now schemas.Instant) string {
	g := n[s]
	if g == nil {
		return ""
	}
	delete(n, s)
	at := g.last
	if s.kind == reported {
		at = now
	}
	return line(at, s.whose, s.kind.label, s.kind.say(g))
}

// wait returns how long nothing is due at least.
func (n news) wait(now schemas.Instant) time.Duration {
	wait := soon
	for s, g := range n {
		wait = min(wait, time.Duration(g.ripeAt(s.kind)-now)*time.Millisecond)
	}
	return max(wait, 0)
}
