package processors_test

import (
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
