package processors_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// TestADrivenClockWakesNobodyEarly, at any rate, and shows what it was told to begin with.
func TestADrivenClockWakesNobodyEarly(t *testing.T) {
	t.Parallel()
	start := instant.Of(time.Date(2027, 3, 28, 0, 59, 0, 0, time.UTC))
	for _, rate := range []int64{1, 3, 7, 1000, 86_400, processors.DrivenRateMax} {
		clock := processors.DrivenClock(start, rate)
		if now := clock.Now(); now < start {
			t.Errorf("at rate %d it begins at %s", rate, now.Time())
		}
		for _, after := range []instant.Millis{0, 1, 2, 3, 10, 3 * instant.Millis(rate)} {
			due := clock.Now().Add(after)
			woken := make(chan instant.Instant)
			clock.AfterFunc(due, func() { woken <- clock.Now() })
			if at := <-woken; at < due {
				t.Errorf("at rate %d it wakes %d ms early", rate, due.Sub(at))
			}
			clock.AfterFunc(due, func() {})()
		}
	}
}

// TestADrivenClockKeepsToWhatRecordsCanBeDatedBy: it stays at the last instant whose nanoseconds can be reckoned.
func TestADrivenClockKeepsToWhatRecordsCanBeDatedBy(t *testing.T) {
	t.Parallel()
	clock := processors.DrivenClock(processors.DrivenLast-1, processors.DrivenRateMax)
	woken := make(chan struct{})
	clock.AfterFunc(processors.DrivenLast, func() { close(woken) })
	<-woken
	if now := clock.Now(); now != processors.DrivenLast || now.Time().UnixNano() < 0 || now.Add(1).Time().UnixNano() > 0 {
		t.Errorf("it shows %s", now.Time())
	}
}

// TestAHeldClockWaits: it shows nothing later than it may, wakes all the same, and is then where it would have been.
func TestAHeldClockWaits(t *testing.T) {
	t.Parallel()
	start := instant.Of(time.Date(2027, 3, 28, 0, 59, 0, 0, time.UTC))
	var until atomic.Int64
	until.Store(int64(start + 5))
	clock := processors.HeldClock(start, processors.DrivenRateMax, func() instant.Instant { return instant.Instant(until.Load()) })
	free := processors.DrivenClock(start, processors.DrivenRateMax)
	for range 3 {
		woken := make(chan instant.Instant)
		clock.AfterFunc(start+7, func() { woken <- clock.Now() })
		if at := <-woken; at != start+5 {
			t.Errorf("it shows %s, and may not", at.Time())
		}
	}
	until.Store(int64(processors.DrivenLast))
	before := free.Now()
	if now := clock.Now(); now < before {
		t.Errorf("it goes on from %s; it would have been at %s", now.Time(), before.Time())
	}
}
