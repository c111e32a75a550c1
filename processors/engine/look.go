package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// A look finds out when all has been read that lay in some inputs at its beginning, in all partitions. It notes where they
// end, waits until the group's committed positions have come there, and then notes where the loop ends: what was misplaced
// has been carried before that. It is over, for a partition, when the loop is read up to there; then its number is called.

// lookRetry is waited between two questions of a look.
const lookRetry = 20 * time.Millisecond

// looks are those of an assignment. Only its loop touches them.
type looks struct {
	// before is the newest number of the assignments before it.
	before  int64
	running bool
	// ends holds, for each partition, what looks have found that are not over there: the oldest of them, and behind it the newest.
	// The oldest is kept, else looks that come faster than the loop is read would put off what they wait for again and again.
	ends map[int32][]lookEnd
}

// lookEnd says that a look is over once the loop is read up to an offset, 0 without a loop.
type lookEnd struct{ number, loop int64 }

func newLooks(before int64) looks { return looks{before: before, ends: make(map[int32][]lookEnd)} }

// note keeps what a look has found.
func (l *looks) note(partition int32, end lookEnd) {
	ends := l.ends[partition]
	l.ends[partition] = append(ends[:min(1, len(ends))], end)
}

// over returns the number of the newest look that is over where the loop has been read up to an offset; false without one.
func (l *looks) over(partition int32, read int64) (number int64, is bool) {
	for ends := l.ends[partition]; len(ends) > 0 && ends[0].loop <= read; ends = l.ends[partition] {
		number, is = ends[0].number, true
		l.ends[partition] = ends[1:]
	}
	return number, is
}

// look calls the tickets of looks that are over, and begins one when somebody waits for it.
func (l *loop) look() {
	for partition := range l.looks.ends {
		if number, over := l.looks.over(partition, l.a.positions[l.engine.shape.loop][partition]); over {
			l.engine.partitions.table(partition).Call(number)
		}
	}
	if l.looks.running {
		return
	}
	if number, inputs, wanted := l.engine.tickets.begin(); wanted {
		l.looks.running = true
		l.errands.run(func(ctx context.Context) error {
			l.lookAt(ctx, number, inputs)
			return nil
		})
	}
}

// lookAt is the errand that makes a look.
func (l *loop) lookAt(ctx context.Context, number int64, inputs []string) {
	admin := kadm.NewClient(l.engine.asking) // under load looks follow one another: none makes connections of its own
	var err error
	var ends positions
	var carried map[int32]int64
	for _, step := range []func() (bool, error){
		func() (bool, error) {
			var unlisted []int32
			ends, unlisted, err = l.engine.inputEnds(ctx, admin, inputs, l.engine.allPartitions())
			return len(unlisted) == 0, err
		},
		func() (bool, error) {
			committed, err := l.engine.committedPositions(ctx, admin)
			return ends.reachedBy(committed), err
		},
		func() (bool, error) {
			carried, err = l.carriedEnds(ctx, admin)
			return carried != nil, err
		},
	} {
		if !l.untilDone(ctx, step) {
			return
		}
	}
	l.errands.post(func() { l.looked(number, carried) })
}

// carriedEnds returns where the loop ends in the assignment's partitions, nil while that is not told for all of them.
func (l *loop) carriedEnds(ctx context.Context, admin *kadm.Client) (map[int32]int64, error) {
	if l.engine.shape.loop == "" {
		return map[int32]int64{}, nil
	}
	ends, err := l.engine.loopEnds(ctx, admin)
	if err != nil {
		return nil, err
	}
	for _, partition := range l.a.partitions {
		if _, told := ends[partition]; !told {
			return nil, fmt.Errorf("the loop of partition %d: %w", partition, errUnlisted)
		}
	}
	return ends, nil
}

// untilDone takes a step again and again; false when ctx has ended before it was done. Why it could not be is told once.
func (l *loop) untilDone(ctx context.Context, step func() (bool, error)) bool {
	for told := false; ctx.Err() == nil; sleep(ctx, lookRetry) {
		done, err := step()
		if err == nil && done {
			return true
		}
		if err != nil && !told && ctx.Err() == nil {
			told = true
			l.engine.config.Log.Warn().Err(err).Msg("it cannot be seen how far the inputs are read; it is tried again")
		}
	}
	return false
}

// looked notes what a look has found.
func (l *loop) looked(number int64, loopEnds map[int32]int64) {
	l.looks.running = false
	for _, partition := range l.a.partitions {
		l.looks.note(partition, lookEnd{number, loopEnds[partition]})
	}
}
