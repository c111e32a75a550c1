package playlist_test

import (
	"testing"

	"github.com/rmn-arms/campaign-engine/state/playlist"
)

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
