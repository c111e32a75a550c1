package engine_test

import (
	"fmt"
	"testing"

	"github.com/lovoo/goka"
	"github.com/lovoo/goka/codec"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// sums is a group that counts a key's records; "close" lets it tell the count once all has been counted that was there.
// "hold" waits for the channel.
func sums(hold <-chan struct{}) *goka.GroupGraph {
	count := func(ctx engine.Context, message any) {
		row, is := ctx.Value().(sum)
		if !is {
			row.due = noDue
		}
		if message.(string) == "close" {
			row.ticket, row.due = ctx.Ticket(testInput), ctx.Now()
		} else {
			row.count++
		}
		ctx.SetValue(row)
	}
	return goka.DefineGroup(testGroup,
		goka.Input(testInput, new(codec.String), func(gctx goka.Context, message any) {
			ctx := engine.From(gctx)
			switch {
			case message == "hold":
				<-hold
			case ctx.Misplaced():
				ctx.Loopback(ctx.Key(), message)
			default:
				count(ctx, message)
			}
		}),
		goka.Loop(new(codec.String), func(ctx goka.Context, message any) { count(engine.From(ctx), message) }),
		engine.OnTimer(testGroup, func(gctx goka.Context, _ any) {
			ctx := engine.From(gctx)
			row := ctx.Value().(sum)
			ctx.Emit(testOutput, ctx.Key(), fmt.Sprintf("%d %t", row.count, ctx.Called(row.ticket)))
			row.due, row.ticket = noDue, 0
			ctx.SetValue(row)
		}),
		goka.Output(testOutput, new(codec.String)),
		goka.Persist(sumCodec{}))
}

const (
	noDue   = instant.Instant(1<<63 - 1)
	sumWait = instant.Millis(60_000)
)

type sum struct {
	due           instant.Instant
	ticket, count int64
}

type sumCodec struct{}

func (sumCodec) Encode(value any) ([]byte, error) {
	s := value.(sum)
	return fmt.Appendf(nil, "%d %d %d", s.due, s.ticket, s.count), nil
}

func (sumCodec) Decode(row []byte) (any, error) {
	var s sum
	_, err := fmt.Sscanf(string(row), "%d %d %d", &s.due, &s.ticket, &s.count)
	return s, err
}

func (c sumCodec) DueOf(row []byte) (instant.Instant, bool) {
	s, err := c.Decode(row)
	return s.(sum).due, err == nil
}

func (c sumCodec) AwaitOf(row []byte) (ticket int64, by instant.Instant) {
	s, _ := c.Decode(row)
	return s.(sum).ticket, s.(sum).due.Add(sumWait)
}

// behind lets a key of partition 0 be closed while three of its records lie, unread, in partition 1, whose owner does not go
// on before hold is closed.
func (b *bench) behind(hold <-chan struct{}) (key string, owners []*process) {
	b.t.Helper()
	key = keyIn(0, 2)
	a, other := b.start("a", sums(hold)), b.start("b", sums(hold))
	b.ready(2, a, other)
	if a.owns() != 1 || other.owns() != 1 {
		b.t.Fatalf("they own %d and %d partitions", a.owns(), other.owns())
	}
	say := func(partition int32, value string) *kgo.Record {
		return &kgo.Record{Topic: testInput, Partition: partition, Key: []byte(key), Value: []byte(value)}
	}
	for _, record := range []*kgo.Record{say(0, "add"), say(1, "hold"), say(1, "add"), say(1, "add"), say(1, "add"), say(0, "close")} {
		b.place(record)
	}
	return key, []*process{a, other}
}

// A ticket is called when another member has read what was misplaced in its partition, and that has been carried.
func TestATicketIsCalledWhenAllIsRead(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	positions := b.count(kmsg.OffsetFetch, nil)
	hold := make(chan struct{})
	b.behind(hold)
	before := positions()
	b.await("the group's positions are looked at again and again", func() bool { return positions() > before+5 })
	if rung := values(b.committed(testOutput)); len(rung) > 0 {
		t.Errorf("it is told already: %v", rung)
	}
	close(hold)
	b.same("what is told", b.rung(1), []string{"4 true"})
}

// Who waits too long goes on without.
func TestATicketIsWaitedForUntilItsTime(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	hold := make(chan struct{})
	defer close(hold)
	_, owners := b.behind(hold)
	b.await("it waits", func() bool { return owners[0].sum().records+owners[1].sum().records >= 2 })
	b.clock.Set(testStart.Add(sumWait))
	b.same("what is told", b.rung(1), []string{"1 false"})
}

// Who waits is not forgotten when its partition changes hands: what lies there at the claim is read before timers fire.
func TestATicketOfAnEarlierClaimIsCalled(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	hold := make(chan struct{})
	_, owners := b.behind(hold)
	b.await("it waits", func() bool { return owners[0].sum().records+owners[1].sum().records >= 2 })
	for _, p := range owners {
		b.kill(p)
	}
	close(hold)
	b.expel("a")
	b.expel("b")
	b.start("c", sums(hold))
	b.same("what is told", b.rung(1), []string{"4 true"})
}

// Looks may come faster than the loop is read: the one that is waited for is not put off by those that come after it.
func TestALookIsNotPutOffByLaterOnes(t *testing.T) {
	t.Parallel()
	const lag = 10
	looks := engine.NewLooks()
	called := int64(0)
	for at := range int64(100) { // each is noted while the loop is lag records behind
		looks.Note(at+1, at+lag)
		number, kept := looks.Over(at)
		if number != 0 && number <= called || kept > 2 {
			t.Fatalf("at %d look %d is over after %d, and %d are kept", at, number, called, kept)
		}
		called = max(called, number)
	}
	if called < 100-2*lag {
		t.Errorf("look %d is the newest that is over", called)
	}
	if number, kept := looks.Over(100 + lag); number != 100 || kept != 0 {
		t.Errorf("in the end look %d is over, and %d are kept", number, kept)
	}
}

// Where tickets are taken all the time, looks follow one another: they ask by connections that are there.
func TestLooksMakeNoConnections(t *testing.T) {
	t.Parallel()
	const looks = 5
	b := newBench(t, 1)
	p := b.start("a", sums(nil))
	b.ready(1, p)
	ring := func(from, to int) {
		for n := from; n < to; n++ {
			b.set(&kgo.Record{Topic: testInput, Key: []byte(fmt.Sprint(n)), Value: []byte("close")})
			b.rung(n + 1)
		}
	}
	ring(0, 1)
	before := p.wire.connections()
	ring(1, 1+looks)
	if made := p.wire.connections() - before; made >= looks {
		t.Errorf("%d looks made %d connections", looks, made)
	}
}
