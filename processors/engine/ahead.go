package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// aheadPatience is how long rows are read ahead without headway.
const aheadPatience = 5 * time.Second

// standBy lets rows be read beside the group's session, until the returned function is called.
func (e *Engine) standBy(ctx context.Context) (stop func()) {
	if e.config.NoStandby || e.shape.table == "" {
		return func() {}
	}
	e.readAhead(ctx)
	ctx, cancel := context.WithCancel(ctx)
	var standing sync.WaitGroup
	standing.Go(func() { e.standby.run(ctx) })
	return func() {
		cancel()
		standing.Wait()
	}
}

// readAhead reads the rows of all partitions before the group is joined, when others own them meanwhile: to join takes
// partitions away from them, whose timers then wait for the rows. Where nobody does, or where the group still keeps
// partitions for this instance, they wait already, and are recovered at once, each by itself.
//
// What it cannot read is left to the recovery.
func (e *Engine) readAhead(ctx context.Context) {
	side, err := e.side()
	if err != nil {
		return
	}
	defer side.Close()
	others, err := e.ownedByOthers(ctx, kadm.NewClient(side))
	if err != nil || !others {
		return
	}
	e.status.wait("reading rows ahead of joining the group")
	r := newReader(side, e.shape.table)
	progress := newHeadway(e.config.Clock.Elapsed())
	unlocated := e.allPartitions()
	for len(unlocated)+len(r.stretches) > 0 && !progress.lost(e.config.Clock.Elapsed(), aheadPatience) {
		// To the last stable offset: what lies behind an open transaction can be read only when it has ended.
		if unlocated, err = e.locateRows(ctx, r, unlocated, (*kadm.Client).ListCommittedOffsets); err == nil {
			err = r.step(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			e.config.Log.Warn().Err(err).Str("group", string(e.shape.group)).Msg("reading rows ahead of joining the group")
			return
		}
		for _, partition := range r.complete() {
			progress.note(fmt.Sprint(partition), 0, e.config.Clock.Elapsed())
		}
		for partition, s := range r.stretches {
			progress.note(fmt.Sprint(partition), s.next, e.config.Clock.Elapsed())
		}
	}
}

// ownedByOthers says that the group has members, and that this instance is none of them.
func (e *Engine) ownedByOthers(ctx context.Context, admin *kadm.Client) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, sideTimeout)
	defer cancel()
	group := string(e.shape.group)
	described, err := admin.DescribeGroups(ctx, group)
	if err != nil {
		return false, fmt.Errorf("describing group %s: %w", group, err)
	}
	members := described[group].Members
	for _, member := range members {
		if member.InstanceID != nil && *member.InstanceID == e.config.Instance {
			return false, nil
		}
	}
	return len(members) > 0, nil
}
