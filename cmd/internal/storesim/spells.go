package storesim

import (
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/fault"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
	"github.com/rmn-arms/campaign-engine/schemas"
)

// spells are what goes wrong with a unit now and next. An instant is zero when there is nothing that it ends.
type spells struct {
	number                                 int64
	coming                                 fault.Spell
	nextAt                                 time.Time
	offlineUntil, slowUntil, diskFullUntil time.Time
	bootAt                                 time.Time
}

// draw finds out what happens next, from the n-th Every on.
func (u *unit) draw(n int64) {
	spell, number, at, happens := u.world.Faults.Next(u.id, n)
	u.number, u.coming, u.nextAt = number, spell, time.Time{}
	if happens {
		u.nextAt = u.world.began.Add(at)
	}
}

func (s *spells) wakes() time.Time {
	next := time.Time{}
	for _, at := range []time.Time{s.nextAt, s.offlineUntil, s.slowUntil, s.diskFullUntil, s.bootAt} {
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next
}

// online says whether the unit's network is there.
func (u *unit) online(now time.Time) bool { return !now.Before(u.offlineUntil) }

// suffer ends what is over, and begins what is due.
func (u *unit) suffer(now time.Time) {
	over := func(until *time.Time) bool {
		if until.IsZero() || now.Before(*until) {
			return false
		}
		*until = time.Time{}
		return true
	}
	if over(&u.offlineUntil) {
		u.tell(now, journal.Online, "")
		if u.machine != nil {
			u.machine.SetOnline(now, true)
		}
	}
	if over(&u.slowUntil) {
		u.slow.Store(false)
		u.tell(now, journal.Slow, "over")
	}
	if over(&u.diskFullUntil) {
		u.diskFull.Store(false)
		u.tell(now, journal.DiskFull, "over")
	}
	if over(&u.bootAt) {
		u.boot(now)
	}
	for !u.nextAt.IsZero() && !now.Before(u.nextAt) {
		u.befall(now, u.coming)
		u.draw(u.number + 1)
	}
}

// befall begins a spell. One that goes on already is not begun anew, but lasts until the later end.
func (u *unit) befall(now time.Time, s fault.Spell) {
	until := func(end *time.Time, lasts time.Duration) (begins bool) {
		if lasts == 0 {
			return false
		}
		begins = end.IsZero()
		if at := now.Add(lasts); at.After(*end) {
			*end = at
		}
		return begins
	}
	if until(&u.offlineUntil, s.Offline) {
		u.tell(now, journal.Offline, "")
		if u.machine != nil {
			u.machine.SetOnline(now, false)
		}
	}
	if until(&u.slowUntil, s.Slow) {
		u.slow.Store(true)
		u.tell(now, journal.Slow, "")
	}
	if until(&u.diskFullUntil, s.DiskFull) {
		u.diskFull.Store(true)
		u.tell(now, journal.DiskFull, "")
	}
	if until(&u.bootAt, s.Down) {
		reason := "restart"
		if s.Wiped {
			reason = "wiped"
		}
		u.off(now, reason)
		if s.Wiped {
			<-u.fetching
			if err := u.disk.wipe(); err != nil {
				u.trouble(now, err)
			}
			u.setUp(now, u.born, true)
		}
	}
}

func (u *unit) tell(now time.Time, event journal.Event, reason string) {
	u.world.sink(journal.Line{At: schemas.InstantOf(now), Event: event, Device: u.id, Store: u.storeID, Reason: reason})
}
