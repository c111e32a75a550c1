package playlist_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/playlist"
)

// partMaxBytes is how large rows and parts may become.
const partMaxBytes = 900 << 10

func longID(i int) string { return fmt.Sprintf("%0128d", i) }

// TestAFullPlaylist: campaigns are taken in order until one has no room; that one and those behind it are left out, and come in
// when there is room again.
func TestAFullPlaylist(t *testing.T) {
	s := newShop(t)
	s.join("d-1")
	long := func(id string, starts int) playlist.Placement {
		p := campaign(id, 1, starts, strings.Fields(strings.Repeat("cr ", 100))...)
		for i := range p.Creatives {
			p.Creatives[i].ID = fmt.Sprintf("cr-%d", i)
			p.Creatives[i].URL = "https://cdn.example/" + strings.Repeat("x", 2000)
		}
		return p
	}
	for i := range 5 {
		s.place(long(fmt.Sprintf("c-%d", i), i+1))
	}
	s.place(campaign("c-small", 1, 9, "cr-1"))
	s.rest()
	if got := len(s.newest("d-1").Entries); got != 300 {
		t.Errorf("%d entries; want those of the first three campaigns", got)
	}
	s.says("d-1", playlist.Ready)
	s.rest()
	s.stands("c-2", [4]int64{1, 1, 0, 0})
	for _, id := range []string{"c-3", "c-4", "c-small"} {
		s.stands(id, [4]int64{1, 0, 1, 0}, "d-1 full")
	}
	s.place(removal(long("c-0", 1), 2))
	s.rest()
	s.stands("c-3", [4]int64{1, 0, 0, 0}, "d-1 pending")
	s.stands("c-4", [4]int64{1, 0, 1, 0}, "d-1 full")
}

func TestDevicesHaveALimit(t *testing.T) {
	s := newShop(t)
	for i := range playlist.DevicesMax {
		s.join(longID(i))
	}
	over := playlist.Presence{DeviceID: "d-over", At: 1, Present: true}
	s.want(playlist.NoRoom, s.attend(over))
	s.rest()
	if got := len(s.sent); got != playlist.DevicesMax {
		t.Errorf("%d devices were sent something", got)
	}
	if size := len(s.row); size > partMaxBytes {
		t.Errorf("the row has %d bytes", size)
	}
	s.leave(longID(7))
	s.want(playlist.Taken, s.attend(over)) // at once, as who replaces a device does
	s.want(playlist.NoRoom, s.attend(playlist.Presence{DeviceID: "d-one-more", At: 1, Present: true}))
	for i := 8; i < playlist.DevicesMax; i++ { // all are replaced at once
		s.leave(longID(i))
		s.join(longID(playlist.DevicesMax + i))
	}
	s.want(playlist.NoRoom, s.attend(playlist.Presence{DeviceID: "d-one-more", At: 1, Present: true}))
	if size := len(s.row); size > partMaxBytes {
		t.Errorf("the row has %d bytes", size)
	}
	s.rest()
	if got := len(s.store().Devices); got != playlist.DevicesMax {
		t.Errorf("%d devices are left", got)
	}
}

// TestAStepIsBoundedWhereNothingIsSent: devices whose playlist stays as it is are written, too.
func TestAStepIsBoundedWhereNothingIsSent(t *testing.T) {
	s := newShop(t)
	for i := range 120 {
		s.join(deviceName(i))
	}
	for i := range 40 {
		s.place(campaign(fmt.Sprintf("c-%d", i), 1, 1, strings.Fields(strings.Repeat("cr ", 30))...))
	}
	s.rest()
	c := campaign("c-0", 2, 1, strings.Fields(strings.Repeat("cr ", 30))...)
	c.Revision = 9 // says nothing new to devices
	s.place(c)
	s.now = s.store().NextDue()
	counting := &writes{parts: s.parts}
	if _, err := s.store().Fire(counting, "s-1", s.now); err != nil || counting.bytes > 3<<20 {
		t.Errorf("a step writes %d bytes, %v", counting.bytes, err)
	}
}

// writes counts what is written.
type writes struct {
	parts
	bytes int
}

func (w *writes) SetPart(name string, value []byte) {
	w.bytes += len(value)
	w.parts.SetPart(name, value)
}

