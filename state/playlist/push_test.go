package playlist_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/playlist"
)

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

// TestPushTimes gives the pauses exactly: the base doubles up to the longest, and each is within a fifth of it, the same at
// each reckoning, and another for another device.
func TestPushTimes(t *testing.T) {
	s := newShop(t)
	s.join("d-1", "d-2")
	s.pass(s.now.Add(playlist.Silence - 1))
	want := [...]instant.Millis{30, 60, 120, 240, 480, 900, 900, 900}
	pauses := map[string][]instant.Millis{}
	for _, id := range []string{"d-1", "d-2"} {
		for i := 1; i < len(s.sentAt[id]); i++ {
			pause := s.sentAt[id][i].Sub(s.sentAt[id][i-1])
			base := want[min(i-1, len(want)-1)] * second
			if pause < base-base/5 || pause > base+base/5 {
				t.Errorf("%s: attempt %d follows after %d ms, not %d", id, i+1, pause, base)
			}
			pauses[id] = append(pauses[id], pause)
			if got := s.sent[id][i]; got.Attempt != int64(i)+1 || got.At != s.sentAt[id][i] {
				t.Errorf("%s: %+v", id, got)
			}
		}
	}
	if slices.Equal(pauses["d-1"], pauses["d-2"]) {
		t.Error("two devices are pushed at the same instants")
	}
	if got := fmt.Sprint(pauses["d-1"]); got != pausesOfD1 {
		t.Errorf("the pauses of d-1 are %s; want %s", got, pausesOfD1)
	}
}

const pausesOfD1 = "[27818 66009 131683 223660 565435 851580 752269 830229 1006953 770736 955492 879770]"

// TestPushesBehindAnOutage: the time in which nothing fired is not the devices' silence, and they are not pushed all at once.
func TestPushesBehindAnOutage(t *testing.T) {
	s := newShop(t)
	ids := []string{"d-1", "d-2", "d-3", "d-4"}
	s.join(ids...)
	s.pass(s.now.Add(hour / 2))
	attempts := map[string]int{}
	for _, id := range ids {
		attempts[id] = len(s.sent[id])
	}
	s.now = s.now.Add(3 * hour)
	back := s.now
	s.pass(back.Add(minute))
	at := map[instant.Instant]bool{}
	for _, id := range ids {
		if len(s.sent[id]) <= attempts[id] {
			t.Errorf("%s was not pushed within a minute", id)
			continue
		}
		at[s.sentAt[id][attempts[id]]] = true
	}
	if s.givenUp > 0 || len(at) != len(ids) || at[back] {
		t.Errorf("%d were given up; pushed at %v, back at %d", s.givenUp, at, back)
	}
	s.pass(back.Add(playlist.Silence))
	if s.givenUp != len(ids) {
		t.Errorf("%d were given up after the longest silence", s.givenUp)
	}
}
