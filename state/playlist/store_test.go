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

// TestAClockThatWasAhead: what it has set does not hold a store back when another process goes on with it.
func TestAClockThatWasAhead(t *testing.T) {
	s := newShop(t)
	s.now = s.now.Add(day)
	s.join("d-1")
	s.now = began
	s.place(campaign("c-1", 1, 1, "cr-1"))
	s.rest()
	s.shows("d-1", "c-1/cr-1")
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