// TestCampaignsHaveALimit fills a store with as many as it may have, all with the longest ids, and looks at the sizes.
func TestCampaignsHaveALimit(t *testing.T) {
	s := newShop(t)
	s.join(longID(0))
	for i := range playlist.CampaignsMax {
		p := campaign(longID(i), 1<<52, 1, longID(i))
		p.Revision = 1 << 52
		p.Creatives[0].URL = "x:x"
		if i == 0 {
			p.StartsAt, p.EndsAt = p.StartsAt-1, p.EndsAt-1
		}
		s.want(playlist.Taken, s.place(p))
	}
	s.want(playlist.NoRoom, s.place(campaign("c-over", 1, 1, "cr-1")))
	s.rest()
	c := s.newest(longID(0))
	s.want(playlist.Taken, s.ack(playlist.Ack{
		DeviceID: longID(0), Revision: c.Revision, Status: playlist.Failed, Word: strings.Repeat("ä", 200),
	}))
	s.rest()
	for name, part := range s.parts {
		if len(part) > partMaxBytes {
			t.Errorf("%.10s has %d bytes", name, len(part))
		}
	}
	// Those that are over and forgotten make room.
	first := campaign(longID(0), 1, 1)
	s.place(removal(first, 1<<52+1))
	s.want(playlist.NoRoom, s.place(campaign("c-over", 1, 1, "cr-1")))
	s.pass(first.EndsAt.Add(playlist.Memory))
	s.want(playlist.Taken, s.place(campaign("c-over", 1, 60, "cr-1")))
}

// TestALargeStoreIsServedInSteps holds what one Fire sends.
func TestALargeStoreIsServedInSteps(t *testing.T) {
	s := newShop(t)
	const devices = 60
	for i := range devices {
		s.join(deviceName(i))
	}
	for i := range 40 {
		s.place(campaign(fmt.Sprintf("c-%d", i), 1, 1, strings.Fields(strings.Repeat("cr ", 30))...))
	}
	steps := 0
	for {
		store := s.store()
		if store.NextDue() > s.now.Add(second) {
			break
		}
		s.now = max(s.now, store.NextDue())
		fired, err := store.Fire(s.parts, "s-1", s.now)
		if err != nil || len(fired.Commands) > 6 {
			t.Fatalf("%d commands in a step, %v", len(fired.Commands), err)
		}
		if len(fired.Changes) > 0 && len(s.sent) < devices {
			t.Fatal("readiness is told before all devices were sent their playlist")
		}
		steps++
		s.keep(store)
		s.note(&fired)
	}
	if len(s.sent) != devices || len(s.told) != 40 || steps < devices/6 {
		t.Errorf("%d devices, %d campaigns told in %d steps", len(s.sent), len(s.told), steps)
	}
	for id, commands := range s.sent {
		if len(commands) != 1 || len(commands[0].Entries) != 40*30 {
			t.Errorf("%s: %d commands", id, len(commands))
		}
	}
}

// TestPartsThatCannotBeRead: the store says so, and neither it nor any part is changed.
func TestPartsThatCannotBeRead(t *testing.T) {
	s := newShop(t)
	s.join("d-1")
	s.place(campaign("c-1", 1, 1, "cr-1"))
	s.rest()
	s.place(campaign("c-2", 1, 1, "cr-1"))
	s.leave("d-1")
	s.now = s.now.Add(second)
	s.join("d-2")
	ack := playlist.Ack{DeviceID: "d-2", Revision: 1}
	gone := playlist.Presence{DeviceID: "d-2", At: s.now + 1}
	more := campaign("c-3", 1, 1)
	for name, whole := range s.parts {
		for _, broken := range [][]byte{nil, []byte("x"), append([]byte{1}, whole...), append(append([]byte{}, whole...), 0)} {
			s.parts.SetPart(name, broken)
			before := len(s.parts)
			store := s.store()
			_, fire := store.Fire(s.parts, "s-1", s.now)
			_, hear := store.Hear(s.parts, &ack, playlist.Position{Offset: 99}, s.now)
			_, attend := store.Attend(s.parts, &gone, playlist.Origin{Position: playlist.Position{Offset: 99}}, s.now)
			var place error
			if name == "i" && broken != nil {
				_, place = store.Place(s.parts, &more, playlist.Origin{Position: playlist.Position{Offset: 99}}, s.now)
			}
			if name == "i" && broken == nil { // a store without campaigns
				s.parts.SetPart(name, whole)
				continue
			}
			if !errors.Is(fire, playlist.ErrPart) || name == "d/d-2" && !(errors.Is(hear, playlist.ErrPart) && errors.Is(attend, playlist.ErrPart)) ||
				name == "i" && !errors.Is(place, playlist.ErrPart) {
				t.Errorf("%s as %q: %v, %v, %v, %v", name, broken, fire, hear, attend, place)
			}
			if name == "d/d-2" && string(store.AppendBinary(nil)) != string(s.row) || len(s.parts) != before {
				t.Errorf("%s as %q: the store has changed", name, broken)
			}
			store.Postpone(s.now)
			if store.NextDue() <= s.now {
				t.Errorf("put off, it is due at once")
			}
			s.parts.SetPart(name, whole)
		}
	}
}
