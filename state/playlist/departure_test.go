package playlist_test

import (
	"slices"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/playlist"
)

// A device that was sent something above its first playlist by the store that it has left takes that for an old one: it is sent the
// same again, above that, and what it said of the first says nothing any more.
func TestANoticeOfAHigherRevision(t *testing.T) {
	for name, above := range map[string]int64{"higher": 2 * int64(hour), "the same": 0} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			s.place(campaign("c-1", 1, 1, "cr-1", "cr-2:image/png"))
			s.attend(playlist.Presence{DeviceID: "d-1", At: 1, Present: true, Says: true, MIME: []string{"video/mp4"}})
			s.join("d-2")
			s.rest()
			s.says("d-1", playlist.Ready)
			s.rest()
			first := s.newest("d-1")
			s.want(playlist.Taken, s.notice("d-1", first.Revision+above))
			s.want(playlist.OldAck, s.ack(playlist.Ack{DeviceID: "d-1", Revision: first.Revision, Status: playlist.Ready}))
			s.rest()
			again := s.newest("d-1")
			if again.Revision <= first.Revision+above || again.Attempt != 1 || !slices.Equal(again.Entries, first.Entries) {
				t.Errorf("it was sent\n%+v\nafter\n%+v", again, first)
			}
			s.shows("d-1", "c-1/cr-1")
			s.stands("c-1", [4]int64{2, 0, 0, 0}, "d-1 pending", "d-2 pending")
			s.want(playlist.OldAck, s.ack(playlist.Ack{DeviceID: "d-1", Revision: first.Revision, Status: playlist.Ready}))
			s.says("d-1", playlist.Ready)
			s.rest()
			s.stands("c-1", [4]int64{2, 1, 0, 0}, "d-2 pending")
			if len(s.sent["d-1"]) != 2 || len(s.sent["d-2"]) != 1 {
				t.Errorf("they were sent %d and %d commands", len(s.sent["d-1"]), len(s.sent["d-2"]))
			}
		})
	}
}

// What is known of a departure before anything was sent, by the registration or by a notice behind it, is below the first playlist.
func TestTheFirstPlaylistIsAboveTheDeparture(t *testing.T) {
	departed := int64(began) + int64(hour)
	for name, tell := range map[string]func(*shop){
		"by the registration": func(s *shop) {
			s.want(playlist.Taken, s.attend(playlist.Presence{DeviceID: "d-1", At: 1, Present: true, Departed: departed}))
		},
		"by a notice": func(s *shop) {
			s.join("d-1")
			s.want(playlist.Taken, s.notice("d-1", departed))
		},
		"by both": func(s *shop) {
			s.want(playlist.Taken, s.attend(playlist.Presence{DeviceID: "d-1", At: 1, Present: true, Departed: departed}))
			s.want(playlist.Stale, s.notice("d-1", departed))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			tell(s)
			s.rest()
			if got := s.newest("d-1").Revision; got != departed+1 || len(s.sent["d-1"]) != 1 {
				t.Errorf("it was sent %d commands, revision %d; want one, %d", len(s.sent["d-1"]), got, departed+1)
			}
		})
	}
}

// A registration that is told again, since the row of its device was rebuilt, may know of departures of which the first one did not.
func TestARegistrationToldAgain(t *testing.T) {
	s := newShop(t)
	told := playlist.Presence{DeviceID: "d-1", At: 5, Present: true}
	s.want(playlist.Taken, s.attend(told))
	s.rest()
	first := s.newest("d-1").Revision
	for _, before := range []playlist.Presence{{At: 5}, {At: 5, Departed: first - 1}, {At: 4, Departed: first - 1}} {
		told.At, told.Departed = before.At, before.Departed
		s.want(playlist.Stale, s.attend(told))
	}
	told.Departed = first + int64(hour)
	s.want(playlist.Taken, s.attend(told))
	s.rest()
	if got := s.newest("d-1").Revision; got != told.Departed+1 || len(s.sent["d-1"]) != 2 {
		t.Errorf("it was sent %d commands, revision %d; want two, %d", len(s.sent["d-1"]), got, told.Departed+1)
	}
	s.now += 10
	s.leave("d-1")
	told.Departed += int64(hour)
	s.want(playlist.Stale, s.attend(told))
}

// A notice changes nothing where all is above it, and where the device is not.
func TestANoticeThatSaysNothing(t *testing.T) {
	s := newShop(t)
	s.join("d-1", "d-2")
	s.rest()
	newest := s.newest("d-1").Revision
	s.says("d-1", playlist.Ready)
	s.leave("d-2")
	row := s.row
	s.want(playlist.Stale, s.notice("d-1", newest-1))
	s.want(playlist.UnknownDevice, s.notice("d-2", newest+1)) // it leaves
	s.want(playlist.UnknownDevice, s.notice("d-3", newest+1))
	if string(row) != string(s.row) {
		t.Error("the row has changed")
	}
	s.want(playlist.Taken, s.notice("d-1", newest))
	s.offset--
	s.want(playlist.Again, s.notice("d-1", newest+9))
	s.rest()
	if got := s.newest("d-1").Revision; got <= newest || len(s.sent["d-1"]) != 2 {
		t.Errorf("it was sent %d commands, the last one with revision %d", len(s.sent["d-1"]), got)
	}
}

// A store tells with which revision a device leaves: that of the empty playlist, or of its newest when nothing is to be taken away.
func TestDepartures(t *testing.T) {
	s := newShop(t)
	s.place(campaign("c-1", 1, 1, "cr-1:image/png"))
	s.join("d-full")
	s.attend(playlist.Presence{DeviceID: "d-bare", At: s.now, Present: true, Says: true})
	s.rest()
	s.now++
	s.join("d-unsent")
	for _, id := range []string{"d-full", "d-bare"} {
		s.leave(id)
	}
	s.now++
	s.leave("d-unsent")
	s.rest()
	want := []playlist.Departure{
		{DeviceID: "d-bare", StoreID: "s-1", Revision: int64(began)}, {DeviceID: "d-full", StoreID: "s-1", Revision: int64(began) + 1},
	}
	if !slices.Equal(s.departed, want) {
		t.Errorf("the departures are %+v; want %+v", s.departed, want)
	}
	if last := s.newest("d-full"); last.Revision != want[1].Revision || len(last.Entries) > 0 || len(s.sent["d-unsent"]) > 0 {
		t.Errorf("the last command is %+v", last)
	}
}

// A device that is given up is sent its playlist by a notice as well: it may be silent because it takes it for an old one.
func TestANoticeToASilentDevice(t *testing.T) {
	s := newShop(t)
	s.join("d-1")
	s.pass(s.now.Add(3 * hour))
	if s.givenUp != 1 {
		t.Fatalf("%d were given up", s.givenUp)
	}
	sent := len(s.sent["d-1"])
	s.want(playlist.Taken, s.notice("d-1", int64(s.now)))
	s.rest()
	if c := s.newest("d-1"); len(s.sent["d-1"]) != sent+1 || c.Attempt != 1 {
		t.Errorf("it was sent %d commands, the last one %+v", len(s.sent["d-1"])-sent, c)
	}
}
