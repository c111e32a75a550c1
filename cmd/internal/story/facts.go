package story

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// section is what was found, or must be, of one thing: lines under a title.
type section struct {
	title string
	lines []string
}

func (s *section) add(format string, arguments ...any) {
	s.lines = append(s.lines, fmt.Sprintf(format, arguments...))
}

// facts are what was seen, as expected.txt writes it.
func (s *seen) facts() (all []section) {
	for _, b := range bookings() {
		c := s.campaigns[b.id]
		all = append(all, c.transitions(b.id), c.readyFacts(b.id))
		for i := range c.statements {
			all = append(all, statementFacts(&c.statements[i]))
		}
		for i := range c.releases {
			r := &c.releases[i]
			one := section{title: "release " + r.ReleaseID}
			one.add("%s %s = %s spent + %s back to %s", r.Budget.Amount, r.Budget.Currency, r.Spent.Amount, r.Released.Amount,
				r.AdvertiserID)
			all = append(all, one)
		}
	}
	for _, id := range allScreens() {
		all = append(all, commandFacts(id, s.commands[id]), s.screens[id].facts(id))
	}
	looks := section{title: "screens"}
	looks.lines = append(looks.lines, s.looks...)
	refused := section{title: "dead letters"}
	for _, l := range s.letters {
		refused.add("%s of %s", l.Reason, l.Topic)
	}
	return append(all, looks, refused)
}

// transitions are all that became due of a campaign and what came of them.
func (c *campaign) transitions(id string) section {
	one := section{title: "campaign " + id}
	story, _ := c.story.Timeline()
	if w := story.Window; w != nil {
		one.add("from %s, in %s %s", w.StartsAt, w.TimeZone, w.StartsAtInZone)
		one.add("until %s, in %s %s", w.EndsAt, w.TimeZone, w.EndsAtInZone)
	}
	ended := schemas.Instant(0)
	for _, o := range c.outcomes {
		switch o.Transition {
		case schemas.End:
			ended = o.ScheduledFor
		case schemas.Cancel:
			ended = o.DecidedAt
		}
		if o.reason != "" {
			one.add("%s rejected when %s: %s, %s", o.TransitionID, o.status, o.reason, whenDue(&o.Due, ended))
			continue
		}
		from := string(o.From)
		if from == "" {
			from = "nothing"
		}
		first := ""
		if o.FirstActive {
			first = ", for the first time"
		}
		one.add("%d. %s %s to %s%s, %s", o.Sequence, o.TransitionID, from, o.To, first, whenDue(&o.Due, ended))
	}
	return one
}

// readyFacts are how ready it was.
func (c *campaign) readyFacts(id string) section {
	one := section{title: "ready for " + id}
	best := int64(0)
	for _, r := range c.readiness {
		best = max(best, r.DevicesReady)
	}
	if r := c.readyNow(); r != nil && r.AtStart != nil {
		one.add("%d of %d devices at the start, %d at best", r.AtStart.DevicesReady, r.AtStart.DevicesTotal, best)
	}
	return one
}

// whenDue tells for when something was due: to the millisecond, but an operator's change, which is due when it is read. A
// settlement is so much behind what it follows.
func whenDue(d *schemas.Due, ended schemas.Instant) string {
	switch {
	case d.Transition == schemas.Settle:
		return fmt.Sprintf("%s behind that", time.Duration(d.ScheduledFor-ended)*time.Millisecond)
	case timed(d.Transition):
		return "due " + d.ScheduledFor.Time().Format("15:04:05.000")
	}
	return "at " + d.DecidedAt.Time().Format("15:04")
}

func timed(t schemas.Transition) bool {
	return slices.Contains([]schemas.Transition{schemas.Distribute, schemas.Start, schemas.End, schemas.Settle}, t)
}

func statementFacts(d *schemas.Statement) section {
	one := section{title: "statement " + d.StatementID}
	one.add("%s, revision %d, of %s", d.Status, d.Revision, d.AdvertiserID)
	one.add("from %s until %s", d.Window.StartsAt, d.Window.EndsAt)
	one.add("%d plays, %s impressions, %d ran over the end", d.Plays, d.Impressions, d.Overran)
	one.add("%s %s: cost %s, spent %s, released %s", d.Budget.Amount, d.Budget.Currency, d.Cost, d.Spent.Amount, d.Released.Amount)
	for _, l := range d.ByStore {
		one.add("store %s: %d plays, %s impressions", l.StoreID, l.Plays, l.Impressions)
	}
	for _, l := range d.ByCreative {
		one.add("film %s: %d plays, %s impressions", l.CreativeID, l.Plays, l.Impressions)
	}
	for _, v := range schemas.Verdicts() {
		if n := d.NotCounted[v]; n > 0 {
			one.add("not counted: %d %s", n, v)
		}
	}
	return one
}

// commandFacts are the playlists that a device was sent; one that was sent again is told once.
func commandFacts(id string, commands []schemas.Command) section {
	one := section{title: "sent to " + id}
	for i := range commands {
		if i == 0 || commands[i].PlaylistRevision != commands[i-1].PlaylistRevision {
			one.lines = append(one.lines, listed(commands[i].Playlist))
		}
	}
	return one
}

// facts are the playlists that a device has obeyed.
func (d *screen) facts(id string) section {
	one := section{title: "obeyed by " + id}
	for _, list := range d.obeyed {
		one.lines = append(one.lines, listed(list))
	}
	return one
}

func listed(list []schemas.PlaylistEntry) string {
	if len(list) == 0 {
		return "nothing"
	}
	var films []string
	for i := range list {
		e := &list[i]
		films = append(films, fmt.Sprintf("%s %s-%s", e.CreativeID, clockOf(e.StartsAt), clockOf(e.EndsAt)))
	}
	return strings.Join(films, ", ")
}

// clockOf writes an instant as the script does, with what is finer than a minute where there is something.
func clockOf(at schemas.Instant) string {
	layout := "15:04"
	if instant.Instant(at)%60_000 != 0 {
		layout = "15:04:05.000"
	}
	return at.Time().Format(layout)
}
