package run

import (
	"context"
	"os"
	"runtime/debug"
	gometrics "runtime/metrics"
	"time"
)

// The collector of a small heap runs many times in a burst, for little. So at least growthMin may be allocated between
// two collections, however small the heap; from there on the heap may double, as by default.
const (
	growthMin       = 448 << 20
	percentDefault  = 100
	percentMax      = 3000
	heapLookEvery   = 2 * time.Second
	percentStepMin  = 4 // in quarters: a new percentage is set when it differs from the last by more than a quarter
	liveHeapMetric  = "/gc/heap/live:bytes"
	collectorSwitch = "GOGC"
)

// tuneHeap keeps the collector's percentage in step with the heap until ctx ends. $GOGC takes precedence.
func tuneHeap(ctx context.Context) {
	if os.Getenv(collectorSwitch) != "" {
		return
	}
	ticker := time.NewTicker(heapLookEvery)
	defer ticker.Stop()
	live := []gometrics.Sample{{Name: liveHeapMetric}}
	for set := 0; ; {
		gometrics.Read(live)
		if percent := percentFor(live[0].Value.Uint64()); differs(percent, set) {
			debug.SetGCPercent(percent)
			set = percent
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// percentFor returns by how much a live heap may grow before it is collected.
func percentFor(liveBytes uint64) int {
	if liveBytes == 0 {
		return percentMax
	}
	return int(min(max(growthMin*100/liveBytes, percentDefault), percentMax))
}

func differs(percent, set int) bool {
	return percentStepMin*max(percent-set, set-percent) > set
}
