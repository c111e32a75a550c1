package timer

import (
	"strconv"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/zone"
)

// Rezoning says what another time zone database than the one that a row knows meant for it. Moved and Kept may both hold: of
// one end and of the other.
type Rezoning struct {
	Outdated bool // the row knew another database; it knows this one now
	Moved    bool // its window is another one, and a rezone is due
	// Kept says that an end keeps its instant though this database has none for it: the wall-clock time is skipped or repeated
	// and to be rejected, the zone is not there, or the window would be none.
	Kept bool
}

// IsOutdated says whether the row has an end that waits, was given in wall-clock time, and was resolved by another version of
// the database than this one, or by one that is not known.
func (r *Row) IsOutdated(version string) bool {
	return r.Wording.Database != version && (r.startFollows() || r.endFollows())
}

// startFollows says whether the start follows from a wall-clock time. One that has fired is fixed for good: it is not due a
// second time under its revision.
func (r *Row) startFollows() bool {
	return !r.Closed() && r.Wording.StartsAtLocal != "" && r.Timers[Start].Armed
}

func (r *Row) endFollows() bool { return !r.Closed() && r.Wording.EndsAtLocal != "" }

// Rezone resolves the wall-clock times of an outdated row anew. What waits moves; a move is due at once, before whatever else
// is due. Otherwise the row at most notes the database. Not to be called while catching up: a change that is still to be read
// may say something else.
func Rezone(row Row, database *zone.Database, now instant.Instant) (Row, []Due, Rezoning) {
	if !row.IsOutdated(database.Version()) {
		return row, nil, Rezoning{}
	}
	startsAt, endsAt, kept := row.resolve(database)
	row.Wording.Database = database.Version()
	did := Rezoning{Outdated: true, Moved: startsAt != row.StartsAt || endsAt != row.EndsAt, Kept: kept}
	if !did.Moved {
		return row, nil, did
	}
	row.DecidedAt = max(row.DecidedAt, now)
	row = row.move(startsAt, endsAt, now)
	due := Due{
		Transition: DueRezone, Revision: row.Revision, ScheduledFor: row.DecidedAt, DecidedAt: row.DecidedAt, Timed: true,
		Trace: row.Trace, Rezone: &Rezoned{StartsAt: startsAt, EndsAt: endsAt, Wording: row.Wording},
	}
	row.Rezones, due.Rezone.Suffix = row.Rezones.next(database.Version())
	told := &due.Rezone.Wording
	told.StartsAtLocal = row.toldBy(database, row.Wording.StartsAtLocal, startsAt)
	told.EndsAtLocal = row.toldBy(database, row.Wording.EndsAtLocal, endsAt)
	return row, []Due{due}, did
}

// toldBy returns the wall-clock time by which an end at an instant is told beside a database: none where that does not place
// the time there, since the end has come already, or keeps its instant. The row keeps the time, for the next database.
func (r *Row) toldBy(database *zone.Database, local string, at instant.Instant) string {
	if local == "" {
		return ""
	}
	if placed, err := r.at(database, local); err != nil || placed != at {
		return ""
	}
	return local
}

// resolve returns the window by another database; kept says that an end, or both, stays where it is for want of an instant.
func (r *Row) resolve(database *zone.Database) (startsAt, endsAt instant.Instant, kept bool) {
	startsAt, endsAt = r.StartsAt, r.EndsAt
	if r.startFollows() {
		if at, err := r.at(database, r.Wording.StartsAtLocal); err == nil {
			startsAt = at
		} else {
			kept = true
		}
	}
	if r.endFollows() {
		if at, err := r.at(database, r.Wording.EndsAtLocal); err == nil {
			endsAt = at
		} else {
			kept = true
		}
	}
	if startsAt < instant.Min || endsAt <= startsAt || endsAt > instant.Max || endsAt.Add(r.Grace) > instant.Max {
		return r.StartsAt, r.EndsAt, true
	}
	return startsAt, endsAt, kept
}

// DueBy returns the earliest instant at which a row may have something due by what another database makes of its window; Rezone
// says what that is. An outdated row is to be looked at by then, or by what it waits for already.
func (r *Row) DueBy(database *zone.Database) instant.Instant {
	moved, due := *r, Never
	moved.StartsAt, moved.EndsAt, _ = r.resolve(database)
	for kind, timer := range r.Timers {
		if timer.Armed || Kind(kind) == Distribute && !r.Firings[Distribute].Fired {
			due = min(due, moved.regular(Kind(kind)))
		}
	}
	return due
}

func (r *Row) at(database *zone.Database, local string) (instant.Instant, error) {
	return database.Resolve(r.Wording.Zone, local, zone.Disambiguation(r.Wording.Disambiguation))
}

// move gives the timers that wait the instants of another window. They keep when they were set: no change was read, so one
// that is due in the past now is late. Content is sent as for a definition of that window: not after its end, and before it
// also where it had been too late by the window before.
func (r Row) move(startsAt, endsAt, now instant.Instant) Row {
	r.StartsAt, r.EndsAt = startsAt, endsAt
	switch distribute := &r.Timers[Distribute]; {
	case now >= endsAt:
		*distribute = Timer{}
	case !distribute.Armed && !r.Firings[Distribute].Fired:
		*distribute = Timer{Armed: true, SetAt: r.Timers[End].SetAt} // by the change that set the end, which is always armed
	}
	for kind := range r.Timers {
		if timer := &r.Timers[kind]; timer.Armed {
			timer.At = r.regular(Kind(kind))
		}
	}
	return r
}

// next counts a rezone to a version, and returns what its id ends with.
func (z Rezones) next(version string) (Rezones, string) {
	z.Count++
	if version > z.Newest {
		z.Newest = version
		return z, version
	}
	return z, version + "." + strconv.FormatInt(z.Count, 10)
}
