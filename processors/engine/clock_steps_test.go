package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

const (
	second = instant.Millis(1000)
	minute = 60 * second
	day    = 24 * hour
)

// wallClock is one process's wall clock in a play: true time passes, and the clock is stepped, or runs too fast.
type wallClock struct {
	*bench
	*jumpingClock
	p     *process
	rings []string // all that are to have rung
	asked int
}

// timepiece starts a process whose clock can be wrong, on one partition.
func (b *bench) timepiece(change ...func(*engine.Config)) *wallClock {
	b.t.Helper()
	w := &wallClock{bench: b, jumpingClock: &jumpingClock{VirtualClock: b.clock}}
	w.p = b.start("a", alarms(hooks{}), append(change, func(c *engine.Config) { c.Clock = w.jumpingClock })...)
	return w
}

// arm sets alarms, each named by its instant, minutes after the start.
func (w *wallClock) arm(minutes ...int) {
	w.t.Helper()
	before := w.p.sum().rows
	for _, at := range minutes {
		w.set(alarm(named(at), atMinute(at)))
	}
	w.await("the rows are armed", func() bool { return w.p.sum().rows >= before+len(minutes) })
}

func named(minutes int) string { return fmt.Sprintf("minute-%d", minutes) }

func atMinute(minutes int) instant.Instant { return testStart.Add(instant.Millis(minutes) * minute) }

// pass lets true time pass, in steps that no look could take for a jump.
func (w *wallClock) pass(d instant.Millis) { w.VirtualClock.Set(w.VirtualClock.Now().Add(d)) }

// rang says which alarms have rung since it was asked last, and no others: something that is due at once is set, and
// whatever else was due has fired before it is committed.
func (w *wallClock) rang(why string, minutes ...int) {
	w.t.Helper()
	w.asked++
	probe := fmt.Sprintf("probe-%d", w.asked)
	w.set(alarm(probe, testStart))
	w.rings = append(w.rings, ring(probe, testStart))
	for _, at := range minutes {
		w.rings = append(w.rings, ring(named(at), atMinute(at)))
	}
	got := w.rung(len(w.rings))
	w.same(why, got, w.rings)
}

// seen waits until so many jumps have been told of.
func (w *wallClock) seen(jumps int) {
	w.t.Helper()
	w.await("the jump is seen", func() bool { return w.p.jumped() >= jumps })
	if got := w.p.jumped(); got != jumps {
		w.t.Errorf("%d jumps were told of, not %d", got, jumps)
	}
}

