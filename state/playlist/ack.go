package playlist

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// Ack is what a device says of a command.
type Ack struct {
	DeviceID string
	Revision int64 // of the playlist
	Status   Status
	Missing  []string // creatives
	Word     string   // its own, for a failure
}

// Status is how far a device has come.
type Status uint8

// The statuses. Underway is both of received and downloading.
const (
	Underway Status = iota
	Ready
	Failed
)

// Hear takes an ack. Any of a revision that the device was sent since it was registered shows that the device is alive, also one
// that says nothing new. Its error is ErrPart; the store is then unchanged.
//
// A revision is not looked up among those that were sent, only compared with the first and the newest: the rule of since needs
// no more, and a store that is rebuilt under other revisions understands acks of before.
func (s *Store) Hear(parts Parts, a *Ack, at Position, now instant.Instant) (Outcome, error) {
	if s.Acks.passed(at) {
		return Again, nil
	}
	where, is := s.find(a.DeviceID)
	if !is || s.Devices[where].Leaving {
		return UnknownDevice, nil
	}
	var d device
	if err := d.read(parts, a.DeviceID); err != nil {
		return 0, err
	}
	switch {
	case d.fresh || a.Revision < d.floor:
		return OldAck, nil
	case a.Revision > d.revision:
		return NeverSent, nil
	}
	outcome := d.hear(a)
	if outcome == Taken || d.unreachable {
		s.Untold = true
		s.flush(now)
	}
	d.alive(a.DeviceID, now)
	d.write(parts, a.DeviceID)
	s.Devices[where].Due = d.due()
	s.Acks = at.behind()
	return outcome, nil
}

// hear notes what the device says, and of which entries.
func (d *device) hear(a *Ack) Outcome {
	heard := a.digest()
	if heard == d.heard {
		return RepeatedAck
	}
	concerns := a.Revision == d.revision
	missing := make(map[string]bool, len(a.Missing))
	for _, creative := range a.Missing {
		missing[creative] = true
	}
	for i := range d.shown {
		for j := range d.shown[i].entries {
			if e := &d.shown[i].entries[j]; e.since <= a.Revision {
				concerns = true
				e.hear(a, missing[e.creative])
			}
		}
	}
	if !concerns {
		return OldAck
	}
	d.heard = heard
	if a.Revision == d.revision && a.Status != Underway {
		d.saidReady = a.Status == Ready
	}
	return Taken
}

func (e *sent) hear(a *Ack, missing bool) {
	switch {
	case a.Status == Ready && !missing:
		e.state, e.said, e.word = ready, a.Revision, ""
	case a.Status == Failed && (missing || len(a.Missing) == 0):
		e.state, e.said, e.word = failed, a.Revision, atMost(a.Word, wordMaxBytes)
	case a.Status != Failed && missing && e.state == ready:
		e.state, e.said = pending, a.Revision
	}
}

// alive notes that the device has spoken: it is reachable, and is pushed at once if it was not and is not ready.
func (d *device) alive(id string, now instant.Instant) {
	switch {
	case d.settled():
		d.pushDue, d.awaiting = Never, Never
	case d.unreachable:
		d.pushDue, d.awaiting = now, now
	case d.awaiting == Never: // it was ready, and takes it back
		d.pushDue, d.awaiting = now.Add(wait(id, d.revision, d.attempt)), now
	default:
		d.awaiting = now
	}
	d.unreachable = false
}

func (a *Ack) digest() digest {
	b := append(binary.AppendUvarint(nil, uint64(a.Revision)), byte(a.Status))
	for _, creative := range a.Missing {
		b = append(append(b, creative...), 0)
	}
	return digestOf(append(append(b, 0), a.Word...))
}

// atMost cuts a text to some bytes, between two characters.
func atMost(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}
