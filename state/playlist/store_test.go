package playlist_test

import (
	"testing"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/playlist"
)

func TestBackToBackCampaigns(t *testing.T) {
	s := newShop(t)
	s.join("d-1")
	first, second := campaign("c-z", 1, 1, "cr-1"), campaign("c-a", 1, 8, "cr-2", "cr-1")
	if first.EndsAt != second.StartsAt {
		t.Fatal("they are not back to back")
	}
	s.place(second)
	s.place(first)
	s.rest()
	s.shows("d-1", "c-z/cr-1", "c-a/cr-2", "c-a/cr-1")
	if got := s.newest("d-1").ValidUntil; got != second.EndsAt {
		t.Errorf("valid until %d; want the latest end, %d", got, second.EndsAt)
	}
	s.says("d-1", playlist.Ready)
	s.rest()
	s.pass(first.EndsAt)
	s.want(playlist.Taken, s.place(removal(first, 2)))
	s.rest()
	s.shows("d-1", "c-a/cr-2", "c-a/cr-1")
	s.stands("c-a", [4]int64{1, 1, 0, 0})
	if len(s.sent["d-1"]) != 2 {
		t.Errorf("%d commands; want one for both campaigns and one when the first ended", len(s.sent["d-1"]))
	}
}

func TestTheEndedCampaignLeavesTheSharedCreative(t *testing.T) {
	s := newShop(t)
	s.join("d-1")
	one, other := campaign("c-1", 1, 1, "shared"), campaign("c-2", 1, 1, "shared")
	s.place(one)
	s.place(other)
	s.rest()
	s.says("d-1", playlist.Ready)
	s.place(removal(one, 2))
	s.rest()
	s.shows("d-1", "c-2/shared")
	s.stands("c-1", [4]int64{})
	s.stands("c-2", [4]int64{1, 1, 0, 0})
}

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

func TestAStoreIsRemovedAndAdded(t *testing.T) {
	s := newShop(t)
	s.join("d-1")
	c := campaign("c-1", 3, 1, "cr-1")
	s.place(c)
	s.rest()
	s.says("d-1", playlist.Ready)
	s.want(playlist.Taken, s.place(removal(c, 5)))
	s.rest()
	s.shows("d-1")
	s.stands("c-1", [4]int64{})
	s.want(playlist.Stale, s.place(campaign("c-1", 4, 1, "cr-1")))
	s.silence(func() { s.pass(s.now.Add(10 * second)) })
	c.Sequence = 6
	s.want(playlist.Taken, s.place(c))
	s.rest()
	s.shows("d-1", "c-1/cr-1")
	s.stands("c-1", [4]int64{1, 0, 0, 0}, "d-1 pending") // what was taken away may be gone from the disk
}

func TestACreativeIsSwapped(t *testing.T) {
	s := newShop(t)
	s.join("d-1")
	s.place(campaign("c-1", 1, 1, "cr-1", "cr-2"))
	s.place(campaign("c-2", 1, 1, "cr-9"))
	s.rest()
	s.says("d-1", playlist.Ready)
	s.rest()
	old := s.newest("d-1").Revision
	swapped := campaign("c-1", 2, 1, "cr-1", "cr-2")
	swapped.Creatives[1].Version = 2
	s.place(swapped)
	s.rest()
	s.stands("c-1", [4]int64{1, 0, 0, 0}, "d-1 pending")
	s.stands("c-2", [4]int64{1, 1, 0, 0})
	s.want(playlist.Taken, s.ack(playlist.Ack{DeviceID: "d-1", Revision: old, Status: playlist.Ready, Missing: []string{"cr-2"}}))
	s.rest()
	s.stands("c-1", [4]int64{1, 0, 0, 0}, "d-1 pending")
	s.says("d-1", playlist.Ready)
	s.rest()
	s.stands("c-1", [4]int64{1, 1, 0, 0})
}

