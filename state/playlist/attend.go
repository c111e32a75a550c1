package playlist

import (
	"slices"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// Attend takes a presence. One that is not newer than what is known says nothing but how high others' revisions were, which may
// be new: it comes again when the device's row was rebuilt. Its error is ErrPart; the store is then unchanged.
func (s *Store) Attend(parts Parts, p *Presence, from Origin, now instant.Instant) (Outcome, error) {
	if s.Presences.passed(from.Position) {
		return Again, nil
	}
	if p.Notice {
		return s.heed(parts, p, from, now)
	}
	at, is := s.find(p.DeviceID)
	var d device
	if is {
		if err := d.read(parts, p.DeviceID); err != nil {
			return 0, err
		}
	}
	switch {
	case is && p.At <= d.at && p.Departed > 0 && !s.Devices[at].Leaving:
		return s.heed(parts, p, from, now)
	case is && p.At <= d.at:
		return Stale, nil
	case !is && !p.Present:
		return UnknownDevice, nil
	case !is && !s.hasRoom():
		return NoRoom, nil
	case !is:
		s.Devices = slices.Insert(s.Devices, at, Resident{ID: p.DeviceID})
	}
	d.at = p.At
	if p.Present {
		d.register(p)
	}
	s.Devices[at].Dirty, s.Devices[at].Leaving, s.Devices[at].Due = true, !p.Present, Never
	d.write(parts, p.DeviceID)
	s.Presences = from.behind()
	s.changed(from, now)
	return Taken, nil
}

// heed takes a notice of a higher revision that another store has sent a device. If the device obeys that, it takes ours for an
// old one: its playlist goes out again above it, and what it has said of ours says nothing any more. The notice is Stale when
// ours is above it already. Its error is ErrPart; the store is then unchanged.
func (s *Store) heed(parts Parts, p *Presence, from Origin, now instant.Instant) (Outcome, error) {
	at, is := s.find(p.DeviceID)
	if !is || s.Devices[at].Leaving {
		return UnknownDevice, nil
	}
	var d device
	if err := d.read(parts, p.DeviceID); err != nil {
		return 0, err
	}
	if p.Departed < d.revision || d.fresh && p.Departed == d.revision {
		return Stale, nil
	}
	d.register(&Presence{At: d.at, Says: d.says, MIME: d.mime, Departed: p.Departed})
	s.Devices[at].Dirty, s.Devices[at].Due = true, Never
	d.write(parts, p.DeviceID)
	s.Presences = from.behind()
	s.changed(from, now)
	return Taken, nil
}

// hasRoom says whether one more device may come. Those that leave take no place of it until the store is flushed: who replaces
// one says both at once. But what cannot be flushed must not grow, either.
func (s *Store) hasRoom() bool {
	stay := 0
	for i := range s.Devices {
		if !s.Devices[i].Leaving {
			stay++
		}
	}
	return stay < DevicesMax && len(s.Devices) < 2*DevicesMax
}
