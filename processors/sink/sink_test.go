package sink_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors/sink"
)

var errAway = errors.New("the store is away")

// What was aborted is not kept, and the markers at the end of a partition leave nothing to be read.
func TestMarkersAtTheEnd(t *testing.T) {
	b := newBench(t)
	b.publish(3, kgo.TryCommit)
	b.publish(2, kgo.TryAbort)
	m := b.start("one", b.keeper)
	b.all()
	b.publish(1, kgo.TryAbort)
	b.all()
	b.await("nothing is behind", func() bool {
		o := m.Overview()
		behind := int64(0)
		for _, left := range o.Behind {
			behind += left
		}
		return len(o.Behind) == testPartitions && behind == 0 && o.Waiting == ""
	})
}

// A restart goes on from the keeper's positions, whatever the brokers know.
func TestGoesOnFromTheKeeper(t *testing.T) {
	b := newBench(t)
	b.publish(2, kgo.TryCommit)
	b.stop(b.start("one", b.keeper))
	b.publish(2, kgo.TryCommit)
	m := b.start("one", b.keeper)
	b.all()
	b.stop(m)
	b.keeper.mu.Lock()
	clear(b.keeper.positions)
	clear(b.keeper.values)
	b.keeper.mu.Unlock()
	b.start("one", b.keeper)
	b.all()
}

// A batch that was kept, and whose answer was lost, is offered again; the keeper has overtaken it.
func TestLostAnswer(t *testing.T) {
	b := newBench(t)
	var lost atomic.Int32
	b.keeper.after = func([]sink.Move) error {
		if lost.Add(1) <= 3 {
			return errAway
		}
		return nil
	}
	b.start("one", b.keeper)
	for range 5 {
		b.publish(2, kgo.TryCommit)
		b.all()
	}
	if b.keeper.failed() < 3 {
		t.Errorf("it was told of %d failures", b.keeper.failed())
	}
}

// Somebody else keeps what this member has read, and more: the positions are read anew, and nothing is kept twice.
func TestOvertaken(t *testing.T) {
	b := newBench(t)
	b.publish(2, kgo.TryCommit)
	var once sync.Once
	b.keeper.before = func([]sink.Move) error {
		once.Do(func() { b.must(b.keeper.ahead(b.said)) })
		return nil
	}
	b.start("one", b.keeper)
	b.all()
	b.publish(1, kgo.TryCommit)
	b.all()
}

// A store that is away for long is asked until it answers; meanwhile it is said what is waited for.
func TestAwayForLong(t *testing.T) {
	b := newBench(t)
	var away atomic.Bool
	away.Store(true)
	fail := func() error {
		if away.Load() {
			return errAway
		}
		return nil
	}
	b.keeper.before = func([]sink.Move) error { return fail() }
	b.keeper.read = fail
	m := b.start("one", b.keeper)
	b.publish(2, kgo.TryCommit)
	b.await("the positions are asked for again", func() bool { return b.keeper.failed() >= 3 })
	if waiting := m.Overview().Waiting; waiting != errAway.Error() {
		t.Errorf("it says that it waits for %q", waiting)
	}
	away.Store(false)
	b.all()
	away.Store(true)
	b.publish(2, kgo.TryCommit)
	failures := b.keeper.failed()
	b.await("the batch is offered again", func() bool { return b.keeper.failed() >= failures+3 })
	if waiting := m.Overview().Waiting; waiting != errAway.Error() {
		t.Errorf("it says that it waits for %q", waiting)
	}
	away.Store(false)
	b.all()
	b.await("nothing is waited for", func() bool { return m.Overview().Waiting == "" })
}

// A sink ends while its store is away: before it knows its positions, and with a batch in its hands.
func TestEndsWhileTheStoreIsAway(t *testing.T) {
	for name, what := range map[string]func(*keeper){
		"positions": func(k *keeper) { k.read = func() error { return errAway } },
		"batch":     func(k *keeper) { k.before = func([]sink.Move) error { return errAway } },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			what(b.keeper)
			b.publish(1, kgo.TryCommit)
			m := b.start("one", b.keeper)
			b.await("the store is asked", func() bool { return b.keeper.failed() > 0 })
			b.stop(m)
		})
	}
}

// hung is a keeper of one member, which stands still in Keep from a moment on.
type hung struct {
	*keeper
	stands  atomic.Bool
	ahead   atomic.Int64 // records that are prepared, and whose Put was not called
	reached chan struct{}
	goOn    chan struct{}
}

func newHung(k *keeper) *hung {
	return &hung{keeper: k, reached: make(chan struct{}, 1), goOn: make(chan struct{})}
}

