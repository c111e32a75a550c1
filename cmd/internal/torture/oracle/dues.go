package oracle

import (
	"maps"
	"slices"
)

// course is a campaign's way through transitions-due.
type course struct {
	book      *book
	waiting   []change // accepted, not due yet
	partition int32
	begun     bool
}

// sequencer follows transitions-due, campaign by campaign.
type sequencer struct {
	settings *Settings
	findings *Findings
	courses  map[string]*course
	seen     map[string]string // transition id -> where
	timed    []Timed
	// overtaken counts changes that were decided before a timer that was due.
	overtaken int
}

func newSequencer(accepted map[string][]change, s *Settings, findings *Findings) *sequencer {
	q := &sequencer{settings: s, findings: findings, courses: map[string]*course{}, seen: map[string]string{}}
	for campaign, changes := range accepted {
		q.courses[campaign] = &course{book: newBook(), waiting: slices.Clone(changes)}
	}
	return q
}

// follow takes the next due transition.
func (q *sequencer) follow(t *transition) {
	if before, twice := q.seen[t.ID]; twice {
		q.findings.add(Doubled, "I2", t.ID, t.At, "was due before, at %s", before)
		return
	}
	q.seen[t.ID] = t.At
	c := q.courses[t.Campaign]
	if c == nil {
		q.findings.add(Wrong, "I6", t.ID, t.At, "is due, but no accepted input speaks of this campaign")
		return
	}
	if c.begun && c.partition != t.Partition {
		q.findings.add(Wrong, "I5", t.ID, t.At, "is in another partition than what was due before: there is no one order")
	}
	c.begun, c.partition = true, t.Partition
	if t.DecidedAt < c.book.decidedAt {
		q.findings.add(Wrong, "I9", t.ID, t.At, "was decided at %d, after something decided at %d", t.DecidedAt, c.book.decidedAt)
	}
	if t.DecidedAt < t.ScheduledFor || t.Written < t.ScheduledFor {
		q.findings.add(Early, "I3", t.ID, t.At, "scheduled for %d, decided at %d, written at %d",
			t.ScheduledFor, t.DecidedAt, t.Written)
	}
	if isTimed(t.Kind) {
		q.fired(c, t)
	} else {
		q.changed(c, t)
	}
}

// changed takes an operator's change that is due.
func (q *sequencer) changed(c *course, t *transition) {
	at := slices.IndexFunc(c.waiting, func(w change) bool { return w.Revision == t.Revision })
	if at < 0 {
		q.findings.add(Wrong, "I6", t.ID, t.At, "is due, but no accepted input says so")
		return
	}
	w := c.waiting[at]
	c.waiting = slices.Delete(c.waiting, at, at+1)
	if at > 0 {
		q.findings.add(Wrong, "I5", t.ID, t.At, "is due before the accepted revision %d", c.waiting[0].Revision)
	}
	if w.Kind != t.Kind || t.ScheduledFor != t.DecidedAt || t.LatenessMs != 0 || w.Reason != t.ChangeReason {
		q.findings.add(Wrong, "I6", t.ID, t.At, "%s %q for %d at %d, %d ms late; the input at %s says %s %q",
			t.Kind, t.ChangeReason, t.ScheduledFor, t.DecidedAt, t.LatenessMs, w.At, w.Kind, w.Reason)
	}
	if t.DecidedAt < w.Written {
		q.findings.add(Early, "I3", t.ID, t.At, "was decided at %d, its input at %s was written at %d", t.DecidedAt, w.At, w.Written)
	}
	if d := w.Definition; d != nil && (t.Placed == nil || *t.Placed != placed{w.Revision, d.Name, d.StartsAt, d.EndsAt}) {
		q.findings.add(Wrong, "I6", t.ID, t.At, "carries %+v, the input at %s says %+v", t.Placed, w.At, *d)
	}
	if next := c.book.next(); next != "" && c.book.alarms[next].at <= t.DecidedAt {
		q.overtaken++
		if q.settings.Calm != nil && q.settings.Calm(t.DecidedAt) {
			q.findings.add(Wrong, "I5", t.ID, t.At, "was decided at %d before the %s of %d, and nothing was broken then",
				t.DecidedAt, next, c.book.alarms[next].at)
		}
	}
	c.book.change(&w, t.DecidedAt, q.settings)
}

// fired takes a timed transition that is due.
func (q *sequencer) fired(c *course, t *transition) {
	q.timed = append(q.timed, Timed{t.DecidedAt, t.LatenessMs})
	b := c.book
	alarm := b.alarms[t.Kind]
	if !alarm.armed {
		q.findings.add(Wrong, "I5", t.ID, t.At, "is due for %d, but nothing in force calls for it (newest revision %d)",
			t.ScheduledFor, b.revision)
		return
	}
	if t.Revision != b.revision || t.ScheduledFor != alarm.at {
		q.findings.add(Wrong, "I5", t.ID, t.At, "is due for %d under revision %d; in force is %d under revision %d",
			t.ScheduledFor, t.Revision, alarm.at, b.revision)
	}
	if next := b.next(); next != t.Kind {
		q.findings.add(Wrong, "I5", t.ID, t.At, "for %d is due before the %s of %d", t.ScheduledFor, next, b.alarms[next].at)
	}
	if late := t.DecidedAt - max(alarm.at, alarm.setAt); t.LatenessMs != late {
		q.findings.add(Wrong, "I3", t.ID, t.At, "says that it is %d ms late, it is %d", t.LatenessMs, late)
	}
	b.fire(t.Kind, t.DecidedAt)
}

// end looks for what was never due.
func (q *sequencer) end() {
	for _, campaign := range slices.Sorted(maps.Keys(q.courses)) {
		c := q.courses[campaign]
		for i := range c.waiting {
			w := &c.waiting[i]
			q.findings.add(Lost, "I1", transitionID(campaign, w.Revision, w.Kind), "", "accepted at %s, never due", w.At)
		}
		for _, kind := range timed() {
			if a := c.book.alarms[kind]; a.armed && a.at <= q.settings.Until {
				q.findings.add(Lost, "I1", transitionID(campaign, c.book.revision, kind), "",
					"waits for %d, set at %d, never due up to %d", a.at, a.setAt, q.settings.Until)
			}
		}
	}
}
