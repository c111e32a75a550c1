package oracle

// The transitions.
const (
	schedule   = "schedule"
	reschedule = "reschedule"
	distribute = "distribute"
	start      = "start"
	pause      = "pause"
	resume     = "resume"
	endOf      = "end"
	settle     = "settle"
	cancel     = "cancel"
)

// timed are the timed transitions, in the order in which they come at one instant.
func timed() [4]string { return [4]string{distribute, start, endOf, settle} }

// alarm is a timer of a campaign. setAt is when the change was decided that gave it its instant.
type alarm struct {
	armed     bool
	at, setAt int64
}

// book is what the contract's sequencer holds of one campaign.
type book struct {
	revision  int64
	decidedAt int64
	closed    string // end or cancel, once that was due
	settled   bool
	startsAt  int64
	endsAt    int64
	graceMs   int64
	alarms    map[string]alarm
	fired     map[string]int64 // the instants for which distribute and start came last
}

func newBook() *book { return &book{alarms: map[string]alarm{}, fired: map[string]int64{}} }

// change makes an accepted change part of the book, decided at an instant.
func (b *book) change(c *change, at int64, s *Settings) {
	b.revision, b.decidedAt = c.Revision, max(b.decidedAt, at)
	switch {
	case b.closed != "":
	case c.Kind == cancel:
		b.closed = cancel
		b.alarms = map[string]alarm{settle: {true, b.decidedAt + b.graceMs, b.decidedAt}}
	case c.Definition != nil:
		b.define(c.Definition, s)
	}
}

func (b *book) define(d *definition, s *Settings) {
	b.startsAt, b.endsAt, b.graceMs = d.StartsAt, d.EndsAt, s.GraceMs
	if d.GraceMs != nil {
		b.graceMs = *d.GraceMs
	}
	if b.decidedAt < d.EndsAt {
		b.arm(distribute, d.StartsAt-s.LeadMs)
	} else {
		delete(b.alarms, distribute)
	}
	b.arm(start, d.StartsAt)
	b.arm(endOf, d.EndsAt)
	b.arm(settle, d.EndsAt+b.graceMs)
}

// arm sets an alarm. One that waits always follows; one that has come, comes again only for another instant.
func (b *book) arm(kind string, at int64) {
	now := b.alarms[kind]
	if now.armed && now.at == at {
		return
	}
	if before, came := b.fired[kind]; came && !now.armed && before == at {
		return
	}
	b.alarms[kind] = alarm{true, at, b.decidedAt}
}

// next returns the timed transition that comes next, empty when none waits.
func (b *book) next() string {
	next := ""
	for _, kind := range timed() {
		if a := b.alarms[kind]; a.armed && (next == "" || a.at < b.alarms[next].at) {
			next = kind
		}
	}
	return next
}

// fire notes that a timed transition was due, decided at an instant.
func (b *book) fire(kind string, at int64) {
	b.decidedAt = max(b.decidedAt, at)
	b.fired[kind] = b.alarms[kind].at
	delete(b.alarms, kind)
	switch kind {
	case endOf:
		b.closed = endOf
		b.alarms = map[string]alarm{settle: b.alarms[settle]}
	case settle:
		b.settled = true
		b.alarms = map[string]alarm{}
	}
}
