package playlist

import (
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/readiness"
)

// Fired is what a store has to say.
type Fired struct {
	Commands   []Command
	Changes    []Told
	Departures []Departure
	// GivenUp is how many devices were found to be unreachable.
	GivenUp int
}

// Command is the whole desired state of a device.
type Command struct {
	DeviceID          string
	Revision, Attempt int64
	ValidUntil        instant.Instant
	// At is when the command was due.
	At instant.Instant
	// Entries are shared between commands, and not changed.
	Entries []Entry
}

// Told is a campaign's readiness in this store, which is another than was told before.
type Told struct {
	CampaignID string
	Change     readiness.Change
}

// Fire does what is due at now: it flushes, and pushes devices that owe an answer. What would be too much at once goes on a
// millisecond later. Its error is ErrPart; the store and its parts are then unchanged.
func (s *Store) Fire(parts Parts, storeID string, now instant.Instant) (Fired, error) {
	if s.NextDue() > now {
		return Fired{}, nil
	}
	f := firing{
		next: *s, parts: parts, storeID: storeID, now: now, flushing: s.FlushDue <= now, devices: make(map[string]*device),
		playlists: make(map[string]*compiled),
	}
	f.next.NotBefore = 0
	for _, step := range [...]func() error{f.sendAll, f.forget, f.tell} {
		if err := step(); err != nil {
			return Fired{}, err
		}
	}
	f.end()
	for _, set := range f.writes {
		set()
	}
	*s = f.next
	return f.fired, nil
}

// sendAll goes over the devices, until it has fired enough.
func (f *firing) sendAll() error {
	kept := make([]Resident, 0, len(f.next.Devices))
	for _, r := range f.next.Devices {
		concerned := f.flushing && (r.Dirty || r.Leaving) || r.Due <= f.now
		if !concerned || f.bytes >= stepMaxBytes {
			f.more = f.more || concerned
			kept = append(kept, r)
			continue
		}
		d, err := f.device(r.ID)
		if err != nil {
			return err
		}
		if f.flushing && r.Leaving {
			f.dismiss(r.ID, d)
			continue
		}
		if err := f.attend(&r, d); err != nil {
			return err
		}
		kept = append(kept, r)
	}
	f.next.Devices = kept
	return nil
}

// attend does what is due for a device.
func (f *firing) attend(r *Resident, d *device) error {
	switch {
	case r.Dirty && !f.flushing: // what it would be pushed may not be its playlist any more
		r.Due = f.next.FlushDue
		return nil
	case r.Dirty:
		if err := f.renew(r.ID, d); err != nil {
			return err
		}
		r.Dirty = false
	}
	if d.due() <= f.now {
		if err := f.push(r, d); err != nil {
			return err
		}
	}
	r.Due = d.due()
	f.keep(r.ID, d)
	f.bytes += d.bytes() // a step is as large as what it writes, also where nothing is sent
	return nil
}

// renew sends a device its playlist when that has another content, or is the first since the device was registered.
func (f *firing) renew(id string, d *device) error {
	c, err := f.compile(d, f.now)
	if err != nil {
		return err
	}
	f.next.Untold = true
	if d.same(c) {
		d.shown, d.compiledAt = d.merge(c, d.revision), f.now
		return nil
	}
	revision := max(d.revision+1, int64(f.next.Cause))
	if d.fresh {
		revision = max(revision, f.next.Departed+1)
	}
	d.shown = d.merge(c, revision)
	if d.fresh {
		d.fresh, d.floor = false, revision
	}
	d.revision, d.attempt, d.saidReady = revision, 0, false
	d.caused, d.compiledAt = f.cause(), f.now
	f.send(id, d, c, f.next.FlushDue)
	return nil
}

// cause is when what is sent now was caused.
func (f *firing) cause() instant.Instant {
	if f.next.Cause == 0 {
		return f.now
	}
	return f.next.Cause
}

// push sends a device its newest command once more, or gives it up. One whose turn was long ago, because nothing fired, has not
// been silent all that time, and comes within the next minute, so that not all are pushed at one instant.
func (f *firing) push(r *Resident, d *device) error {
	if away := f.now.Sub(r.Due); away > PushMax && d.owes() {
		d.awaiting = d.awaiting.Add(away)
		d.pushDue = f.now.Add(spread(r.ID, d.revision, d.attempt))
		if !d.silent(f.now) {
			return nil
		}
	}
	if d.silent(f.now) {
		d.unreachable, f.next.Untold = true, true
		f.fired.GivenUp++
		return nil
	}
	c, err := f.compile(d, d.compiledAt) // when it was sent first: the same revision has the same content
	if err != nil {
		return err
	}
	f.send(r.ID, d, c, r.Due)
	return nil
}

// send sends a device the next attempt of its revision.
func (f *firing) send(id string, d *device, c *compiled, at instant.Instant) {
	d.attempt++
	d.pushed(id, f.now)
	f.bytes += c.bytes
	f.fired.Commands = append(f.fired.Commands, Command{
		DeviceID: id, Revision: d.revision, Attempt: d.attempt, ValidUntil: c.validUntil(d.caused), At: at, Entries: c.entries,
	})
}

// dismiss sends a device that has left a playlist without entries, if it was sent any, tells with which revision it leaves, and
// forgets it. The revision is the next one, whatever the record's timestamp: the store where the device is now mostly counts from
// that, and needs no notice.
func (f *firing) dismiss(id string, d *device) {
	if d.empties() {
		d.revision, d.attempt, d.caused = d.revision+1, 0, f.cause()
		f.send(id, d, &compiled{bytes: envelopeMaxBytes}, f.next.FlushDue)
	}
	if d.revision > 0 {
		f.fired.Departures = append(f.fired.Departures, Departure{id, f.storeID, d.revision})
	}
	f.next.Departed = max(f.next.Departed, d.revision)
	f.next.Untold = true
	delete(f.devices, id)
	f.writes = append(f.writes, func() { f.parts.SetPart(devicePrefix+id, nil) })
}

// validUntil is the latest end in a playlist, or some time from its cause.
func (c *compiled) validUntil(cause instant.Instant) instant.Instant {
	if len(c.entries) == 0 {
		return min(cause.Add(EmptyValid), instant.Max)
	}
	latest := c.entries[0].EndsAt
	for i := range c.entries {
		latest = max(latest, c.entries[i].EndsAt)
	}
	return latest
}

// forget forgets campaigns that were removed long ago.
func (f *firing) forget() error {
	if f.next.ForgetDue > f.now {
		return nil
	}
	known, err := f.index()
	if err == nil {
		*known, f.next.ForgetDue = known.forget(f.now)
		f.keepIndex()
	}
	return err
}

// end says what is due next.
func (f *firing) end() {
	switch {
	case f.more:
		f.next.NotBefore = f.now + 1
	case f.flushing:
		f.next.FlushedAt, f.next.FlushDue, f.next.Cause = f.now, Never, 0
	case f.next.Untold:
		f.next.flush(f.now)
		f.next.NotBefore = f.now + 1
	}
}
