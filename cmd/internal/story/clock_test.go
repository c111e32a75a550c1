package story

import (
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// TestItFliesAndLands: it is at an instant exactly, after so much less time, and from there goes as time does. Whoever waits for
// an instant of the flight, or behind it, is woken then, also when it is told to fly on.
func TestItFliesAndLands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewClock(at("20:00"), 1000)
		began := time.Now()
		woken := make(chan instant.Instant)
		waits := func(until instant.Instant) { c.AfterFunc(until, func() { woken <- c.Now() }) }
		wakes := func(until instant.Instant, after time.Duration) {
			t.Helper()
			if now := <-woken; now != until || time.Since(began) != after {
				t.Errorf("woken at %s after %s, want %s after %s", now.Time(), time.Since(began), until.Time(), after)
			}
		}
		waits(at("20:00") + 2000)
		wakes(at("20:00")+2000, 2*time.Second)
		waits(at("23:00"))
		c.FlyTo(at("21:00"))
		waits(at("20:30"))
		wakes(at("20:30"), 2*time.Second+1798*time.Millisecond)
		waits(at("21:00"))
		wakes(at("21:00"), 2*time.Second+3598*time.Millisecond)
		waits(at("21:00") + 500)
		wakes(at("21:00")+500, 2*time.Second+4098*time.Millisecond)
		c.AfterFunc(at("22:00"), func() { t.Error("a wait that was stopped ended") })()
		c.FlyTo(at("23:30"))
		wakes(at("23:00"), 2*time.Second+4098*time.Millisecond+2*time.Hour/1000-500*time.Microsecond)
		c.FlyTo(at("20:00"))
		if now := c.Now(); now < at("23:00") {
			t.Errorf("it has gone back to %s", now.Time())
		}
	})
}

// TestItNeverGoesBackAndWakesNobodyEarly, whatever it is told and when it is looked at.
func TestItNeverGoesBackAndWakesNobodyEarly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := NewClock(Start(), rapid.Int64Range(1, processors.DrivenRateMax).Draw(t, "rate"))
		now, last := time.Duration(0), instant.Instant(0)
		c.real = func() time.Duration { return now }
		look := func() {
			if shows := c.Now(); shows < last {
				t.Fatalf("it goes back by %d ms", last.Sub(shows))
			} else {
				last = shows
			}
		}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			now += time.Duration(rapid.Int64Range(0, int64(3*time.Second)).Draw(t, "passes"))
			look()
			switch rapid.IntRange(0, 2).Draw(t, "what") {
			case 0:
				c.FlyTo(last + instant.Instant(rapid.Int64Range(-1000, 10*3600*1000).Draw(t, "to")))
				look()
			case 1:
				until := last + instant.Instant(rapid.Int64Range(1, 10*3600*1000).Draw(t, "until"))
				left := c.left(c.behind(until), now)
				if before := c.shows(now + left - 1); left > 0 && before >= c.behind(until) {
					t.Fatalf("%s is waited for too long", until.Time())
				}
				if c.shows(now+left) < c.behind(until) {
					t.Fatalf("%s is waited for too short", until.Time())
				}
			}
		}
	})
}

func TestTheEngineTakesItForADrivenOne(t *testing.T) {
	if _, is := NewClock(Start(), 1).Engine().(engine.DrivenClock); !is {
		t.Error("it does not")
	}
}
