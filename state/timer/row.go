// Package timer is the sequencer: it puts a campaign's changes and its timed transitions into the one order in which
// they become due. It knows no status rule; what a due transition does is decided downstream.
//
// Everything here is a plain function over plain data: rows and instants in, rows and dues out. A due's id is
// <campaign>/<revision>/<transition>, and no sequence of calls makes one id twice: an operator's change is due under a
// revision of its own, and a timer that fired is armed again only by a newer revision.
package timer

import (
	"math"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// Never is the due instant of a row that waits for nothing.
const Never instant.Instant = math.MaxInt64

// Hash is the content hash of a change's data.
type Hash [16]byte

// Trace is where a change stands in a trace: what it is made of is for the caller to know. The zero Trace is none.
type Trace [25]byte

// Kind is a kind of timer. Timers of one instant fire in the order of their kinds.
type Kind uint8

// The kinds of timers, in firing order.
const (
	Distribute Kind = iota // at starts_at - lead
	Start                  // at starts_at
	End                    // at ends_at
	Settle                 // at ends_at, or the cancel, + grace
	kindCount
)

// Transition returns the transition that becomes due when a timer of this kind fires.
func (k Kind) Transition() Transition {
	return [kindCount]Transition{DueDistribute, DueStart, DueEnd, DueSettle}[k]
}

// Result is how a campaign ended.
type Result uint8

// The results; an open campaign has none.
const (
	Open Result = iota
	Completed
	Cancelled
	resultCount
)

// String returns the result in the contract's words, in lower case.
func (r Result) String() string { return [resultCount]string{"open", "completed", "cancelled"}[r] }

// Timer waits for an instant. The zero Timer waits for nothing.
type Timer struct {
	Armed bool
	At    instant.Instant
	// SetAt is when the change that gave the timer this instant was read (that change's DecidedAt).
	SetAt instant.Instant
}

// Firing remembers that a kind of timer fired, and the instant for which it stood then.
type Firing struct {
	Fired bool
	At    instant.Instant
}

// Wording is how the window was written when it was given in wall-clock time; it is kept so that the window can be
// resolved again when the zone's rules change. An end given as an instant has an empty text; with both empty, so are
// the others. No text is longer than 255 bytes.
type Wording struct {
	StartsAtLocal  string
	EndsAtLocal    string
	Zone           string // IANA name
	Disambiguation string // empty: compatible
	// Database is the version of the time zone database by which the window was resolved, or found to be unmoved; empty in
	// rows of before that was kept.
	Database string
}

func (w Wording) isZero() bool { return w.StartsAtLocal == "" && w.EndsAtLocal == "" }

// Rezones are those of the present revision: a rezone's id names the version, which may come twice when a release is taken back.
// The zero Rezones are none.
type Rezones struct {
	Count int64
	// Newest is the highest version that a rezone led to; not empty where there was one.
	Newest string
}

// Row is what the sequencer keeps of a campaign. Invariants: Revision and DecidedAt never fall. While the campaign is
// open, end and settle are armed and settle is not before end. Once it is closed (Result is not Open) only settle is
// armed. Once it is settled, Revision, Hash, Result, DecidedAt, AdvertiserID and Currency are all that is left: no Trace,
// since nothing waits that could continue it, and no Wording, since nothing waits that could move.
type Row struct {
	Revision  int64 // of the newest accepted change; every armed timer fires under it
	Hash      Hash  // of the newest accepted change's data
	Trace     Trace // of the newest accepted change, none if that came without; every armed timer fires in it
	DecidedAt instant.Instant
	Result    Result
	Settled   bool

	AdvertiserID string // fixed by the first accepted definition
	Currency     string // fixed by the first accepted definition
	StartsAt     instant.Instant
	EndsAt       instant.Instant
	Wording      Wording
	Rezones      Rezones
	Lead         instant.Millis // frozen by the newest accepted definition
	Grace        instant.Millis // frozen by the newest accepted definition

	Timers  [kindCount]Timer
	Firings [End]Firing // of distribute and start; end and settle fire once and show in Result and Settled
}

// Closed says whether end or cancel was emitted: later changes are only forwarded.
func (r *Row) Closed() bool { return r.Result != Open }

// NextDue returns the earliest instant at which a timer is due, and false (with Never) when none is armed.
func (r *Row) NextDue() (instant.Instant, bool) {
	kind, armed := r.next()
	if !armed {
		return Never, false
	}
	return r.Timers[kind].At, true
}

// holds says whether the row's invariants hold that can be seen in one row.
func (r *Row) holds() bool {
	distribute, start, end, settle := r.Timers[Distribute], r.Timers[Start], r.Timers[End], r.Timers[Settle]
	switch {
	case r.Revision < 1 || r.zoned() && (r.Settled || r.Wording.isZero()):
		return false
	case r.Settled:
		return r.Trace == Trace{} && (r.Result == Completed || r.Result == Cancelled)
	case r.StartsAt >= r.EndsAt || !settle.Armed || !r.Rezones.hold(&r.Wording):
		return false
	case r.Result == Open:
		return end.Armed && end.At <= settle.At
	default:
		return r.Result < resultCount && !distribute.Armed && !start.Armed && !end.Armed
	}
}

func (z Rezones) hold(w *Wording) bool {
	return z.Count >= 0 && (z.Count == 0) == (z.Newest == "") && (z.Count == 0 || w.Database != "")
}

// next returns the kind of the timer that fires next.
func (r *Row) next() (next Kind, armed bool) {
	for kind := range kindCount {
		timer := &r.Timers[kind]
		if timer.Armed && (!armed || timer.At < r.Timers[next].At) {
			next, armed = kind, true
		}
	}
	return next, armed
}
