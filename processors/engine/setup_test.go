package engine

import (
	"context"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/lovoo/goka"
	"github.com/lovoo/goka/codec"
	"github.com/lovoo/goka/tester"
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

// stopped is a clock for tests in which nothing depends on it.
type stopped struct{}

func (stopped) Now() instant.Instant                            { return 0 }
func (stopped) Elapsed() time.Duration                          { return 0 }
func (stopped) AfterFunc(instant.Instant, func()) (stop func()) { return func() {} }

func newTestEngine(t *testing.T, connect ...kgo.Opt) *Engine {
	t.Helper()
	e, err := New(Config{Connect: connect, Instance: "a", Clock: stopped{}}, goka.DefineGroup("g",
		goka.Input("in", new(codec.Bytes), func(goka.Context, any) {}), goka.Persist(new(codec.Bytes))))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// The promise rests on these settings of the client, and each has been got wrong by somebody.
func TestTheClientIsSetUpAsPromised(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	m := &member{engine: e}
	m.lifetime, m.end = context.WithCancel(context.Background())
	session, err := e.newSession(m)
	if err != nil {
		t.Fatal(err)
	}
	m.session = session
	defer m.close()
	for _, c := range []struct {
		name   string
		option any
		want   any
	}{
		{"readers see nothing uncommitted", kgo.FetchIsolationLevel, int8(1)},
		{"all replicas have what is acknowledged", kgo.RequiredAcks, kgo.AllISRAcks()},
		{"markers move positions", kgo.KeepControlRecords, true},
		{"nothing is committed but in transactions", kgo.DisableAutoCommit, true},
		{"franz-go looks for no position by itself", kgo.ConsumeResetOffset, kgo.NoResetOffset()},
		{"nothing published before the first start is passed over", kgo.ConsumeStartOffset, kgo.NewOffset().AtStart()},
		{"the member is static", kgo.InstanceID, "a"},
		{"the transactional id names group and instance", kgo.TransactionalID, "g-a"},
		{"a batch takes the largest output", kgo.ProducerBatchMaxBytes, int32(topics.OutputMaxBytes)},
	} {
		got := session.Client().OptValue(c.option)
		if p, is := got.(*string); is {
			got = *p
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, not %v", c.name, got, c.want)
		}
	}
	// The default of 5 s lets one retriable answer stall a transaction for as long.
	if age, is := session.Client().OptValue(kgo.MetadataMinAge).(time.Duration); !is || age > 100*time.Millisecond {
		t.Errorf("metadata is asked for once in %s", age)
	}
	if timeout, is := session.Client().OptValue(kgo.TransactionTimeout).(time.Duration); !is || timeout < 10*time.Second || timeout > 15*time.Second {
		t.Errorf("transactions time out after %s", timeout)
	}
	// goka needs partition n of all inputs in one place.
	balancers, is := session.Client().OptValue(kgo.Balancers).([]kgo.GroupBalancer)
	if !is || len(balancers) != 1 || balancers[0].ProtocolName() != kgo.RangeBalancer().ProtocolName() {
		t.Errorf("partitions are shared out by %v", balancers)
	}
}

// goka sleeps five seconds each time that Consume returns. It returns when it is told to end, and not at a rebalance.
func TestConsumeOutlivesRebalances(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, "in", "g-table"),
		kfake.GroupMinSessionTimeout(100*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	seeds := kgo.SeedBrokers(cluster.ListenAddrs()...)
	e := newTestEngine(t, seeds)
	e.config.SessionTimeout = 600 * time.Millisecond
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	handler := &setups{happened: make(chan int, 100)}
	returned := make(chan error, 1)
	go func() { returned <- newConsumerGroup(e).Consume(ctx, nil, handler) }()
	expect := func(claimed int) {
		t.Helper()
		for {
			select {
			case got := <-handler.happened:
				if got == claimed {
					return
				}
			case err := <-returned:
				t.Fatalf("Consume returned: %v", err)
			case <-ctx.Done():
				t.Fatalf("it was never set up with %d partitions", claimed)
			}
		}
	}
	expect(2)
	for range 2 {
		other, err := kgo.NewClient(seeds, kgo.ConsumerGroup("g"), kgo.ConsumeTopics("in"), kgo.Balancers(kgo.RangeBalancer()),
			kgo.HeartbeatInterval(100*time.Millisecond), kgo.DisableAutoCommit())
		if err != nil {
			t.Fatal(err)
		}
		expect(1)
		other.Close()
		expect(2)
	}
	cancel()
	if err := <-returned; err != nil {
		t.Errorf("told to end, Consume returned %v", err)
	}
}

// setups stands for goka's processor and tells of each set-up how many partitions it brings.
type setups struct{ happened chan int }

func (s *setups) Setup(session sarama.ConsumerGroupSession) error {
	s.happened <- len(session.Claims()["in"])
	return nil
}
func (s *setups) Cleanup(sarama.ConsumerGroupSession) error { return nil }
func (s *setups) ConsumeClaim(session sarama.ConsumerGroupSession, _ sarama.ConsumerGroupClaim) error {
	<-session.Context().Done()
	return nil
}

// What is emitted outside a callback belongs to no transaction, and is refused.
func TestEmittingOutsideATransactionIsRefused(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	var refused error
	producer{e}.Emit("out", "k", nil).Then(func(err error) { refused = err })
	if refused == nil {
		t.Error("it was accepted")
	}
}

// The same callbacks run on goka's tester, with sub-rows and an instant that the test gives.
func TestCallbacksRunOnGokasTester(t *testing.T) {
	t.Parallel()
	gokaTester := tester.New(t)
	var mu sync.Mutex
	now := instant.Instant(7)
	graph := goka.DefineGroup("g",
		goka.Input("in", new(codec.String), func(gctx goka.Context, message any) {
			ctx := From(gctx)
			ctx.Count("ignored")
			if ctx.Misplaced() || ctx.CatchingUp() || ctx.Now() != now {
				t.Errorf("misplaced %t, catching up %t, now %d", ctx.Misplaced(), ctx.CatchingUp(), ctx.Now())
			}
			before := string(ctx.Part("p"))
			if message == "remove" {
				ctx.SetPart("p", nil)
			} else {
				ctx.SetPart("p", []byte(message.(string)))
			}
			ctx.SetValue(before + ">" + string(ctx.Part("p")))
		}),
		goka.Persist(new(codec.String)))
	processor, err := goka.NewProcessor(nil, graph, goka.WithTester(gokaTester),
		goka.WithLogger(gokaLog{zerolog.Nop()}),
		WithContext(func() instant.Instant { mu.Lock(); defer mu.Unlock(); return now }, func() bool { return false }))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- processor.Run(ctx) }()
	for _, c := range []struct{ message, want string }{{"a", ">a"}, {"b", "a>b"}, {"remove", "b>"}, {"c", ">c"}} {
		gokaTester.Consume("in", "k", c.message)
		if got := gokaTester.TableValue(goka.GroupTable("g"), "k"); got != c.want {
			t.Errorf("after %q the row is %v, not %s", c.message, got, c.want)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("From takes a context that is none of the engine's")
		}
	}()
	From(nil)
}