// What the device has said of the entries that stay counts when the newest one is taken away.
func TestTheNewestCreativeIsTakenAway(t *testing.T) {
	s := newShop(t)
	s.join("d-1")
	s.place(campaign("c-1", 1, 1, "cr-1"))
	s.rest()
	s.says("d-1", playlist.Ready)
	s.place(campaign("c-1", 2, 1, "cr-1", "cr-2"))
	s.rest()
	s.stands("c-1", [4]int64{1, 0, 0, 0}, "d-1 pending")
	s.place(campaign("c-1", 3, 1, "cr-1"))
	s.rest()
	s.stands("c-1", [4]int64{1, 1, 0, 0})
}

func TestADiskIsFullAndHealed(t *testing.T) {
	s := newShop(t)
	s.join("d-1")
	s.place(campaign("c-1", 1, 30, "cr-1"))
	s.place(campaign("c-2", 1, 30, "cr-2"))
	s.rest()
	revision := s.newest("d-1").Revision
	s.says("d-1", playlist.Underway)
	s.want(playlist.Taken, s.ack(playlist.Ack{
		DeviceID: "d-1", Revision: revision, Status: playlist.Failed, Missing: []string{"cr-2"}, Word: "disk-full",
	}))
	s.rest()
	s.stands("c-1", [4]int64{1, 0, 0, 0}, "d-1 pending")
	s.stands("c-2", [4]int64{1, 0, 1, 0}, "d-1 failed: disk-full")
	s.says("d-1", playlist.Ready, "cr-2")
	s.rest()
	s.stands("c-1", [4]int64{1, 1, 0, 0})
	s.stands("c-2", [4]int64{1, 0, 1, 0}, "d-1 failed: disk-full")
	attempts := len(s.sent["d-1"])
	s.pass(s.now.Add(hour))
	if len(s.sent["d-1"]) <= attempts {
		t.Error("a device that has failed is not pushed")
	}
	s.says("d-1", playlist.Ready)
	s.rest()
	s.stands("c-2", [4]int64{1, 1, 0, 0})
	s.want(playlist.Taken, s.ack(playlist.Ack{DeviceID: "d-1", Revision: revision, Status: playlist.Failed}))
	s.rest()
	s.stands("c-1", [4]int64{1, 0, 1, 0}, "d-1 failed")
	s.stands("c-2", [4]int64{1, 0, 1, 0}, "d-1 failed")
}

func TestAcksThatAreIgnored(t *testing.T) {
	s := newShop(t)
	s.join("d-1")
	s.place(campaign("c-1", 1, 30, "cr-1"))
	s.rest()
	first := s.newest("d-1").Revision
	changed := campaign("c-1", 2, 30, "cr-1")
	changed.EndsAt++
	s.place(changed)
	s.rest()
	newest := s.newest("d-1").Revision
	s.silence(func() {
		for _, c := range []struct {
			device   string
			revision int64
			want     playlist.Outcome
		}{
			{"d-2", newest, playlist.UnknownDevice},
			{"d-1", newest + 1, playlist.NeverSent},
			{"d-1", first - 1, playlist.OldAck},
			{"d-1", first, playlist.OldAck},
		} {
			s.want(c.want, s.ack(playlist.Ack{DeviceID: c.device, Revision: c.revision, Status: playlist.Ready}))
		}
		s.pass(s.now.Add(2 * second))
	})
	s.says("d-1", playlist.Ready)
	s.rest()
	s.silence(func() {
		s.want(playlist.RepeatedAck, s.ack(playlist.Ack{DeviceID: "d-1", Revision: newest, Status: playlist.Ready}))
		s.pass(s.now.Add(day))
	})
}

// A device that hears nothing of a pause and its end is at last sent what is in force.
func TestPauseAndResumeWhileSilent(t *testing.T) {
	s := newShop(t)
	s.join("d-1")
	c := campaign("c-1", 1, 30, "cr-1")
	s.place(c)
	s.rest()
	s.pass(s.now.Add(minute))
	s.place(removal(c, 2))
	s.rest()
	s.shows("d-1")
	s.pass(s.now.Add(minute))
	c.Sequence = 3
	s.place(c)
	s.rest()
	s.shows("d-1", "c-1/cr-1")
	s.says("d-1", playlist.Ready)
	s.rest()
	s.stands("c-1", [4]int64{1, 1, 0, 0})
}