func (h *hung) Prepare(records []*kgo.Record) sink.Put {
	h.ahead.Add(int64(len(records)))
	put, once := h.keeper.Prepare(records), sync.Once{}
	return func(ctx context.Context, moves []sink.Move) error {
		once.Do(func() { h.ahead.Add(-int64(len(records))) })
		if h.stands.Load() {
			select {
			case h.reached <- struct{}{}:
			default:
			}
			<-h.goOn
		}
		return put(ctx, moves)
	}
}

// A member that stands still in the middle of a batch loses partitions to another one, which reads them from the keeper's
// positions; whoever comes late is overtaken.
func TestRebalanceWhileTheStoreHangs(t *testing.T) {
	b := newBench(t)
	h := newHung(b.keeper)
	one := b.start("one", h)
	b.publish(2, kgo.TryCommit)
	b.all()
	h.stands.Store(true)
	b.publish(3, kgo.TryCommit)
	b.await("the first member stands still", func() bool { return len(h.reached) > 0 })

	two := b.start("two", b.keeper)
	b.await("the second member has partitions", func() bool { return len(two.Overview().Behind) == testPartitions/2 })
	b.publish(3, kgo.TryCommit)
	b.await("the second member has kept its partitions", func() bool {
		for p, behind := range two.Overview().Behind {
			if behind != 0 || b.keeper.position(p.Partition) == 0 {
				return false
			}
		}
		return true
	})
	h.stands.Store(false)
	close(h.goOn)
	b.all()
	b.stop(two)
	b.publish(2, kgo.TryCommit)
	b.await("the first member has them all", func() bool { return len(one.Overview().Behind) == testPartitions })
	b.all()
}

// What comes next is read and prepared while the store is at work, and is kept once it is through.
func TestReadsAhead(t *testing.T) {
	b := newBench(t)
	h := newHung(b.keeper)
	h.stands.Store(true)
	b.publish(1, kgo.TryCommit)
	b.start("one", h)
	b.await("it stands still", func() bool { return len(h.reached) > 0 })
	b.publish(1, kgo.TryCommit)
	b.await("the next ones are prepared", func() bool { return h.ahead.Load() > 0 })
	h.stands.Store(false)
	close(h.goOn)
	b.all()
}

// A member gets partitions back, from their old positions, while it still has records of them in its hands: those that are
// being kept, and those that were read ahead. Once these are kept, what is read again of them is not kept a second time.
func TestGetsPartitionsBackWhileTheStoreHangs(t *testing.T) {
	b := newBench(t)
	h := newHung(b.keeper)
	one := b.start("one", h)
	b.publish(1, kgo.TryCommit)
	b.all()
	h.stands.Store(true)
	b.publish(3, kgo.TryCommit)
	b.await("the first member stands still", func() bool { return len(h.reached) > 0 })
	b.publish(2, kgo.TryCommit)
	b.await("it has read ahead", func() bool { return h.ahead.Load() > 0 })

	two := b.start("two", away{b.keeper})
	b.await("the second member has partitions", func() bool { return len(two.Overview().Behind) == testPartitions/2 })
	b.await("the first member has lost them", func() bool { return len(one.Overview().Behind) == testPartitions/2 })
	b.stop(two)
	b.await("the first member has them back", func() bool { return len(one.Overview().Behind) == testPartitions })
	h.stands.Store(false)
	close(h.goOn)
	b.all()
	b.publish(1, kgo.TryCommit)
	b.all()
}

// away is a keeper that tells positions and keeps nothing.
type away struct{ *keeper }

func (away) Prepare([]*kgo.Record) sink.Put {
	return func(context.Context, []sink.Move) error { return errAway }
}

// Members come and go while nobody can tell the positions; whoever is there when the store answers has the partitions.
func TestRebalanceWhileTheStoreIsAway(t *testing.T) {
	b := newBench(t)
	var away atomic.Bool
	away.Store(true)
	b.keeper.read = func() error {
		if away.Load() {
			return errAway
		}
		return nil
	}
	b.publish(2, kgo.TryCommit)
	one := b.start("one", b.keeper)
	b.await("the first member asks", func() bool { return one.Overview().Waiting == errAway.Error() })
	two := b.start("two", b.keeper)
	b.await("the second member asks", func() bool { return two.Overview().Waiting == errAway.Error() })
	b.stop(b.start("three", b.keeper))
	away.Store(false)
	b.all()
	b.await("they share the partitions", func() bool {
		return len(one.Overview().Behind) == testPartitions/2 && len(two.Overview().Behind) == testPartitions/2
	})
	b.stop(one)
	b.publish(2, kgo.TryCommit)
	b.all()
}
