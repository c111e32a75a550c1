package engine

import (
	"context"
	"maps"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// trimEvery is waited between two trims of the loop.
const trimEvery = time.Minute

// trimmed is what has been deleted from the loop.
type trimmed struct {
	begun time.Duration // Clock.Elapsed
	upTo  map[int32]int64
}

// trim deletes from the loop what has been read and committed, from time to time. The loop has no retention, since what is
// unread must not expire; but what was carried is also in its input, and should not stay in two places.
func (l *loop) trim() {
	now := l.elapsed()
	if l.engine.shape.loop == "" || now-l.trimmed.begun < trimEvery {
		return
	}
	l.trimmed.begun = now
	read := kadm.Offsets{}
	for partition, at := range l.a.positions[l.engine.shape.loop] {
		if at > l.trimmed.upTo[partition] {
			read.AddOffset(l.engine.shape.loop, partition, at, -1)
		}
	}
	if len(read) == 0 {
		return
	}
	l.errands.run(func(ctx context.Context) error {
		deleted, err := l.engine.deleteRecords(ctx, read)
		if err != nil {
			if ctx.Err() == nil {
				l.engine.config.Log.Warn().Err(l.engine.explained(ctx, err)).Str("topic", l.engine.shape.loop).Msg(
					"deleting what was read from the loop: it is kept twice until this succeeds")
			}
			return nil
		}
		l.errands.post(func() { maps.Copy(l.trimmed.upTo, deleted) })
		return nil
	})
}

// deleteRecords deletes the records before offsets in the loop, and returns where its partitions begin now.
func (e *Engine) deleteRecords(ctx context.Context, offsets kadm.Offsets) (map[int32]int64, error) {
	side, err := e.side()
	if err != nil {
		return nil, err
	}
	defer side.Close()
	ctx, cancel := context.WithTimeout(ctx, sideTimeout)
	defer cancel()
	responses, err := kadm.NewClient(side).DeleteRecords(ctx, offsets)
	if err == nil {
		err = responses.Error()
	}
	if err != nil {
		return nil, err
	}
	starts := make(map[int32]int64)
	responses.Each(func(r kadm.DeleteRecordsResponse) { starts[r.Partition] = r.LowWatermark })
	return starts, nil
}
