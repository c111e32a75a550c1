package engine_test

import (
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// A process keeps the rows of the partitions that others own as they are written, and takes over without reading them.
func TestAStandbyHasTheRows(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	a, second := b.start("a", alarms(hooks{})), b.start("b", alarms(hooks{}))
	b.ready(testPartitions, a, second)
	keys := numbered("key", 200)
	settings, want := alarmsAt(testStart+10, keys...)
	b.set(settings...)
	b.await("the rows are armed", func() bool { return a.sum().rows+second.sum().rows == len(keys) })
	b.follows(a, second)
	b.follows(second, a)
	if seen := second.engine.Standby(); seen.Partitions != a.owns() {
		t.Errorf("%d partitions are followed, the other process owns %d", seen.Partitions, a.owns())
	}

	anew := b.count(kmsg.Fetch, b.readsRowsFrom(0, 0, 1, 2, 3))
	b.kill(a)
	b.ready(testPartitions, second)
	if n := anew(); n > 0 {
		t.Errorf("rows were read from the start of their topic %d times", n)
	}
	b.clock.Set(testStart + 10)
	b.settled(want, all(rested(), keys...))
}

// Rows change hands many times: what one process has owned it follows on from where it left, and the other way round.
func TestAStandbyGoesOnFromWhatItOwned(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	a := b.start("a", alarms(hooks{}))
	b.ready(testPartitions, a)
	keys := numbered("key", 40)
	var want []string
	for round := range 4 {
		at := testStart + 1000*instant.Instant(round+1)
		settings, rings := alarmsAt(at, keys...)
		b.set(settings...)
		want = append(want, rings...)
		second := b.start("b"+strconv.Itoa(round), alarms(hooks{}))
		b.ready(testPartitions, a, second)
		b.clock.Set(at)
		b.rung(len(want))
		b.follows(a, second)
		b.stop(second)
		b.ready(testPartitions, a)
	}
	b.settled(want, all(rested(), keys...))
}

// Where the broker has not got any more what a standby would read next, a removal may have been among it: the rows are
// read anew.
func TestAStandbyBeginsAnewWhenItsPlaceIsGone(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	a, second := b.start("a", alarms(hooks{})), b.start("b", alarms(hooks{}))
	b.ready(testPartitions, a, second)
	keys := numbered("key", 200)
	settings, want := alarmsAt(testStart+10, keys...)
	b.set(settings...)
	b.await("the rows are armed", func() bool { return a.sum().rows+second.sum().rows == len(keys) })
	b.follows(a, second)
	b.follows(second, a)
	var anew [testPartitions]func() int
	for partition := range anew {
		anew[partition] = b.count(kmsg.Fetch, b.readsRowsFrom(0, int32(partition)))
	}
	refused := b.refuseRows()
	b.clock.Set(testStart + 10)
	b.rung(len(want))
	partition := <-refused
	b.await("the rows are read anew", func() bool { return anew[partition]() > 0 })
	b.follows(a, second)
	b.follows(second, a)
	b.settled(want, all(rested(), keys...))
}

// A standby that was stopped for long, in a machine that was suspended, may have missed that a row was removed, and that its
// removal was compacted away: it reads the rows anew.
func TestAStandbyThatWasStoppedForLongBeginsAnew(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	a, second := b.start("a", alarms(hooks{})), b.start("b", alarms(hooks{}))
	b.ready(testPartitions, a, second)
	keys := numbered("key", 40)
	settings, want := alarmsAt(testStart+10, keys...)
	b.set(settings...)
	b.rows(len(keys), a, second)
	b.follows(a, second)
	anew := b.count(kmsg.Fetch, b.readsRowsFrom(0, b.ownedBy(second)...))
	b.clock.Set(testStart + 2*60*60_000)
	b.await("the rows are read anew", func() bool { return anew() > 0 })
	b.follows(a, second)
	b.settled(want, all(rested(), keys...))
}

// So may an owner have, whose partitions others had meanwhile.
func TestAnOwnerThatWasStoppedForLongBeginsAnew(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	a := b.start("a", alarms(hooks{}), withoutStandby)
	b.ready(testPartitions, a)
	keys := numbered("key", 40)
	settings, want := alarmsAt(testStart+10, keys...)
	b.set(settings...)
	b.rows(len(keys), a)
	b.clock.Set(testStart + 2*60*60_000)
	b.rung(len(want))
	anew := b.count(kmsg.Fetch, b.readsRowsFrom(0, 0, 1, 2, 3))
	b.expel("a")
	b.await("the rows are read anew", func() bool { return anew() > 0 })
	b.settled(want, all(rested(), keys...))
}

func withoutStandby(c *engine.Config) { c.NoStandby = true }

// rows waits until processes have so many.
func (b *bench) rows(count int, of ...*process) {
	b.t.Helper()
	b.await("the rows are armed", func() bool {
		sum := 0
		for _, p := range of {
			sum += p.sum().rows
		}
		return sum == count
	})
}

// A process reads the rows before it joins, when others own the partitions meanwhile; else it joins at once.
func TestRowsAreReadAheadOfJoiningOthers(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	seen := b.order()
	a := b.start("a", alarms(hooks{}), longSession)
	keys := numbered("key", 40)
	settings, want := alarmsAt(testStart+10, keys...)
	b.set(settings...)
	b.await("the rows are armed", func() bool { return a.sum().rows == len(keys) })
	second := b.start("b", alarms(hooks{}), longSession)
	b.ready(testPartitions, a, second)
	if rows, join := slices.Index(seen(), "rows"), slices.Index(seen(), "join b"); rows < 0 || rows > join {
		t.Errorf("the second process joined before it had read the rows: %v", seen())
	}
	b.stop(a)
	b.stop(second)
	before := len(seen())
	third := b.start("c", alarms(hooks{}))
	b.ready(testPartitions, third)
	alone := seen()[before:]
	if rows, join := slices.Index(alone, "rows"), slices.Index(alone, "join c"); rows < 0 || rows < join {
		t.Errorf("nobody served the partitions, and the process read rows before it joined: %v", alone)
	}
	b.clock.Set(testStart + 10)
	b.settled(want, all(rested(), keys...))
}

// follows waits until a standby holds all rows of the partitions that another process owns.
func (b *bench) follows(standby, owner *process) {
	b.t.Helper()
	owned := b.ownedBy(owner)
	b.await("the standby follows", func() bool {
		for _, partition := range owned {
			count, at := owner.engine.RowsOf(partition)
			if followed, to := standby.engine.RowsOf(partition); followed != count || to < at {
				return false
			}
		}
		return true
	})
}

// ownedBy returns the partitions that the group gives a process.
func (b *bench) ownedBy(p *process) (partitions []int32) { return p.engine.Claimed() }

// readsRowsFrom fits fetches of some partitions of the table topic from an offset.
func (b *bench) readsRowsFrom(offset int64, partitions ...int32) func(kmsg.Request) bool {
	b.t.Helper()
	id := b.tableID()
	return func(request kmsg.Request) (fits bool) {
		for partition, at := range rowsAsked(request, id) {
			fits = fits || at == offset && slices.Contains(partitions, partition)
		}
		return fits
	}
}

// rowsAsked returns which partitions of a topic a fetch names, and from which offsets.
func rowsAsked(request kmsg.Request, id kadm.TopicID) map[int32]int64 {
	asked := map[int32]int64{}
	for _, topic := range request.(*kmsg.FetchRequest).Topics {
		if topic.TopicID != id {
			continue
		}
		for _, partition := range topic.Partitions {
			asked[partition.Partition] = partition.FetchOffset
		}
	}
	return asked
}

// refuseRows answers the next fetch of rows with OFFSET_OUT_OF_RANGE, and tells of which partition.
func (b *bench) refuseRows() <-chan int32 {
	b.t.Helper()
	id := b.tableID()
	told := make(chan int32, 1)
	b.cluster.ControlKey(int16(kmsg.Fetch), func(request kmsg.Request) (kmsg.Response, error, bool) {
		asked := rowsAsked(request, id)
		if len(asked) == 0 {
			return nil, nil, false
		}
		response := request.ResponseKind().(*kmsg.FetchResponse)
		response.SessionID = request.(*kmsg.FetchRequest).SessionID
		refused := kmsg.NewFetchResponseTopic()
		refused.Topic, refused.TopicID = testTable, id
		for partition := range asked {
			answer := kmsg.NewFetchResponseTopicPartition()
			answer.Partition, answer.ErrorCode = partition, kerr.OffsetOutOfRange.Code
			refused.Partitions = append(refused.Partitions, answer)
			if len(told) == 0 {
				told <- partition
			}
		}
		response.Topics = append(response.Topics, refused)
		return response, nil, true
	})
	return told
}

func (b *bench) tableID() kadm.TopicID {
	b.t.Helper()
	topics, err := b.admin.ListTopics(b.ctx, testTable)
	if err != nil {
		b.t.Fatal(err)
	}
	return topics[testTable].ID
}

// order notes in which order instances join and rows are read.
func (b *bench) order() func() []string {
	id := b.tableID()
	var mu sync.Mutex
	var seen []string
	note := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, what)
	}
	b.cluster.ControlKey(int16(kmsg.Fetch), func(request kmsg.Request) (kmsg.Response, error, bool) {
		if len(rowsAsked(request, id)) > 0 {
			note("rows")
		}
		return nil, nil, false
	})
	b.cluster.ControlKey(int16(kmsg.JoinGroup), func(request kmsg.Request) (kmsg.Response, error, bool) {
		note("join " + *request.(*kmsg.JoinGroupRequest).InstanceID)
		return nil, nil, false
	})
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(seen)
	}
}
