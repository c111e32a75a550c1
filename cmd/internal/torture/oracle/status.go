package oracle

import "fmt"

// The statuses; the empty one is that of a campaign without a schedule.
const (
	scheduled = "SCHEDULED"
	active    = "ACTIVE"
	paused    = "PAUSED"
	completed = "COMPLETED"
	cancelled = "CANCELLED"
)

// standing is what the contract's lifecycle knows of one campaign.
type standing struct {
	status    string
	revision  int64
	sequence  int64
	wasActive bool
	settled   bool
	shown     placed // the definition in force
	offset    int64  // of the newest due transition
	decidedAt int64
}

// answer is what a due transition must have become.
type answer struct {
	due      *transition
	reason   string // of the rejection; empty: applied
	from, to string
	sequence int64
	first    bool
	shown    placed
}

// take folds a due transition in, by the table of the contract.
func (s *standing) take(t *transition) answer {
	a := answer{due: t, from: s.status}
	s.offset, s.decidedAt = t.Offset, max(s.decidedAt, t.DecidedAt)
	if t.Revision < s.revision {
		a.reason = "superseded"
		return a
	}
	s.revision = t.Revision
	a.to, a.reason = s.edge(t)
	if a.reason != "" {
		return a
	}
	s.sequence++
	s.status = a.to
	if a.to == active && !s.wasActive {
		s.wasActive, a.first = true, true
	}
	if t.Kind == settle {
		s.settled = true
	}
	if t.Placed != nil && (t.Kind == schedule || t.Kind == reschedule) {
		before := s.shown
		s.shown = *t.Placed
		if s.wasActive {
			s.shown.StartsAt = before.StartsAt // once it was ACTIVE, its start is fixed
		}
	}
	a.sequence, a.shown = s.sequence, s.shown
	return a
}

// edge returns the next status, or why there is none.
func (s *standing) edge(t *transition) (to, reason string) {
	switch s.status {
	case "":
		if t.Kind == schedule {
			return scheduled, ""
		}
		return "", "superseded"
	case completed, cancelled:
		if t.Kind == settle && !s.settled {
			return s.status, ""
		}
		return "", map[string]string{completed: "completed", cancelled: "cancelled"}[s.status]
	}
	return s.live(t)
}

// live is edge for SCHEDULED, ACTIVE and PAUSED.
func (s *standing) live(t *transition) (to, reason string) {
	switch t.Kind {
	case schedule, reschedule, distribute:
		return s.status, ""
	case start:
		return s.started(t)
	case pause:
		if s.status == paused {
			return "", "already-paused"
		}
		return paused, ""
	case resume:
		return s.resumed(t)
	case endOf:
		return completed, ""
	case cancel:
		return cancelled, ""
	default:
		return "", "not-ended"
	}
}

func (s *standing) started(t *transition) (to, reason string) {
	switch {
	case s.status == paused:
		return "", "paused"
	case s.status == active:
		return "", "already-active"
	case t.DecidedAt >= s.shown.EndsAt:
		return "", "window-passed"
	default:
		return active, ""
	}
}

func (s *standing) resumed(t *transition) (to, reason string) {
	switch {
	case s.status != paused:
		return "", "not-paused"
	case t.DecidedAt >= s.shown.EndsAt:
		return "", "window-passed"
	case !s.wasActive && t.DecidedAt < s.shown.StartsAt:
		return scheduled, ""
	default:
		return active, ""
	}
}

func transitionID(campaign string, revision int64, kind string) string {
	return fmt.Sprintf("%s/%d/%s", campaign, revision, kind)
}