// wrongClocks is what each kind of step does to timers. README, "Clocks", says the same.
var wrongClocks = []struct {
	name string
	play func(w *wallClock)
}{
	{"an hour forward, and put right within 5 s", func(w *wallClock) {
		w.arm(10, 30, 90)
		w.jump(hour)
		w.seen(1)
		w.rang("a jump is not believed")
		w.pass(4 * second)
		w.rang("nor a while later")
		w.jump(-hour)
		w.pass(10 * minute)
		w.rang("all is as if nothing had been", 10)
		w.seen(1)
	}},
	{"an hour forward, to stay", func(w *wallClock) {
		w.arm(10, 30, 90)
		w.jump(hour)
		w.rang("a jump is not believed")
		w.pass(5 * second)
		w.rang("after 5 s it is: an hour early, by the true time", 10, 30)
		w.pass(30 * minute)
		w.rang("and so are later ones", 90)
		w.seen(1)
	}},
	{"a day forward, to stay", func(w *wallClock) {
		w.arm(10, 1430, 1450)
		w.jump(day)
		w.rang("a jump is not believed")
		w.pass(5 * second)
		w.rang("after 5 s it is", 10, 1430)
		w.pass(10 * minute)
		w.rang("what is later waits for it", 1450)
	}},
	{"a day forward, and a day later put right", func(w *wallClock) {
		w.arm(10, 1450)
		w.jump(day)
		w.rang("a jump is not believed")
		w.pass(5 * second)
		w.rang("after 5 s it is", 10)
		w.jump(-day)
		w.arm(20)
		w.seen(2)
		w.pass(20 * minute)
		w.rang("a new timer waits for nothing but its instant; nothing rings again", 20)
		w.pass(day)
		w.rang("an old one has not been lost", 1450)
	}},
	{"an hour back", func(w *wallClock) {
		w.pass(hour)
		w.arm(70, 75)
		w.pass(10 * minute)
		w.rang("before", 70)
		w.jump(-hour) // minute 10
		w.arm(20)
		w.seen(1)
		w.rang("nothing rings again")
		w.pass(10 * minute)
		w.rang("what is new and due in the hour that comes again is on time", 20)
		w.pass(54 * minute)
		w.rang("what was armed before waits for the clock")
		w.pass(minute)
		w.rang("and fires when the clock gets there", 75)
	}},
	{"an hour back, and ten minutes later put right", func(w *wallClock) {
		w.pass(hour)
		w.arm(65, 75)
		w.jump(-hour)
		w.rang("none is due")
		w.pass(10 * minute)
		w.rang("none is due by this clock")
		w.jump(hour)
		w.rang("put right by a jump, which is not believed")
		w.pass(5 * second)
		w.rang("what became due meanwhile fires, late", 65)
		w.pass(5 * minute)
		w.rang("what comes then is on time", 75)
		w.seen(2)
	}},
	{"two seconds back, just before an instant", func(w *wallClock) {
		w.arm(10)
		w.pass(10*minute - second)
		w.jump(-2 * second)
		w.seen(1)
		w.pass(2 * second)
		w.rang("it is a second to the instant")
		w.pass(second)
		w.rang("now", 10)
	}},
	{"two seconds back, just after an instant", func(w *wallClock) {
		w.arm(10)
		w.pass(10 * minute)
		w.rang("on time", 10)
		w.jump(-2 * second)
		w.rang("not again")
		w.pass(2 * second)
		w.rang("nor at the instant that comes again")
		w.seen(1)
	}},
	{"a suspended machine", func(w *wallClock) {
		w.arm(10, 90, 125)
		w.pass(2 * hour)
		w.rang("what became due meanwhile fires at once", 10, 90)
		w.pass(5 * minute)
		w.rang("on time", 125)
		w.seen(0)
	}},
	{"slewed by 500 ppm for a day, ahead", func(w *wallClock) {
		w.arm(1440)
		w.run(500)
		for range 24*60 - 2 {
			w.pass(minute)
		}
		w.rang("43 s fast: two minutes before the instant it is not due")
		w.pass(minute + 20*second)
		w.rang("it fires by the clock, 40 s early by the true time", 1440)
		w.seen(0)
	}},
	{"slewed by 500 ppm for a day, behind", func(w *wallClock) {
		w.arm(1440)
		w.run(-500)
		for range 24 * 60 {
			w.pass(minute)
		}
		w.rang("43 s slow: it is not due")
		w.pass(44 * second)
		w.rang("it fires by the clock", 1440)
		w.seen(0)
	}},
}

func TestTimersUnderAWrongClock(t *testing.T) {
	t.Parallel()
	for _, c := range wrongClocks {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, 1)
			w := b.timepiece()
			b.ready(1, w.p)
			c.play(w)
		})
	}
}

// A clock that runs a tenth too fast is told of, and still fires what is due by it, late by no more than a hold's gain.
func TestAFastClockFires(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	w := b.timepiece()
	w.arm(1, 2)
	w.run(100_000)
	for range 60 { // a minute, in which the clock gains 6 s
		w.pass(second)
		w.set(alarm("look", never))
		b.caughtUp()
	}
	w.rang("one minute has passed, and 66 s by the clock", 1)
	if jumps := w.p.jumped(); jumps < 3 {
		t.Errorf("%d jumps were told of", jumps)
	}
}

// Overdue timers fire in the order of their instants, also when it is the clock that has made them so.
func TestAJumpThatIsBelievedFiresInOrder(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	w := b.timepiece(func(c *engine.Config) { c.TimersMax = 3 })
	var want []string
	for i := range 20 {
		w.arm(10 + i*7%20)
	}
	for i := range 20 {
		want = append(want, ring(named(10+i), atMinute(10+i)))
	}
	w.jump(hour)
	w.seen(1)
	w.pass(5 * second)
	w.set(alarm("wake", never)) // no timer is waited for during a hold, by a clock that is driven
	got := b.rung(len(want))
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("%s comes as number %d, not %s", got[i], i, want[i])
		}
	}
}

