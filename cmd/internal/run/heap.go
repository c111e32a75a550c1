package run

import (
	"context"
	"os"
	"runtime/debug"
	gometrics "runtime/metrics"
	"strconv"
	"strings"
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
	growth := growthFor(memoryLimit())
	live := []gometrics.Sample{{Name: liveHeapMetric}}
	for set := 0; ; {
		gometrics.Read(live)
		if percent := percentFor(live[0].Value.Uint64(), growth); differs(percent, set) {
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

// percentFor returns by how much a live heap may grow before it is collected: at least by growth.
func percentFor(liveBytes, growth uint64) int {
	if liveBytes == 0 {
		return percentMax
	}
	return int(min(max(growth*100/liveBytes, percentDefault), percentMax))
}

// growthFor returns growthMin, or a quarter of the memory that the process may have where that is less.
func growthFor(limit uint64) uint64 { return min(growthMin, limit/4) }

// cgroupLimit is where Linux tells a container's memory limit (cgroup v2): a number of bytes, or "max".
const cgroupLimit = "/sys/fs/cgroup/memory.max"

// memoryLimit returns how many bytes the process may have: by $GOMEMLIMIT, or by its container's limit.
func memoryLimit() uint64 {
	limit := uint64(debug.SetMemoryLimit(-1)) // a negative limit asks
	told, err := os.ReadFile(cgroupLimit)
	if err != nil {
		return limit
	}
	if bytes, err := strconv.ParseUint(strings.TrimSpace(string(told)), 10, 64); err == nil {
		return min(limit, bytes)
	}
	return limit
}

func differs(percent, set int) bool {
	return percentStepMin*max(percent-set, set-percent) > set
}