func TestCancelWhileSilent(t *testing.T) {
	s := newShop(t)
	s.join("d-1")
	c := campaign("c-1", 1, 30, "cr-1")
	s.place(c)
	s.rest()
	s.pass(s.now.Add(3 * hour))
	s.stands("c-1", [4]int64{1, 0, 0, 1}, "d-1 unreachable")
	s.place(removal(c, 2))
	s.rest()
	s.shows("d-1")
	s.stands("c-1", [4]int64{})
	s.silence(func() { s.pass(s.now.Add(day)) })
}

func TestUnreachableAndHealed(t *testing.T) {
	s := newShop(t)
	s.join("d-1")
	s.place(campaign("c-1", 1, 30, "cr-1"))
	s.rest()
	sent := s.sentAt["d-1"][0]
	s.pass(sent.Add(2*hour - 1))
	s.stands("c-1", [4]int64{1, 0, 0, 0}, "d-1 pending")
	s.pass(sent.Add(2*hour + 1))
	s.stands("c-1", [4]int64{1, 0, 0, 1}, "d-1 unreachable")
	s.silence(func() { s.pass(s.now.Add(10 * day)) })
	if s.givenUp != 1 {
		t.Errorf("%d were given up", s.givenUp)
	}
	attempt := s.newest("d-1").Attempt
	s.says("d-1", playlist.Underway)
	s.pass(s.now)
	if got := s.newest("d-1"); got.Attempt != attempt+1 {
		t.Errorf("it speaks again, and its newest command is attempt %d; want %d", got.Attempt, attempt+1)
	}
	s.rest()
	s.stands("c-1", [4]int64{1, 0, 0, 0}, "d-1 pending")
	s.says("d-1", playlist.Ready)
	s.rest()
	s.stands("c-1", [4]int64{1, 1, 0, 0})
}

