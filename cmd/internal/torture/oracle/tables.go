package oracle

import (
	"maps"
	"slices"
)

// TimerRow is a row of the sequencer's table topic, as it was written.
type TimerRow struct {
	Campaign  string
	At        string // its record
	Partition int32
	Revision  int64
	DecidedAt int64
	Closed    string // empty, end or cancel
	Settled   bool
	StartsAt  int64 // unless settled, as the three below
	EndsAt    int64
	GraceMs   int64
	Alarms    map[string]int64 // the timed transitions that wait, and for what instant
}

// StatusRow is a row of the lifecycle's table topic, as it was written.
type StatusRow struct {
	Campaign  string
	At        string
	Partition int32
	Status    string
	Revision  int64
	Sequence  int64
	WasActive bool
	Settled   bool
	StartsAt  int64
	EndsAt    int64
	Position  int64 // the offset behind the newest due transition
	DecidedAt int64
}

// Tables are the rows of the table topics, in the order of their records; nil ones are not checked.
type Tables struct {
	Timers []TimerRow
	Status []StatusRow
}

// checkTimers holds that revisions never fell in the table topic (I4), and that its last rows are the fold (I7).
func checkTimers(rows []TimerRow, courses map[string]*course, findings *Findings) {
	last := map[string]TimerRow{}
	for _, row := range rows {
		if before, is := last[row.Campaign]; is && (row.Revision < before.Revision || row.DecidedAt < before.DecidedAt) {
			findings.add(Wrong, "I4", row.Campaign, row.At, "falls from revision %d, decided at %d, to %d, at %d",
				before.Revision, before.DecidedAt, row.Revision, row.DecidedAt)
		}
		last[row.Campaign] = row
	}
	for _, campaign := range slices.Sorted(maps.Keys(courses)) {
		row, is := last[campaign]
		delete(last, campaign)
		if want := courses[campaign].row(campaign, row.At); !is && len(courses[campaign].waiting) == 0 {
			findings.add(Lost, "I7", campaign, "", "has no timer row")
		} else if is && !equalRows(row, want) {
			findings.add(Wrong, "I7", campaign, row.At, "timer row %+v, want %+v", row, want)
		}
	}
	for _, campaign := range slices.Sorted(maps.Keys(last)) {
		findings.add(Wrong, "I7", campaign, last[campaign].At, "has a timer row, but no accepted input")
	}
}

// row is the row that must be there.
func (c *course) row(campaign, at string) TimerRow {
	b := c.book
	row := TimerRow{
		Campaign: campaign, At: at, Revision: b.revision, DecidedAt: b.decidedAt, Closed: b.closed, Settled: b.settled,
		Alarms: map[string]int64{},
	}
	for kind, a := range b.alarms {
		if a.armed {
			row.Alarms[kind] = a.at
		}
	}
	if !b.settled {
		row.StartsAt, row.EndsAt, row.GraceMs = b.startsAt, b.endsAt, b.graceMs
	}
	return row
}

func equalRows(a, b TimerRow) bool {
	alarms := maps.Equal(a.Alarms, b.Alarms)
	a.Alarms, b.Alarms = nil, nil
	return alarms && a.Revision == b.Revision && a.DecidedAt == b.DecidedAt && a.Closed == b.Closed &&
		a.Settled == b.Settled && a.StartsAt == b.StartsAt && a.EndsAt == b.EndsAt && a.GraceMs == b.GraceMs
}

// checkStatus is checkTimers for the lifecycle's table.
func checkStatus(rows []StatusRow, standings map[string]*standing, findings *Findings) {
	last := map[string]StatusRow{}
	for _, row := range rows {
		if before, is := last[row.Campaign]; is && (row.Revision < before.Revision || row.Sequence < before.Sequence) {
			findings.add(Wrong, "I4", row.Campaign, row.At, "falls from revision %d, sequence %d, to %d, %d",
				before.Revision, before.Sequence, row.Revision, row.Sequence)
		}
		last[row.Campaign] = row
	}
	for _, campaign := range slices.Sorted(maps.Keys(standings)) {
		row, is := last[campaign]
		delete(last, campaign)
		if want := standings[campaign].row(&row); !is {
			findings.add(Lost, "I7", campaign, "", "has no status row")
		} else if row != want {
			findings.add(Wrong, "I7", campaign, row.At, "status row %+v, want %+v", row, want)
		}
	}
	for _, campaign := range slices.Sorted(maps.Keys(last)) {
		findings.add(Wrong, "I7", campaign, last[campaign].At, "has a status row, but nothing was due")
	}
}

// row is the row that must be there, at the place of the one that is.
func (s *standing) row(there *StatusRow) StatusRow {
	return StatusRow{
		Campaign: there.Campaign, At: there.At, Partition: there.Partition,
		Status: s.status, Revision: s.revision, Sequence: s.sequence, WasActive: s.wasActive,
		Settled: s.settled, StartsAt: s.shown.StartsAt, EndsAt: s.shown.EndsAt, Position: s.offset + 1, DecidedAt: s.decidedAt,
	}
}
