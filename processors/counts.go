package processors

// What a callback counts, under these names, is added up when its transaction commits: an aborted batch counts nothing.
// Per partition of an input: records read = Accepted + Duplicates + Stale + Refused + Carried, and what was Carried is
// read once more from the loop; of transitions-due: records read = Applied + Rejected + Duplicates + Refused.
const (
	Accepted   = "accepted"  // campaign events that became due transitions
	Duplicates = "duplicate" // same revision, same data; a due transition that is read again
	Stale      = "stale"     // lower revision
	Carried    = "carried"   // sent on to its key's partition
	Refused    = "refused/"  // and the reason: went to dead-letters
	Due        = "due"       // due transitions emitted
	Applied    = "applied"   // transitions applied
	Rejected   = "rejected"  // transitions rejected
	// UnreadableRows counts records of campaigns whose row cannot be read. Each is Refused, too, and not counted twice above.
	UnreadableRows = "unreadable-row"
)
