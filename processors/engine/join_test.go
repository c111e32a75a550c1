package engine_test

import (
	"fmt"
	"testing"

	"github.com/lovoo/goka"
	"github.com/lovoo/goka/codec"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	joined   = "tones"  // a table of another group, by the alarm's own key
	lookedUp = "voices" // one by any key
)

// spoken emits, for each setting, what the other groups' tables hold.
func spoken() *goka.GroupGraph {
	return goka.DefineGroup(testGroup,
		goka.Input(testInput, new(codec.String), func(ctx goka.Context, message any) {
			ctx.Emit(testOutput, ctx.Key(),
				fmt.Sprintf("%v %v %v", message, ctx.Join(joined), ctx.Lookup(lookedUp, "anna")))
		}),
		goka.Join(joined, new(codec.String)),
		goka.Lookup(lookedUp, new(codec.String)),
		goka.Output(testOutput, new(codec.String)),
	)
}

// Other groups' tables are read to their end before the first callback, also when nothing but markers lies there, and
// followed from then on.
func TestOtherGroupsTablesAreRead(t *testing.T) {
	t.Parallel()
	say := func(topic, key, value string) *kgo.Record {
		return &kgo.Record{Topic: topic, Key: []byte(key), Value: []byte(value)}
	}
	for _, c := range []struct {
		name string
		past func(b *bench)
		want string
	}{
		{"empty", func(*bench) {}, "first <nil> <nil>"},
		{"in commit markers", func(b *bench) {
			b.write(kgo.TryCommit, say(joined, "k", "old"), say(lookedUp, "anna", "old"))
			b.write(kgo.TryCommit, say(joined, "k", "bell"), say(lookedUp, "anna", "alto"))
		}, "first bell alto"},
		{"in abort markers", func(b *bench) {
			b.write(kgo.TryCommit, say(joined, "k", "bell"), say(lookedUp, "anna", "alto"))
			for range 100 {
				b.write(kgo.TryAbort, say(joined, "k", "lost"), say(lookedUp, "anna", "lost"))
			}
		}, "first bell alto"},
		{"in nothing else", func(b *bench) {
			b.write(kgo.TryAbort, say(joined, "k", "lost"), say(lookedUp, "anna", "lost"))
		}, "first <nil> <nil>"},
		{"in tombstones", func(b *bench) {
			b.write(kgo.TryCommit, say(joined, "k", "bell"), say(lookedUp, "anna", "alto"))
			b.write(kgo.TryCommit,
				&kgo.Record{Topic: joined, Key: []byte("k")}, &kgo.Record{Topic: lookedUp, Key: []byte("anna")})
		}, "first <nil> <nil>"},
	} {
		t.Run("they end "+c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, 1, kfake.SeedTopics(1, joined, lookedUp))
			c.past(b)
			p := b.start("a", spoken())
			b.set(say(testInput, "k", "first"))
			b.same("what was said", b.rung(1), []string{c.want})
			b.write(kgo.TryCommit, say(joined, "k", "gong"), say(lookedUp, "anna", "bass"))
			b.await("the tables are followed", func() bool {
				b.set(say(testInput, "k", "next"))
				said := values(b.committed(testOutput))
				return said[len(said)-1] == "next gong bass"
			})
			b.stop(p)
		})
	}
}

// A table that is followed goes on where its recovery ended. Were it read anew, callbacks would see values of the past.
func TestAnotherGroupsTableDoesNotGoBack(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, kfake.SeedTopics(1, joined, lookedUp))
	for i := range 100 { // more than one look from the end
		b.write(kgo.TryCommit,
			&kgo.Record{Topic: joined, Key: []byte("k"), Value: fmt.Append(nil, i)},
			&kgo.Record{Topic: lookedUp, Key: []byte("anna"), Value: fmt.Append(nil, i)})
	}
	first := func(offset int64) bool { return offset == 0 }
	joins := b.count(kmsg.Fetch, b.fetchOf(joined, first))
	lookups := b.count(kmsg.Fetch, b.fetchOf(lookedUp, first))
	following := b.count(kmsg.Fetch, b.fetchOf(joined, func(offset int64) bool { return offset > 200 }))
	followingToo := b.count(kmsg.Fetch, b.fetchOf(lookedUp, func(offset int64) bool { return offset > 200 }))
	p := b.start("a", spoken())
	b.ready(1, p)
	b.write(kgo.TryCommit,
		&kgo.Record{Topic: joined, Key: []byte("k"), Value: []byte("gong")},
		&kgo.Record{Topic: lookedUp, Key: []byte("anna"), Value: []byte("bass")})
	b.await("the tables are followed", func() bool { return following() > 0 && followingToo() > 0 })
	if joins() != 1 || lookups() != 1 {
		t.Errorf("the joined table was read %d times from its start, the other one %d times", joins(), lookups())
	}
}

// A table that cannot be read at first is read again.
func TestAnotherGroupsTableIsReadAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, kfake.SeedTopics(1, joined, lookedUp))
	b.write(kgo.TryCommit, &kgo.Record{Topic: joined, Key: []byte("k"), Value: []byte("bell")})
	fault := b.cluster.Fault(kfake.Fault{Keys: keys(kmsg.Fetch), Topic: joined, Err: kerr.UnknownServerError, Count: 2})
	p := b.start("a", spoken())
	b.set(&kgo.Record{Topic: testInput, Key: []byte("k"), Value: []byte("first")})
	b.same("what was said", b.rung(1), []string{"first bell <nil>"})
	if fault.Hits() != 2 {
		t.Errorf("the table was refused %d times", fault.Hits())
	}
	b.stop(p)
}
