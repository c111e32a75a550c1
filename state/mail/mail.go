// Package mail is what is mailed about a campaign, to whom and when: one letter at its first activation, and one at its end or
// cancel. Everything here is a plain function over plain data: the campaign's row and a fact in, letters out.
//
// Facts come from several topics, in any order between the topics and in order within each. A letter that is due waits
// in the row for what it needs and is still to be read: the contacts of the revision that was in force, for as long as it
// takes; the readiness at the start, the final statement and the one before it, until instants that the row names (NextDue).
// So what is mailed does not depend on which topic was read first, but for a provisional letter, which is a matter of time. A
// fact that is read again changes nothing, and what was mailed is not mailed again.
//
// An adjusted statement, which comes after the final one, is not mailed: it changes nothing of what is charged or released.
package mail

import (
	"math"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// Never is the due instant of a row that waits for nothing.
const Never instant.Instant = math.MaxInt64

// How long things are waited for, in milliseconds.
const (
	// LateAfter is how much later than planned a campaign must have started for its letters to say so.
	LateAfter instant.Millis = 60 * 1000
	// FinalWait is how long after the end its letter waits for the final statement. Where the settlement is due later than that, a
	// provisional letter goes out at once.
	FinalWait instant.Millis = 60 * 60 * 1000
	// LockAllowance is how long the letter waits at least, after the settlement is due and after the end was read: a lock
	// waits up to a minute for plays that are there unread, and after an outage the end is read hours late, the statement with it.
	LockAllowance instant.Millis = 2 * 60 * 1000
	// ReadinessWait is how long, after the first activation was read, letters wait for the readiness at that instant.
	ReadinessWait instant.Millis = 10 * 1000
	// InterimWait is how long, after the end was read, a provisional letter waits for what the campaign has come to by then.
	InterimWait instant.Millis = 10 * 1000
	// DoubtWait is how long, after its transition was read, a letter waits for other contacts than Doubtful ones.
	DoubtWait instant.Millis = 60 * 60 * 1000
)

// TopMax is how many stores and how many creatives a letter names.
const TopMax = 5

// RevisionsMax is of how many revisions that may yet be applied a row keeps the contacts: the newest.
const RevisionsMax = 8

// Row is what the mailer keeps of a campaign. The zero Row is one of which nothing was heard.
type Row struct {
	// Sequence is that of the newest transition that was taken in.
	Sequence int64
	// Campaign is what is in force; zero before the first transition, and once all is mailed.
	Campaign Campaign
	// Revisions are those whose contacts are known and may yet be needed, in the order of their numbers.
	Revisions []Revision
	// Dropped is the newest revision whose contacts were let go, since there were more than RevisionsMax.
	Dropped int64

	// Started says that it was active; then StartedAt is since when, nominally, ActiveAt when that was decided, and Lateness how
	// late, from when it could first have been.
	Started   bool
	StartedAt instant.Instant
	ActiveAt  instant.Instant
	Lateness  instant.Millis
	// AtStart is the readiness at the first activation. Where it is not known, letters wait for it until ReadinessBy.
	AtStart     *AtStart
	ReadinessBy instant.Instant

	Start Waiting // the letter at the start
	End   Waiting // those at the end
	// Final is the final statement, until it is mailed.
	Final *Statement
	// Interim is the statement for a provisional letter, until that, or the final one, is mailed.
	Interim *Statement
}

// Waiting is how far a letter has come.
type Waiting struct {
	Stage Stage
	// What follows is there from Due on, until it is Mailed.
	TransitionID string
	Outcome      Outcome
	Nominal      instant.Instant // for when it was scheduled
	// Since is when it could first have been decided: where the campaign was published later than that, it is then.
	Since     instant.Instant
	DecidedAt instant.Instant
	// By is until when the end's letter waits for a statement: the final one, or, where it goesBefore that, the one so far.
	By instant.Instant
	// DoubtBy is until when it waits for other contacts than Doubtful ones.
	DoubtBy instant.Instant
	// Campaign is what was in force, CPM its price.
	Campaign Campaign
	CPM      string
	// Of a cancel: what the campaign was, and the operator's reason.
	Was    Was
	Reason string
}

// Stage is a stage of a letter.
type Stage uint8

// The stages, in order.
const (
	Ahead       Stage = iota // what it tells of has not come
	Due                      // waits for what it needs
	Provisional              // the end's: it was mailed without the final statement
	Mailed                   // nothing more is to be mailed of it
	stageCount
)

// Revision is whom a definition of the campaign names. It may never have been applied.
type Revision struct {
	Number       int64
	AdvertiserID string // a definition of another advertiser or currency than the first was refused
	Currency     string
	Contacts     []Contact
	// Doubtful says that its zone or wall-clock times mean nothing by the time zone database of who has read it: it was refused,
	// and the one of this number that was applied is still to be read, or whoever sequences it has another database.
	Doubtful bool
}

// Contact is somebody who gets mail, as the definition says; Email was not checked more than that there is one @ in it.
type Contact struct{ Email, Name, Locale string }
