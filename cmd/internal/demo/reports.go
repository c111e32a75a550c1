package demo

import (
	"fmt"
	"slices"
	"time"

	"github.com/rmn-arms/campaign-engine/topics"
)

// reportsEvery is how long reports of a campaign's plays are gathered for one line.
const reportsEvery = time.Second

// reports counts the plays that were reported: told one by one they would hide everything else.
type reports map[string]*gathered

// gathered are reports of one campaign's plays that were not told yet.
type gathered struct {
	since time.Time // of the first
	count int
}

// add counts a report that was seen at now.
func (r reports) add(campaign string, now time.Time) {
	if r[campaign] == nil {
		r[campaign] = &gathered{since: now}
	}
	r[campaign].count++
}

// due returns the lines of what was gathered for long enough, in the order of the campaigns.
func (r reports) due(now time.Time) []string {
	var ripe []string
	for campaign, g := range r {
		if now.Sub(g.since) >= reportsEvery {
			ripe = append(ripe, campaign)
		}
	}
	slices.Sort(ripe)
	lines := make([]string, 0, len(ripe))
	for _, campaign := range ripe {
		lines = append(lines, r.tell(campaign, now))
	}
	return lines
}

// tell returns the line of a campaign's reports, "" for none; they are told then.
func (r reports) tell(campaign string, now time.Time) string {
	g := r[campaign]
	if g == nil {
		return ""
	}
	delete(r, campaign)
	what := "plays were reported"
	if g.count == 1 {
		what = "play was reported"
	}
	return fmt.Sprintf("%s  %-22s %-11s %d %s", now.UTC().Format(clockLayout), campaign, topics.Plays, g.count, what)
}

// wait returns how long nothing is due at least.
func (r reports) wait(now time.Time) time.Duration {
	wait := reportsEvery
	for _, g := range r {
		wait = min(wait, g.since.Add(reportsEvery).Sub(now))
	}
	return max(wait, 0)
}
