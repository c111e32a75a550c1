package mail

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// Letter is one mail to one person: all that it says, as plain data.
type Letter struct {
	Kind         Kind
	TransitionID string // of the start, end or cancel that it tells of
	// Recipient's Email has its domain in ASCII and lower case where that can be had.
	Recipient Contact
	// Nominal is for when what it tells of was scheduled, or when the campaign was published, if that came later: a final letter
	// that follows a provisional one, or would if all had been read in time, tells of the lock. A letter is TooOld by it. DecidedAt
	// is when it came to be: the transition, the lock of the statement, or the end of the wait for it. It is the mail's Date, and
	// the same whenever it is made.
	Nominal, DecidedAt instant.Instant

	Campaign Campaign // what was in force
	// Started is since when it was active first, nominally, Never when it was not; ActiveAt is when that was decided, and Lateness
	// how late, from when it could first have been: who publishes a campaign behind its start makes it no late one.
	Started  instant.Instant
	ActiveAt instant.Instant
	Lateness instant.Millis
	AtStart  *AtStart // nil: not known
	// Outcome is Running at the start. EndedAt is when it ended or was cancelled; Never at the start.
	Outcome Outcome
	EndedAt instant.Instant
	// Was is what it was when it was cancelled, Reason what the operator gave for that; empty: not known, or none was given.
	Was    Was
	Reason string
	// CPM is the price of 1,000 impressions that was in force last, a plain decimal text; empty: not known, or none.
	CPM string
	// Statement is nil at the start. In a provisional letter it is an Interim, or nil, when there was none in time; the final one
	// follows, SettlesAt at the earliest.
	Statement *Statement
	SettlesAt instant.Instant // Never at the start
}

// Was is what a campaign was when it was cancelled.
type Was uint8

// What it may have been.
const (
	WasElse    Was = iota // neither of the others, or not known
	WasRunning            // ACTIVE
	WasPaused             // PAUSED
	wasCount
)

// Kind is what a letter is for.
type Kind uint8

// The kinds.
const (
	AtTheStart     Kind = iota + 1 // the first activation
	AtTheEnd                       // the end or cancel, with the final statement
	BeforeTheFinal                 // the end or cancel, provisional
	kindCount
)

var kindNames = [kindCount]string{AtTheStart: "started", AtTheEnd: "final", BeforeTheFinal: "provisional"}

// String returns the kind's name as it stands in the database and in ids: "started", "final", "provisional".
func (k Kind) String() string {
	if k >= kindCount || kindNames[k] == "" {
		return "unknown"
	}
	return kindNames[k]
}

// ID returns the letter's identity: 40 hex digits that are the same for the same transition, kind and recipient. It is the
// part of the Message-ID before the @.
func (l *Letter) ID() string {
	sum := sha256.Sum256([]byte(l.TransitionID + "\x00" + l.Kind.String() + "\x00" + l.Recipient.Email))
	return hex.EncodeToString(sum[:20])
}

// TooOld says whether the letter is older than most, by its nominal instant, a final one from when the settlement was due: it is
// then recorded as skipped and not sent.
func (l *Letter) TooOld(now instant.Instant, most instant.Millis) bool {
	since := l.Nominal
	if l.Kind == AtTheEnd {
		since = max(since, l.SettlesAt) // before that there was none to be made
	}
	return now.Sub(since) > most
}

// Late says whether the campaign started so late that it is worth telling.
func (l *Letter) Late() bool { return l.Started != Never && l.Lateness > LateAfter }
