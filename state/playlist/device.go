package playlist

import "github.com/rmn-arms/campaign-engine/state/instant"

// device is what is kept of a device in a part: what it can play, what it was sent, and what it has said of that.
type device struct {
	at   instant.Instant // of its newest presence
	says bool            // it says what it can play: mime
	mime []string
	// fresh says that nothing was sent to it since it was registered: what is on it is not known.
	fresh bool
	// revision and attempt are those of its newest command, 0 without one; a fresh one may have a higher revision from another
	// store. floor is the first revision since it was registered.
	revision, attempt, floor int64
	// caused is the timestamp of the record that the revision comes from, compiledAt when its playlist was compiled.
	caused, compiledAt instant.Instant
	// saidReady says that it was ready for its newest revision when it spoke of that last.
	saidReady bool
	// pushDue is when it is sent its newest command once more; awaiting is since when it owes an answer, Never for not at all.
	pushDue, awaiting instant.Instant
	unreachable       bool
	// heard is the digest of its newest ack.
	heard digest
	// shown are the campaigns of its playlist, in order, and those that are left out of it.
	shown []shown
}

// shown is a campaign on a device. One that is left out has no entries.
type shown struct {
	id      string
	left    leftOut
	entries []sent
}

// leftOut says why a campaign is not in a playlist.
type leftOut uint8

const (
	inside leftOut = iota
	unplayable
	full
	leftOutCount
)

// sent is an entry of the newest command.
type sent struct {
	creative string
	form     form
	since    int64 // the revision since which it has this form
	state    state
	said     int64  // the revision of the ack that state comes from, 0 without one
	word     string // of a failed one
}

// state is what a device has said of an entry last.
type state uint8

const (
	pending state = iota
	ready
	failed
	stateCount
)

// register begins anew: a new device, or one that has lost what it had. What it is sent next is above all that it was sent ever.
func (d *device) register(p *Presence) {
	*d = device{
		at: p.At, says: p.Says, mime: p.MIME, fresh: true, revision: max(d.revision, p.Departed), attempt: d.attempt, shown: d.shown,
		pushDue: Never, awaiting: Never,
	}
}

// settled says that nothing is awaited from it: it is ready for all that it was sent.
func (d *device) settled() bool {
	if !d.saidReady {
		return false
	}
	for i := range d.shown {
		for j := range d.shown[i].entries {
			if d.shown[i].entries[j].state != ready {
				return false
			}
		}
	}
	return true
}

// since is the newest revision since which an entry of the campaign has its form.
func (s *shown) since() int64 {
	since := int64(0)
	for i := range s.entries {
		since = max(since, s.entries[i].since)
	}
	return since
}

// standing is how a device stands to a campaign: ready when it is for all its entries; failed when it has said so of one, and
// not before the newest of them had its form.
func (s *shown) standing() (state, string) {
	if s.left == unplayable {
		return failed, reasonUnplayable
	}
	if s.left == full {
		return failed, reasonFull
	}
	since, all := s.since(), true
	for i := range s.entries {
		switch e := &s.entries[i]; {
		case e.state == failed && e.said >= since && e.word != "":
			return failed, reasonFailed + ": " + e.word
		case e.state == failed && e.said >= since:
			return failed, reasonFailed
		default:
			all = all && e.state == ready
		}
	}
	if all {
		return ready, ""
	}
	return pending, reasonPending
}
