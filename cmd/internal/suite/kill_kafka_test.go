//go:build kafka

package suite

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// TestKilledInABurst kills the engine three times in the middle of 20,000 timers of one instant. Every transition must
// be due once, and every campaign's sequence be without a gap.
func TestKilledInABurst(t *testing.T) {
	d := deploy(t)
	const campaigns = 20_000
	e := d.start("one")
	d.ready(e)
	// Far enough for all to be scheduled before it, on a slow machine too.
	instant := time.Now().Add(15 * time.Second)
	records := make([]*kgo.Record, campaigns)
	for i := range records {
		records[i] = d.created(name("c", i), instant, instant.Add(24*time.Hour))
	}
	d.publish(d.client, records...)

	starts := 0
	kills := []int{1, campaigns / 4, campaigns / 2}
	d.follow(topics.TransitionsDue, func(r *kgo.Record) bool {
		if decode[schemas.Due](d, topics.DueCodec{}, r).Transition == schemas.Start {
			starts++
		}
		if len(kills) > 0 && starts >= kills[0] {
			kills = kills[1:]
			t.Logf("kill -9 after %d of %d starts", starts, campaigns)
			d.must(e.Kill())
			e = d.start("one")
		}
		return starts == campaigns
	})
	d.ready(e)
	newLedger(d).all(3 * campaigns) // schedule, distribute, start
}

// TestAPausedOwnerComesBack stops one of two engines past its session and lets it go on: nothing of it may be committed,
// nothing lost or doubled, and it must take part again.
func TestAPausedOwnerComesBack(t *testing.T) {
	d := deploy(t)
	one, two := d.start("one"), d.start("two")
	d.ready(one, two)
	const campaigns = 6_000
	began := time.Now().Add(3 * time.Second)
	records := make([]*kgo.Record, campaigns)
	for i := range records { // 400 a second, for 15 s
		records[i] = d.created(name("c", i), began.Add(time.Duration(i)*2500*time.Microsecond), began.Add(24*time.Hour))
	}
	d.publish(d.client, records...)

	starts := 0
	d.follow(topics.TransitionsDue, func(r *kgo.Record) bool {
		if decode[schemas.Due](d, topics.DueCodec{}, r).Transition != schemas.Start {
			return false
		}
		starts++
		if starts == campaigns/10 {
			d.must(one.Pause())
			t.Log("one engine is paused")
		}
		return starts == campaigns // the other one has taken over: the paused one's partitions are among them
	})
	d.must(one.Continue())
	t.Log("and goes on")
	d.ready(one, two)
	more := make([]*kgo.Record, 500)
	for i := range more {
		more[i] = d.created(name("late", i), time.Now().Add(time.Second), began.Add(24*time.Hour))
	}
	d.publish(d.client, more...)
	d.follow(topics.TransitionsDue, func(r *kgo.Record) bool {
		if decode[schemas.Due](d, topics.DueCodec{}, r).Transition == schemas.Start {
			starts++
		}
		return starts == 2*campaigns+len(more)
	})
	newLedger(d).all(3 * (campaigns + len(more)))
}
