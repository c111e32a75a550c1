package mail

import "github.com/rmn-arms/campaign-engine/state/instant"

// Mailing is what a fact, or the time, leads to.
type Mailing struct {
	Letters []Letter
	// Nobody counts letters that were due and whose campaign names no contact.
	Nobody int64
	// Lost counts letters that were due and whose contacts the row had let go (RevisionsMax). They are not mailed.
	Lost int64
}

// Fold takes a fact into a row, at the instant now at which it is read. The row that it returns shares memory with the one it
// got, which must not be used any more.
func Fold(row Row, fact Fact, now instant.Instant) (Row, Mailing) { return row, Mailing{} }

// Wake mails what has waited long enough. It is for when NextDue has come; at any other time it changes nothing.
func Wake(row Row, now instant.Instant) (Row, Mailing) { return row, Mailing{} }

// NextDue returns the earliest instant at which Wake has something to do, or Never.
func (r *Row) NextDue() instant.Instant { return Never }