// A jump while rows are being recovered is seen before the first timer may fire.
func TestAJumpDuringTheRecoveryIsHeld(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	w := b.timepiece(frequent)
	w.arm(30)
	asked, release := b.holdTable()
	defer release()
	expelled := w.p.assignments()
	b.expel("a") // it joins again, and its rows are brought up to date
	b.signal("rows are being recovered", asked)
	w.jump(hour)
	release()
	b.await("it has joined again", func() bool { return w.p.assignments() > expelled })
	b.ready(1, w.p)
	w.rang("the jump is not believed")
	w.seen(1)
	w.jump(-hour)
	w.pass(30 * minute)
	w.rang("on time", 30)
}

// A jump while the brokers are out of reach is seen before the first timer may fire.
func TestAJumpWhileDisconnectedIsHeld(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	w := b.timepiece(frequent)
	w.arm(30)
	w.p.wire.freeze()
	b.await("the group gives it up", func() bool { return b.memberOf("a") == "" })
	w.jump(hour)
	w.p.wire.thaw()
	w.rang("the jump is not believed")
	w.seen(1)
	w.jump(-hour)
	w.pass(30 * minute)
	w.rang("on time", 30)
}

// holdTable holds the next fetch of the table topic until it is released.
func (b *bench) holdTable() (asked <-chan struct{}, release func()) {
	entered, until := make(chan struct{}), make(chan struct{})
	id := b.topicID(testTable)
	var held bool
	b.cluster.ControlKey(int16(kmsg.Fetch), func(request kmsg.Request) (kmsg.Response, error, bool) {
		for _, topic := range request.(*kmsg.FetchRequest).Topics {
			if !held && (topic.Topic == testTable || topic.TopicID == id) {
				held = true
				close(entered)
				b.cluster.SleepControl(func() { <-until })
				return nil, nil, false
			}
		}
		b.cluster.KeepControl()
		return nil, nil, false
	})
	var released bool
	return entered, func() {
		if !released {
			released = true
			close(until)
		}
	}
}

func (b *bench) topicID(topic string) [16]byte {
	b.t.Helper()
	topics, err := b.admin.ListTopics(b.ctx, topic)
	if err != nil {
		b.t.Fatal(err)
	}
	return topics[topic].ID
}

// A clock that is put back leaves the loop idle: it waits, and looks about once a second whether the clock is right again.
func TestAWrongClockKeepsNobodyBusy(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	clock := newSkewedClock(0)
	p := b.start("a", alarms(hooks{}), frequent, func(c *engine.Config) { c.Clock = clock })
	b.set(alarm("later", clock.Now().Add(day)))
	b.await("the row is armed", func() bool { return p.sum().rows == 1 })
	heartbeats := b.count(kmsg.Heartbeat, nil)
	for i, step := range []instant.Millis{-hour, hour, -day} {
		clock.ahead.Add(int64(step))
		b.set(alarm("look", clock.Now().Add(2*day)))
		b.await("the jump is seen", func() bool { return p.jumped() == i+1 })
		looks, until := clock.looks.Load(), heartbeats()+4 // about a second
		b.await("time passes", func() bool { return heartbeats() >= until })
		if looks = clock.looks.Load() - looks; looks > 500 {
			t.Errorf("step %d: the clock was looked at %d times", i, looks)
		}
	}
	b.told(0, p)
}

// A difference between this machine's clock and the brokers' is measured, and told.
func TestTheClockIsComparedWithTheBrokers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		ahead       instant.Millis
		from, until time.Duration
		lines       int
	}{
		{"right", 0, 0, 0, 0},
		{"five minutes ahead", 5 * minute, 4 * time.Minute, 5 * time.Minute, 1},
		{"five minutes behind", -5 * minute, -5 * time.Minute, -4 * time.Minute, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, testPartitions)
			clock := newSkewedClock(c.ahead)
			measured, logged := make(chan time.Duration, 100), &lines{}
			p := b.start("a", alarms(hooks{}), func(config *engine.Config) {
				config.Clock, config.Log = clock, logged.logger()
				config.Observe.ClockSkew = func(by time.Duration) { measured <- by }
			})
			b.ready(testPartitions, p)
			b.set(alarm("key", clock.Now().Add(-minute)))
			b.rung(1)
			select {
			case by := <-measured:
				if by < c.from || by > c.until {
					t.Errorf("the clock is said to be %s ahead", by)
				}
			case <-b.ctx.Done():
				t.Fatal("the clocks are not compared")
			}
			b.stop(p)
			if got := logged.with("differs from the brokers'"); got != c.lines {
				t.Errorf("it was told of %d times:\n%s", got, logged)
			}
		})
	}
}