// A device that is ready for one campaign and then silent is unreachable for the other alone.
func TestReadyBeforeUnreachable(t *testing.T) {
	s := newShop(t)
	s.join("d-1")
	s.place(campaign("c-1", 1, 30, "cr-1"))
	s.rest()
	s.says("d-1", playlist.Ready)
	s.place(campaign("c-2", 1, 30, "cr-2"))
	s.pass(s.now.Add(3 * hour))
	s.stands("c-1", [4]int64{1, 1, 0, 0})
	s.stands("c-2", [4]int64{1, 0, 0, 1}, "d-1 unreachable")
	s.place(campaign("c-3", 1, 31, "cr-3")) // it is sent once, for when it comes back
	s.rest()
	s.shows("d-1", "c-1/cr-1", "c-2/cr-2", "c-3/cr-3")
	s.silence(func() { s.pass(s.now.Add(day)) })
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

// What comes within a flush's pause becomes one revision, by the newest record's timestamp.
func TestABurstIsOneRevision(t *testing.T) {
	s := newShop(t)
	s.join("d-1")
	s.pass(s.now)
	flushed := s.now
	for i := range 50 {
		s.now = flushed.Add(instant.Millis(1 + i))
		s.place(campaign("c-"+string(rune('A'+i)), 1, 1, "cr-1"))
		s.pass(s.now)
	}
	s.pass(flushed.Add(playlist.Coalesce - 1))
	if len(s.sent["d-1"]) != 1 {
		t.Fatalf("%d commands before the pause is over", len(s.sent["d-1"]))
	}
	s.pass(flushed.Add(playlist.Coalesce))
	if c := s.newest("d-1"); len(c.Entries) != 50 || len(s.sent["d-1"]) != 2 || c.Revision != int64(flushed)+50 {
		t.Errorf("%d entries under revision +%d in %d commands", len(c.Entries), c.Revision-int64(flushed), len(s.sent["d-1"]))
	}
	if s.changes != 50 {
		t.Errorf("%d changes were told", s.changes)
	}
}

// Revisions rise by one where timestamps do not.
func TestRevisionsRiseWithoutTimestamps(t *testing.T) {
	s := newShop(t)
	s.join("d-1")
	s.rest()
	first := s.newest("d-1").Revision
	store := s.store()
	c := campaign("c-1", 1, 1, "cr-1")
	old := playlist.Origin{Position: playlist.Position{Offset: 99}, Timestamp: began - 1_000_000}
	if outcome, err := store.Place(s.parts, &c, old, s.now); outcome != playlist.Taken || err != nil {
		t.Fatal(outcome, err)
	}
	s.keep(store)
	s.rest()
	if got := s.newest("d-1").Revision; got != first+1 {
		t.Errorf("revision %d; want %d", got, first+1)
	}
}

func TestReadAgain(t *testing.T) {
	s := newShop(t)
	s.join("d-1")
	c := campaign("c-1", 1, 1, "cr-1")
	s.place(c)
	s.rest()
	s.says("d-1", playlist.Ready)
	s.place(removal(c, 2))
	s.leave("d-1")
	s.rest()
	row := s.row
	s.offset = 0
	s.silence(func() {
		s.want(playlist.Again, s.attend(playlist.Presence{DeviceID: "d-1", At: began, Present: true}))
		s.want(playlist.Again, s.place(c))
		s.want(playlist.Again, s.ack(playlist.Ack{DeviceID: "d-1", Revision: int64(began), Status: playlist.Ready}))
		s.rest()
	})
	if string(row) != string(s.row) {
		t.Error("the row has changed")
	}
}

// A campaign whose window is over is left out by the next playlist that is compiled, and its last readiness stays.
func TestOverBeforeItIsRemoved(t *testing.T) {
	s := newShop(t)
	s.join("d-1")
	over, next := campaign("c-1", 1, 1, "cr-1"), campaign("c-2", 1, 20, "cr-2")
	s.place(over)
	s.rest()
	s.says("d-1", playlist.Ready)
	s.rest()
	s.silence(func() { s.pass(over.EndsAt) })
	s.place(next)
	s.rest()
	s.shows("d-1", "c-2/cr-2")
	s.place(removal(over, 2))
	s.rest()
	s.stands("c-1", [4]int64{1, 1, 0, 0})
	if len(s.sent["d-1"]) != 2 {
		t.Errorf("%d commands", len(s.sent["d-1"]))
	}
}

func TestRemovedCampaignsAreForgotten(t *testing.T) {
	s := newShop(t)
	c := campaign("c-1", 1, 1, "cr-1")
	s.place(c)
	s.place(removal(c, 3))
	forgotten := c.EndsAt.Add(playlist.Memory)
	s.pass(forgotten - 1)
	s.want(playlist.Stale, s.place(campaign("c-1", 2, 1, "cr-1")))
	s.pass(forgotten)
	s.want(playlist.Taken, s.place(campaign("c-1", 2, 1, "cr-1")))
}

// The same revision has the same content, also when a window of it is over meanwhile.
func TestAPushRepeatsItsRevision(t *testing.T) {
	s := newShop(t)
	s.join("d-1")
	over := campaign("c-1", 1, 1, "cr-1")
	s.place(over)
	s.place(campaign("c-2", 1, 2, "cr-2"))
	s.pass(over.EndsAt.Add(-minute))
	s.says("d-1", playlist.Failed)
	attempt := s.newest("d-1").Attempt
	s.pass(over.EndsAt.Add(hour))
	if c := s.newest("d-1"); c.Attempt <= attempt {
		t.Fatal("it was not pushed")
	}
	s.shows("d-1", "c-1/cr-1", "c-2/cr-2")
}

func TestADeviceTakesItsReadinessBack(t *testing.T) {
	s := newShop(t)
	s.join("d-1")
	s.place(campaign("c-1", 1, 30, "cr-1"))
	s.rest()
	s.says("d-1", playlist.Ready)
	s.pass(s.now.Add(day))
	if got := len(s.sent["d-1"]); got != 1 {
		t.Fatalf("a device that is ready was sent %d commands", got)
	}
	s.says("d-1", playlist.Underway, "cr-1")
	s.rest()
	s.stands("c-1", [4]int64{1, 0, 0, 0}, "d-1 pending")
	s.pass(s.now.Add(minute))
	if c := s.newest("d-1"); c.Attempt != 2 {
		t.Errorf("a minute after it has taken it back, its newest command is attempt %d", c.Attempt)
	}
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
