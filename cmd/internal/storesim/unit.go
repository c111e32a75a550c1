package storesim

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/device"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/link"
	"github.com/rmn-arms/campaign-engine/schemas"
)

// waitingMax is how many records of a device may wait for a refresh of the keys; more are refused.
const waitingMax = 8

// unit is one device with its disk, its network and its power: a goroutine that does what its machine decides. All of it
// but post belongs to that goroutine.
type unit struct {
	world   *world
	id      string
	storeID string
	shelf   *link.Shelf
	disk    disk
	outbox  outbox

	mail   sync.Mutex
	posted []func(now time.Time)
	poked  chan struct{}

	machine *device.Machine // nil: it has no power
	next    int64           // offset in the store's topic
	caught  bool            // that it has what was there before it
	waiting []link.Record   // for a refresh of the keys
	born    schemas.Instant
	boots   int64

	registering bool
	registerAt  time.Time // not before

	spells

	fetches  int64
	drop     context.CancelFunc
	fetching chan struct{} // closed when the last fetch has ended
	slow     atomic.Bool
	diskFull atomic.Bool
	stopWait func()
}

func newUnit(w *world, s *store, deviceID string) *unit {
	u := &unit{
		world: w, id: deviceID, storeID: s.id, shelf: s.shelf, disk: disk(w.FolderOf(deviceID)), poked: make(chan struct{}, 1),
		fetching: make(chan struct{}), drop: func() {}, stopWait: func() {},
	}
	u.outbox.path = u.disk.plays()
	close(u.fetching)
	return u
}

// post has something done in the unit's goroutine.
func (u *unit) post(do func(now time.Time)) {
	u.mail.Lock()
	u.posted = append(u.posted, do)
	u.mail.Unlock()
	u.poke()
}

// once returns a function that tells this life of the device how something went; a later life does not hear it.
func (u *unit) once(tell func(m *device.Machine, now time.Time, arrived bool)) func(arrived bool) {
	m := u.machine
	return func(arrived bool) {
		u.post(func(now time.Time) {
			if u.machine == m {
				tell(m, now, arrived)
			}
		})
	}
}

func (u *unit) poke() {
	select {
	case u.poked <- struct{}{}:
	default:
	}
}

// run lives the device's life until ctx ends.
func (u *unit) run(ctx context.Context) {
	u.draw(0)
	u.boot(u.world.clock.Now())
	for ctx.Err() == nil {
		u.turn(u.world.clock.Now())
		u.stopWait()
		u.stopWait = func() {}
		if at := u.wakes(); !at.IsZero() {
			u.stopWait = u.world.clock.AfterFunc(at, u.poke)
		}
		select {
		case <-u.poked:
		case <-ctx.Done():
		}
	}
	u.stopWait()
	u.end(u.world.clock.Now())
}

// turn does what was posted and what is due.
func (u *unit) turn(now time.Time) {
	u.mail.Lock()
	posted := u.posted
	u.posted = nil
	u.mail.Unlock()
	for _, do := range posted {
		do(now)
	}
	u.suffer(now)
	if u.machine == nil {
		return
	}
	if u.online(now) {
		u.register(now)
		u.receive(now)
	}
	u.machine.Tick(now)
}

// wakes returns when the next turn is due, zero when only a post makes one.
func (u *unit) wakes() time.Time {
	next := u.spells.wakes()
	if u.machine == nil {
		return next
	}
	for _, at := range []time.Time{u.machine.Wake(), u.registerAt} {
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next
}

// boot gives the device power. A disk on which no device was set up, or one of another store, is set up.
func (u *unit) boot(now time.Time) {
	<-u.fetching
	found, content, err := u.disk.read()
	if err != nil {
		u.trouble(now, err)
	}
	if !found || content.State.DeviceID != u.id || content.State.StoreID != u.storeID {
		content.State = u.setUp(now, content.State.Born, false)
	}
	u.born = content.State.Born
	u.next, u.caught, u.waiting, u.registering, u.registerAt = 0, false, nil, false, time.Time{}
	u.boots++
	u.machine = device.Boot(now, &content, device.Settings{
		CacheBytes: u.world.CacheBytes, Skew: u.world.Faults.Skew(u.id, u.boots, now),
	}, &hands{u})
	u.machine.SetOnline(now, u.online(now))
}

// setUp makes a new device on the disk, younger than the one before it.
func (u *unit) setUp(now time.Time, before schemas.Instant, wiped bool) device.State {
	u.born = max(schemas.InstantOf(now), before+1)
	s := device.State{DeviceID: u.id, StoreID: u.storeID, Born: u.born, Wiped: wiped}
	if wiped || u.world.Register {
		s.NotBefore = int64(u.born) - u.world.ClockMargin.Milliseconds()
	}
	if err := u.disk.write(&s); err != nil {
		u.trouble(now, err)
	}
	return s
}

func (u *unit) off(now time.Time, reason string) {
	if u.machine != nil {
		u.machine.Off(now, reason)
		u.machine = nil
		if err := u.outbox.close(); err != nil {
			u.trouble(now, err)
		}
	}
}

func (u *unit) end(now time.Time) {
	if u.machine != nil {
		u.machine.Final(now)
	}
	u.off(now, "end")
	<-u.fetching
}

// register tells the registry of a device that was set up, once, with the time at which it was: a repeat is stale.
func (u *unit) register(now time.Time) {
	s := u.machine.State()
	if s.Registered || u.registering || now.Before(u.registerAt) || !u.world.Register && !s.Wiped {
		return
	}
	u.registering, u.registerAt = true, time.Time{}
	done := u.once(func(m *device.Machine, now time.Time, arrived bool) {
		if arrived {
			m.SetRegistered(now)
			return
		}
		u.registering, u.registerAt = false, now.Add(time.Second)
	})
	u.world.sendRegistered(&s, func(err error) { done(err == nil) })
}

// receive takes what is new in the store's topic. What is signed with a key that is not known waits for the keys once.
func (u *unit) receive(now time.Time) {
	if !u.shelf.IsReady() {
		return
	}
	records, next := u.shelf.Since(u.id, u.next)
	backlog := !u.caught
	u.next, u.caught = next, true
	if len(records) == 0 {
		return
	}
	var batch []device.Received
	for _, r := range records {
		signature := u.world.keys.Check(r.JWS, r.Value)
		if signature == device.UnknownKey && len(u.waiting) < waitingMax {
			u.await(r)
			continue
		}
		batch = append(batch, received(&r, signature))
	}
	u.machine.Receive(now, batch, backlog)
}

func received(r *link.Record, signature device.Signature) device.Received {
	return device.Received{Key: r.Key, Value: r.Value, Offset: r.Offset, Signature: signature}
}

// await keeps a record until the keys were fetched again.
func (u *unit) await(r link.Record) {
	u.waiting = append(u.waiting, r)
	if len(u.waiting) > 1 {
		return
	}
	done := u.once(func(m *device.Machine, now time.Time, _ bool) {
		var batch []device.Received
		for _, r := range u.waiting {
			batch = append(batch, received(&r, u.world.keys.Check(r.JWS, r.Value)))
		}
		u.waiting = nil
		m.Receive(now, batch, false)
	})
	u.world.keys.Refresh(func() { done(true) })
}

func (u *unit) trouble(now time.Time, err error) {
	u.world.sink(journal.Line{
		At: schemas.InstantOf(now), Event: journal.Trouble, Device: u.id, Store: u.storeID, Error: err.Error(),
	})
}
