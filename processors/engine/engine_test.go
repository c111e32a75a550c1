package engine_test

import (
	"fmt"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

func TestTimersFireOnceEachAtTheirInstant(t *testing.T) {
	b := newBench(t, testPartitions)
	clock := virtual()
	const count = 1000
	for i := range count {
		b.set(alarm(fmt.Sprintf("key-%d", i), 1_000_100+instant.Instant(i%10)))
	}
	b.start("a", clock, alarms(nil), nil)
	clock.Set(1_000_099)
	clock.Set(1_000_200)
	b.once(b.rung(count))
}
