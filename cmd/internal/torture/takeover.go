package torture

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/rmn-arms/campaign-engine/cmd/internal/torture/oracle"
)

// takeovers measures, for each process that stopped working, how long it took until the last of its partitions had a due
// transition again, whoever wrote that. Transitions are due in every partition all the time.
func (r *Report) takeovers(losses []loss, dues []oracle.Record) {
	written := map[int32][]int64{}
	for i := range dues {
		written[dues[i].Partition] = append(written[dues[i].Partition], dues[i].Timestamp)
	}
	for _, times := range written {
		slices.Sort(times)
	}
	var all []int64
	for _, l := range losses {
		longest, slowest := int64(-1), int32(0)
		for _, p := range l.partitions {
			at, _ := slices.BinarySearchFunc(written[p], l.at+1, cmp.Compare[int64])
			if at == len(written[p]) {
				continue // nothing was due there any more
			}
			if took := written[p][at] - l.at; took > longest {
				longest, slowest = took, p
			}
		}
		if longest >= 0 {
			all = append(all, longest)
			r.takeover = append(r.takeover, fmt.Sprintf("%6d ms after %s, partition %d of %v", longest, l.what, slowest, l.partitions))
		}
	}
	slices.Sort(all)
	r.TakeoverMs = spreadOf(all)
}

// calmMs is how long nothing must have been broken for a transition to count as a calm one.
const calmMs = 10_000

// calm measures the lateness of what was decided while nothing was broken.
func (r *Report) calm(spans []span, timed []oracle.Timed) {
	var all []int64
	for _, t := range timed {
		if !slices.ContainsFunc(spans, func(s span) bool { return s.from <= t.DecidedAt && t.DecidedAt <= s.to+calmMs }) {
			all = append(all, t.LatenessMs)
		}
	}
	slices.Sort(all)
	r.CalmMs = spreadOf(all)
}

// lateMs is from where on a transition counts as late because of a fault.
const lateMs = 1000

// healing measures, for each time that a fault ended, how long it took until nothing was late any more. The next fault cuts
// the measure short.
func (r *Report) healing(spans []span, timed []oracle.Timed) {
	var late []int64
	for _, t := range timed {
		if t.LatenessMs > lateMs {
			late = append(late, t.DecidedAt)
		}
	}
	slices.Sort(late)
	var all []int64
	for _, s := range spans {
		next := int64(math.MaxInt64)
		for _, other := range spans {
			if other.from > s.to {
				next = min(next, other.from)
			}
		}
		last, _ := slices.BinarySearch(late, next)
		took := int64(0)
		if last > 0 {
			took = max(0, late[last-1]-s.to)
		}
		all = append(all, took)
	}
	slices.Sort(all)
	r.HealedMs = spreadOf(all)
}
