package zone

import (
	"errors"
	"iter"
	"math"
	"time"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// Disambiguation says what a wall-clock time means that a change of the clocks skips or repeats.
// Source of the words: TC39 Temporal, ZonedDateTime; Compatible is the rule of RFC 5545, section 3.3.5.
type Disambiguation string

// The disambiguations; the empty one is Compatible.
const (
	Compatible Disambiguation = "compatible" // skipped: moved forward by the gap; repeated: the first
	Earlier    Disambiguation = "earlier"    // skipped: moved back by the gap; repeated: the first
	Later      Disambiguation = "later"      // skipped: moved forward by the gap; repeated: the last
	Reject     Disambiguation = "reject"     // ErrSkipped, ErrRepeated
)

// What Resolve may answer instead of an instant.
var (
	ErrSkipped        = errors.New("is skipped by a change of the clocks in time_zone, and disambiguation is reject")
	ErrRepeated       = errors.New("is repeated by a change of the clocks in time_zone, and disambiguation is reject")
	ErrDisambiguation = errors.New("must be compatible, earlier, later or reject")
)

// Valid says whether it is one of the disambiguations, the empty one included.
func (d Disambiguation) Valid() bool {
	switch d {
	case "", Compatible, Earlier, Later, Reject:
		return true
	default:
		return false
	}
}

// offsetMax is the farthest that a wall clock is from UTC: RFC 9636, section 3.2, allows -24:59:59 to +25:59:59.
const offsetMax instant.Millis = 26 * 60 * 60 * 1000

// period is a stretch of time, [since, until), in which a zone keeps one offset from UTC.
type period struct {
	since, until instant.Instant
	offset       instant.Millis
}

// at returns the instant at which the wall shows the local time by this period's offset, within the period or not.
func (p period) at(local Local) instant.Instant { return instant.Instant(local).Add(-p.offset) }

// Resolve returns the instant at which the zone's wall clocks show the local time. Its errors are ErrSkipped and
// ErrRepeated, with Reject only, and ErrDisambiguation. The instant may lie outside instant.Min and instant.Max.
func (z *Zone) Resolve(local Local, how Disambiguation) (instant.Instant, error) {
	if !how.Valid() {
		return 0, ErrDisambiguation
	}
	found := z.search(local)
	switch {
	case found.count == 1:
		return found.first, nil
	case found.count > 1 && how == Reject:
		return 0, ErrRepeated
	case found.count > 1 && how == Later:
		return found.last, nil
	case found.count > 1:
		return found.first, nil
	case how == Reject:
		return 0, ErrSkipped
	case how == Earlier:
		return found.movedBack, nil
	default:
		return found.movedForward, nil
	}
}

// findings are the instants at which wall clocks show a local time, or, when there is none, those that the local time
// is moved to: by the offset before the gap it is later than the gap, by the offset after it earlier.
type findings struct {
	count                   int
	first, last             instant.Instant
	movedForward, movedBack instant.Instant
}

// search asks each period that could hold the local time whether it does. time.Date promises nothing for times that are
// skipped or repeated, and the clocks may change more than once within a day.
func (z *Zone) search(local Local) (found findings) {
	var previous period
	gap := false
	for p := range z.around(local) {
		at := p.at(local)
		if p.since <= at && at < p.until {
			if found.count == 0 {
				found.first = at
			}
			found.last = at
			found.count++
		}
		// At the change between the two periods the wall jumps over the local time.
		if jumps := previous.until == p.since && previous.at(local) >= p.since && at < p.since; jumps && !gap {
			gap, found.movedForward, found.movedBack = true, previous.at(local), at
		}
		previous = p
	}
	return found
}

// around yields, in order and without holes, the periods in which a wall clock anywhere could show the local time.
// Neighbours may have the same offset.
func (z *Zone) around(local Local) iter.Seq[period] {
	since := instant.Instant(local).Add(-offsetMax)
	last := instant.Instant(local).Add(offsetMax)
	return func(yield func(period) bool) {
		for since <= last {
			p := z.periodFrom(since)
			if !yield(p) {
				return
			}
			since = p.until
		}
	}
}

// periodFrom returns the rest of the period that holds an instant. Where the database goes on by a rule, ZoneBounds
// cuts at the ends of the UTC year, and takes it to have 365 days: of a leap year's last day it says that its period
// has ended already. The offset then holds until that day is over.
func (z *Zone) periodFrom(since instant.Instant) period {
	at := since.Time().In(z.location)
	_, seconds := at.Zone()
	p := period{since: since, until: math.MaxInt64, offset: instant.Millis(seconds) * 1000}
	if _, until := at.ZoneBounds(); !until.IsZero() {
		p.until = instant.Of(until)
	}
	if p.until <= since {
		p.until = instant.Of(since.Time().Truncate(day).Add(day))
	}
	return p
}

const day = 24 * time.Hour
