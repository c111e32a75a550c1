package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// This file is how a partition comes from claimed to owned to firing; see partitions.

// catchUp is how far an assignment's partitions have come.
type catchUp struct {
	// gates has one gate for each owned partition; closed counts those of the claimed ones that are not open yet.
	gates  map[int32]*gate
	closed int
	// carried holds, per partition, the end of the loop once all that was misplaced elsewhere lies before it.
	carried map[int32]int64
}

func newCatchUp(claimed int) catchUp {
	return catchUp{gates: make(map[int32]*gate), closed: claimed, carried: make(map[int32]int64)}
}

// beginCatchUp starts what the partitions wait for.
func (l *loop) beginCatchUp() {
	l.tellProgress()
	l.errands.run(l.recover)
	if l.engine.shape.loop != "" && len(l.a.partitions) > 0 {
		l.errands.run(l.lookForStrays)
	}
}

// recover is the errand that brings the rows of the claimed partitions up to date. Each partition is owned as soon as its
// rows are: the recovery of a large one stalls no other.
func (l *loop) recover(ctx context.Context) error {
	err := l.engine.recoverRows(ctx, l.a.partitions, func(done []int32) {
		l.errands.run(func(ctx context.Context) error { return l.askEnds(ctx, done) })
	})
	if err != nil {
		return fmt.Errorf("recovering rows: %w", err)
	}
	return nil
}

// askPause is waited before brokers that did not answer are asked again.
const askPause = 200 * time.Millisecond

// askEnds is the errand that finds out how far the inputs of recovered partitions reach. Who is not told waits, alone.
func (l *loop) askEnds(ctx context.Context, recovered []int32) error {
	side, err := l.engine.side()
	if err != nil {
		return err
	}
	defer side.Close()
	admin := kadm.NewClient(side)
	for warned := false; len(recovered) > 0; {
		ends, unlisted, err := l.engine.inputEnds(ctx, admin, l.engine.shape.streams, recovered)
		if err != nil {
			unlisted = recovered
		}
		if told := without(recovered, unlisted); len(told) > 0 {
			l.errands.post(func() { l.own(told, ends) })
		}
		if recovered = unlisted; len(recovered) == 0 {
			return nil
		}
		if !warned {
			l.engine.config.Log.Warn().Err(err).Ints32("partitions", recovered).Msg("the brokers do not tell how far the inputs reach")
			warned = true
		}
		sleep(ctx, askPause)
		if ctx.Err() != nil {
			return nil
		}
	}
	return nil
}

func without(partitions, some []int32) []int32 {
	return slices.DeleteFunc(slices.Clone(partitions), func(p int32) bool { return slices.Contains(some, p) })
}

// own lets the records of partitions in, whose inputs reach to ends.
func (l *loop) own(partitions []int32, ends positions) {
	for _, partition := range partitions {
		g := &gate{ends: make(map[string]int64)}
		for topic := range ends {
			g.ends[topic] = ends[topic][partition]
			l.engine.progress.Load().waits(topic, partition, g.ends[topic])
		}
		l.catchUp.gates[partition] = g
		l.engine.partitions.table(partition).Call(l.looks.before)
		l.engine.partitions.own(partition)
		l.warnOfLostPositions(partition)
	}
	l.member.resume(l.a, l.engine.shape.first, partitions)
	l.tellProgress()
}

// warnOfLostPositions tells of a partition whose rows say that its inputs were read, and whose positions say that they
// were not: somebody has removed the group's positions, or the brokers' retention of them is too short.
func (l *loop) warnOfLostPositions(partition int32) {
	rows, _ := l.engine.partitions.table(partition).Rows()
	if rows == 0 || !l.a.unplaced[partition] {
		return
	}
	l.engine.config.Log.Warn().Int32("partition", partition).Int("rows", rows).Str("group", string(l.engine.shape.group)).
		Msg("the group has rows and no committed positions: its inputs are read again from their start")
}

func (l *loop) tellProgress() {
	if owned := len(l.catchUp.gates); owned < len(l.a.partitions) {
		l.engine.status.wait(fmt.Sprintf("recovering rows: %d of %d partitions are done", owned, len(l.a.partitions)))
		return
	}
	l.engine.status.run()
}

// passGates opens the gates of the partitions that have been read to their ends.
func (l *loop) passGates() {
	if l.catchUp.closed == 0 {
		return
	}
	for partition, g := range l.catchUp.gates {
		if g.open || !l.know(partition, g) || !g.reached(l.a.positions, partition, l.engine.shape.streams) {
			continue
		}
		g.open = true
		l.catchUp.closed--
		now, _ := l.engine.watch.look()
		l.engine.partitions.fire(partition, now)
		l.engine.config.Observe.fires(partition, l.elapsed()-l.began)
	}
}

// know says whether all ends of a partition's gate are known, that of the loop as well.
func (l *loop) know(partition int32, g *gate) bool {
	if l.engine.shape.loop == "" {
		return true
	}
	end, ok := l.catchUp.carried[partition]
	if ok {
		g.ends[l.engine.shape.loop] = end
		l.engine.progress.Load().waits(l.engine.shape.loop, partition, end)
	}
	return ok
}

// carry notes where the loop ends for partitions of which nothing is on its way any more.
func (l *loop) carry(partitions []int32, ends map[int32]int64) {
	for _, partition := range partitions {
		l.catchUp.carried[partition] = ends[partition]
	}
}
