package clock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/clock"
)

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// A device that waits for an instant of its clock wakes neither before it nor noticeably after.
func TestATrueInstantIsWhereTheDevicesClockGetsThere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := clock.Skew{
			Offset: time.Duration(rapid.Int64Range(-int64(48*time.Hour), int64(48*time.Hour)).Draw(t, "offset")),
			PPM:    rapid.Int64Range(-1000, 1000).Draw(t, "ppm"), Since: noon,
		}
		wanted := noon.Add(time.Duration(rapid.Int64Range(0, int64(90*24*time.Hour)).Draw(t, "wanted")))
		at := s.True(wanted)
		if early := wanted.Sub(s.Device(at)); early > 0 {
			t.Fatalf("the device's clock lacks %s", early)
		}
		if late := s.Device(at).Sub(wanted); late > 10*time.Microsecond {
			t.Fatalf("the device's clock is %s past it", late)
		}
	})
}

func TestARightClock(t *testing.T) {
	if at := (clock.Skew{}).Device(noon); !at.Equal(noon) {
		t.Errorf("it says %s", at)
	}
	drifting := clock.Skew{Offset: time.Second, PPM: 100, Since: noon}
	if at := drifting.Device(noon.Add(10_000 * time.Second)); !at.Equal(noon.Add(10_002 * time.Second)) {
		t.Errorf("after 10,000 s at 100 ppm it says %s", at)
	}
}

func TestAVirtualClockWakesInOrder(t *testing.T) {
	v := clock.NewVirtual(noon)
	var woken []int
	for _, seconds := range []int{3, 1, 2, 5} {
		v.AfterFunc(noon.Add(time.Duration(seconds)*time.Second), func() { woken = append(woken, seconds) })
	}
	v.AfterFunc(noon.Add(time.Second), func() { t.Error("a wait that was stopped ended") })()
	v.Advance(3 * time.Second)
	if len(woken) != 3 || woken[0] != 1 || woken[1] != 2 || woken[2] != 3 {
		t.Errorf("woken: %v", woken)
	}
	done := make(chan struct{})
	v.AfterFunc(v.Now(), func() { close(done) })
	<-done
}

// The machine's clock, in the bubble's time, wakes in time also after more than one of its waits.
func TestTheMachinesClockWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.System()
		due := c.Now().Add(10*time.Second + 300*time.Millisecond)
		woken := make(chan time.Time, 1)
		c.AfterFunc(due, func() { woken <- c.Now() })
		c.AfterFunc(due, func() { t.Error("a wait that was stopped ended") })()
		if at := <-woken; !at.Equal(due) {
			t.Errorf("woken %s late", at.Sub(due))
		}
		c.AfterFunc(due, func() { woken <- c.Now() })
		<-woken
	})
}
