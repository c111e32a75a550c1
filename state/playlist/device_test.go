package playlist_test

import (
	"testing"

	"github.com/rmn-arms/campaign-engine/state/playlist"
)

func TestADeviceThatJoinsIsSentWhatIsThere(t *testing.T) {
	s := newShop(t)
	s.place(campaign("c-1", 1, 1, "cr-1"))
	s.join("d-1")
	s.rest()
	s.says("d-1", playlist.Ready)
	s.rest()
	s.join("d-2")
	s.rest()
	s.shows("d-2", "c-1/cr-1")
	s.stands("c-1", [4]int64{2, 1, 0, 0}, "d-2 pending")
	if len(s.sent["d-1"]) != 1 {
		t.Errorf("the other device was sent %d commands", len(s.sent["d-1"]))
	}
}

// The first playlist is sent even when nothing is in it.
func TestAnEmptyPlaylistIsSent(t *testing.T) {
	s := newShop(t)
	s.join("d-1")
	s.rest()
	c := s.newest("d-1")
	if len(c.Entries) != 0 || c.Revision != int64(began) || c.ValidUntil != began.Add(7*day) {
		t.Errorf("%+v; want nothing in it, its cause's timestamp as the revision, and 7 days", c)
	}
	s.says("d-1", playlist.Ready)
	s.silence(func() { s.pass(s.now.Add(30 * day)) })
}

func TestAWipedDeviceBeginsAnew(t *testing.T) {
	s := newShop(t)
	s.place(campaign("c-1", 1, 30, "cr-1"))
	s.join("d-1")
	s.rest()
	s.says("d-1", playlist.Ready)
	s.rest()
	s.stands("c-1", [4]int64{1, 1, 0, 0})
	before := s.newest("d-1").Revision
	s.join("d-1")
	s.want(playlist.OldAck, s.ack(playlist.Ack{DeviceID: "d-1", Revision: before, Status: playlist.Ready}))
	s.rest()
	s.shows("d-1", "c-1/cr-1")
	s.stands("c-1", [4]int64{1, 0, 0, 0}, "d-1 pending")
	s.want(playlist.OldAck, s.ack(playlist.Ack{DeviceID: "d-1", Revision: before, Status: playlist.Ready}))
	s.says("d-1", playlist.Ready)
	s.rest()
	s.stands("c-1", [4]int64{1, 1, 0, 0})
}

func TestAReplacedDevice(t *testing.T) {
	s := newShop(t)
	s.place(campaign("c-1", 1, 1, "cr-1"))
	s.join("d-old")
	s.rest()
	s.says("d-old", playlist.Ready)
	s.leave("d-old")
	s.join("d-new")
	s.rest()
	s.shows("d-old")
	s.shows("d-new", "c-1/cr-1")
	s.stands("c-1", [4]int64{1, 0, 0, 0}, "d-new pending")
	last := s.newest("d-old").Revision
	s.want(playlist.UnknownDevice, s.ack(playlist.Ack{DeviceID: "d-old", Revision: last, Status: playlist.Ready}))
	s.says("d-new", playlist.Ready)
	s.rest()
	s.silence(func() { s.pass(s.now.Add(day)) }) // nothing is awaited of the old one
}

// A device that moves to another store is sent an empty playlist here and its new one there, in that order by revision, also
// when both records have the same timestamp; so it is when it comes back.
func TestADeviceMoves(t *testing.T) {
	here, there := newShop(t), newShop(t)
	here.place(campaign("c-1", 1, 1, "cr-1"))
	here.join("d-1")
	here.rest()
	there.pass(here.now)
	here.leave("d-1")
	there.join("d-1")
	here.rest()
	there.rest()
	here.shows("d-1")
	there.shows("d-1")
	moved := there.newest("d-1").Revision
	if left := here.newest("d-1").Revision; left >= moved {
		t.Errorf("the farewell has revision %d, the welcome %d", left, moved)
	}
	there.leave("d-1")
	here.join("d-1")
	here.rest()
	there.rest()
	if back := here.newest("d-1").Revision; back <= moved {
		t.Errorf("back it has revision %d, not above %d", back, moved)
	}
	if len(there.sent["d-1"]) != 1 {
		t.Errorf("a device that had nothing was sent %d commands", len(there.sent["d-1"]))
	}
	here.shows("d-1", "c-1/cr-1")
}

// A device that leaves and comes back before the store was flushed has left nothing behind.
func TestADeviceLeavesAndComesBackAtOnce(t *testing.T) {
	s := newShop(t)
	s.place(campaign("c-1", 1, 1, "cr-1"))
	s.join("d-1")
	s.rest()
	s.leave("d-1")
	s.now++
	s.join("d-1")
	s.rest()
	s.shows("d-1", "c-1/cr-1")
	if len(s.sent["d-1"]) != 2 {
		t.Errorf("%d commands; want its first, and one since it was registered again", len(s.sent["d-1"]))
	}
}

func TestUnplayable(t *testing.T) {
	s := newShop(t)
	s.place(campaign("c-1", 1, 1, "cr-1:image/png"))
	s.place(campaign("c-2", 1, 1, "cr-2:image/png", "cr-3"))
	s.attend(playlist.Presence{DeviceID: "d-1", At: 1, Present: true, Says: true, MIME: []string{"video/webm", "video/mp4"}})
	s.attend(playlist.Presence{DeviceID: "d-2", At: 1, Present: true, Says: true})
	s.rest()
	s.shows("d-1", "c-2/cr-3")
	s.shows("d-2")
	s.says("d-1", playlist.Ready)
	s.rest()
	s.stands("c-1", [4]int64{2, 0, 2, 0}, "d-1 unplayable", "d-2 unplayable")
	s.stands("c-2", [4]int64{2, 1, 1, 0}, "d-2 unplayable")
}

// A device that comes back is sent a higher revision than it had when it left, whatever the records' timestamps.
func TestADeviceComesBackByAnOldClock(t *testing.T) {
	s := newShop(t)
	s.place(campaign("c-1", 1, 30, "cr-1"))
	s.join("d-1")
	s.rest()
	s.leave("d-1")
	s.rest()
	left := s.newest("d-1").Revision
	store := s.store()
	p := playlist.Presence{DeviceID: "d-1", At: s.now, Present: true}
	old := playlist.Origin{Position: playlist.Position{Offset: 99}, Timestamp: began}
	if outcome, err := store.Attend(s.parts, &p, old, s.now); outcome != playlist.Taken || err != nil {
		t.Fatal(outcome, err)
	}
	s.keep(store)
	s.rest()
	if got := s.newest("d-1").Revision; got <= left {
		t.Errorf("it left with revision %d, and is back with %d", left, got)
	}
}
