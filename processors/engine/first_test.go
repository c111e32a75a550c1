package engine_test

import (
	"testing"

	"github.com/lovoo/goka"
	"github.com/lovoo/goka/codec"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors/engine"
)

// leading is the codec of an input that goes first.
type leading struct{ goka.Codec }

var _ engine.FirstCodec = leading{}

// ReadFirst implements engine.FirstCodec.
func (leading) ReadFirst() {}

// What goes first is read to the end that is seen at the claim before anything else is, and then all that there is.
func TestOneInputIsReadBeforeTheOthers(t *testing.T) {
	t.Parallel()
	const first, each = "announcements", 2000
	b := newBench(t, 1, kfake.SeedTopics(1, first))
	records := func(topic string) (all []*kgo.Record) {
		for _, key := range numbered("key", each) {
			all = append(all, &kgo.Record{Topic: topic, Key: []byte(key), Value: []byte(topic)})
		}
		return all
	}
	b.set(records(testInput)...)
	b.set(records(first)...)
	said := make(chan string, 4*each)
	note := func(_ goka.Context, message any) { said <- string(message.([]byte)) }
	p := b.start("a", goka.DefineGroup(testGroup,
		goka.Input(testInput, new(codec.Bytes), note),
		goka.Input(first, leading{new(codec.Bytes)}, note),
		goka.Loop(new(codec.Bytes), note),
		goka.Persist(new(codec.Bytes)),
	))
	b.await("all is read", func() bool { return p.sum().records == 2*each })
	for n := range 2 * each {
		want := first
		if n >= each {
			want = testInput
		}
		if got := <-said; got != want {
			t.Fatalf("record %d is of %s", n, got)
		}
	}
	b.set(records(first)[:5]...)
	b.set(records(testInput)[:5]...)
	b.await("what comes later is read", func() bool { return p.sum().records == 2*each+10 })
}
