package engine

import (
	"slices"
	"strings"
	"time"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/table"
)

// Overview is what a group has and waits for in this process at one moment, for metrics and for who asks why it is not
// ready. Its parts are looked at one after the other: they may be of neighbouring moments.
type Overview struct {
	// Waiting says what the group waits for before it is ready; nil: it is.
	Waiting error
	// Held says that the wall clock has jumped forward and is not believed for now.
	Held bool
	// Timers is nil where the graph has none.
	Timers *TimersOverview
	// Partitions are those that the group gave, by number.
	Partitions []PartitionOverview
	// Standby is about those that others own.
	Standby Standby
}

// TimersOverview is about the rows that wait for an instant, of the partitions whose rows are recovered.
type TimersOverview struct {
	Pending int
	// Overdue is how many are due and have not fired, or not been committed; counted up to OverdueMax in each partition.
	Overdue int
	// Oldest is how long the one that waits longest has been due, by the clock that the engine believes; 0 without one.
	Oldest time.Duration
	// Next is the earliest instant of all; Waits is false when none waits.
	Next  instant.Instant
	Waits bool
	// Reviews is how many rows are to be looked at anew, which happens when nothing is due; Reviewing is false where none ever is.
	Reviews   int
	Reviewing bool
}

// OverdueMax bounds how many overdue timers of a partition are counted: a partition's rows wait meanwhile, a few milliseconds
// at that number.
const OverdueMax = 50_000

// Stage is how far a partition has come since the group gave it.
type Stage string

// The stages, in their order.
const (
	Recovering Stage = "recovering"  // its rows are being read
	CatchingUp Stage = "catching-up" // its inputs are, up to their ends as they were
	Firing     Stage = "firing"      // nothing is waited for
)

// PartitionOverview is one partition of a group.
type PartitionOverview struct {
	Partition int32
	Stage     Stage
	// RowsRead and RowsToRead are offsets of the table topic, counted from where reading began; both 0 while that is unknown.
	RowsRead, RowsToRead int64
	// Inputs are by name.
	Inputs []InputOverview
}

// InputOverview is one partition of an input.
type InputOverview struct {
	Topic string
	// Lag is how many offsets, markers included, lie between what is committed and the newest end that was seen; known says
	// that one was.
	Lag   int64
	Known bool
	// ToRead is how many of them are to be read before timers fire; 0 once they are, -1 while that is unknown.
	ToRead int64
}

// Overview may be called at any time. It asks no broker, and takes the locks of rows for reading only.
func (e *Engine) Overview() Overview {
	claimed, owned, firing := e.partitions.lists()
	now, held := e.believed()
	o := Overview{Waiting: e.status.ready(), Held: held, Standby: e.Standby()}
	if e.shape.timers {
		o.Timers = timersOverview(e.partitions.tables(owned), now)
		o.Timers.Reviewing = e.partitions.reviewOf != nil
	}
	p := e.progress.Load()
	for _, partition := range slices.Sorted(slices.Values(claimed)) {
		o.Partitions = append(o.Partitions, e.partitionOverview(p, partition, stage(partition, owned, firing)))
	}
	return o
}

func stage(partition int32, owned, firing []int32) Stage {
	switch {
	case slices.Contains(firing, partition):
		return Firing
	case slices.Contains(owned, partition):
		return CatchingUp
	}
	return Recovering
}

func timersOverview(tables []*table.Table, now instant.Instant) *TimersOverview {
	o := &TimersOverview{Next: never}
	oldest := now
	for _, rows := range tables {
		o.Pending += rows.Pending()
		o.Reviews += rows.Reviews()
		o.Next = min(o.Next, rows.Next())
		count, since := rows.Overdue(now, OverdueMax)
		o.Overdue += count
		oldest = min(oldest, since)
	}
	o.Oldest, o.Waits = span(now.Sub(oldest)), o.Next != never
	return o
}

func (e *Engine) partitionOverview(p *progress, partition int32, stage Stage) PartitionOverview {
	o := PartitionOverview{Partition: partition, Stage: stage}
	if r, ok := p.rows[partition]; ok && r.begin.Load() != unknown {
		o.RowsToRead = max(0, r.end.Load()-r.begin.Load())
		o.RowsRead = o.RowsToRead
		if stage == Recovering {
			o.RowsRead = min(max(0, e.partitions.table(partition).Offset()-r.begin.Load()), o.RowsToRead)
		}
	}
	for _, topic := range e.shape.streams {
		if r, ok := p.inputs[topic][partition]; ok {
			o.Inputs = append(o.Inputs, r.overview(topic, stage))
		}
	}
	slices.SortFunc(o.Inputs, func(a, b InputOverview) int { return strings.Compare(a.Topic, b.Topic) })
	return o
}

func (r *reach) overview(topic string, stage Stage) InputOverview {
	at, end, until := r.at.Load(), r.end.Load(), r.until.Load()
	o := InputOverview{Topic: topic, Known: end != unknown}
	if o.Known {
		o.Lag = max(0, end-at)
	}
	switch {
	case stage == Firing:
	case until == unknown:
		o.ToRead = unknown
	default:
		o.ToRead = max(0, until-at)
	}
	return o
}
