package campaign

import "github.com/rmn-arms/campaign-engine/state/instant"

// Due says that a transition is to be made. StartsAt and EndsAt are the resolved window that a schedule, reschedule or
// rezone carries.
type Due struct {
	Transition Transition
	Revision   int64
	DecidedAt  instant.Instant
	StartsAt   instant.Instant
	EndsAt     instant.Instant
	// Position is the one behind the due in its campaign's log: the offset of its record plus 1. 0 when it is not known;
	// such a due is never taken for one that is read again.
	Position int64
}

// Decision says what became of a due, and what the campaign is then. A repeated one changes nothing and is only to be
// counted; else Row is to be kept, applied or not.
type Decision struct {
	Repeated bool // it was decided before, and is read again
	Applied  bool
	// From is the status before; for a rejected due the status that it met. None for a campaign without a schedule.
	From Status

	To          Status // if Applied
	Sequence    int64  // if Applied
	FirstActive bool   // made the campaign ACTIVE for the first time
	Redefined   bool   // the due's definition is in force now: Row.Campaign is to be replaced by its rendering
	StartFixed  bool   // Redefined, but the start differs and was ignored: the rendering keeps the former start

	Reason Reason // if neither Repeated nor Applied

	Row Row
}

// Apply decides one due of a campaign by the lifecycle's table. A due of an older revision than the newest seen is
// superseded, whatever the status.
func Apply(row Row, due Due) Decision {
	d := Decision{From: row.Status, Row: row}
	if d.Repeated = isRepeated(&row, &due); d.Repeated {
		return d
	}
	d.Row.place(&due)
	if due.Revision < row.Revision {
		d.Reason = Superseded
		return d
	}
	d.Row.Revision = due.Revision
	edge := find(&row, &due)
	if edge.reject != "" {
		d.Reason = edge.reject
		return d
	}
	d.Applied, d.To = true, edge.to
	if edge.to == same {
		d.To = row.Status
	}
	d.Row.Sequence++
	d.Row.Status, d.Sequence = d.To, d.Row.Sequence
	if d.To == Active && !row.EverActive {
		d.FirstActive, d.Row.EverActive = true, true
	}
	switch due.Transition {
	case Schedule, Reschedule, Rezone:
		redefine(&d, &due)
	case Settle:
		d.Row.Settled = true
	}
	return d
}

// isRepeated says whether a due was decided before. Its place in the log says so, unless the log is another one than it was
// (restored, or copied to another cluster, where offsets differ): there a due that was decided later than all before, or of
// a revision that was not seen before, is new, and to pass it over would lose it.
func isRepeated(row *Row, due *Due) bool {
	return due.Position > 0 && due.Position <= row.Position && due.DecidedAt <= row.DecidedAt && due.Revision <= row.Revision
}

// place notes how far the log has been decided. In another log it goes on from there.
func (r *Row) place(due *Due) {
	if due.Position > 0 {
		r.Position, r.DecidedAt = due.Position, max(r.DecidedAt, due.DecidedAt)
	}
}

// redefine puts a definition's window in force. Once the campaign was ACTIVE its start is a fact.
func redefine(d *Decision, due *Due) {
	d.Redefined = true
	d.Row.EndsAt = due.EndsAt
	if d.Row.EverActive {
		d.StartFixed = due.StartsAt != d.Row.StartsAt
		return
	}
	d.Row.StartsAt = due.StartsAt
}
