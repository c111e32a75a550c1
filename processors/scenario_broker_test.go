package processors_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/trace"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
	"github.com/rmn-arms/campaign-engine/topics/fakebroker"
)

// brokerDeployment runs the real engines over a broker in the process.
type brokerDeployment struct {
	t       *testing.T
	setup   setup
	cluster *kfake.Cluster
	brokers []string
	client  *kgo.Client
	admin   *kadm.Client
	clock   *processors.VirtualClock
	ahead   instant.Millis // by how much the clock of engines that begin is ahead
	reading *reading
	running map[string]*runningEngine // by short name; empty while stopped
	counts  map[string]*tally
	// changed gets a token after each commit of an engine, and when one ends: nothing else changes what settle looks at.
	changed chan struct{}
	// ends are the positions behind what was published, by topic.
	ends map[topics.Name]map[int32]int64
	// published counts events of campaigns, played plays: those that engines are to account for.
	published, played int
	// foreign counts what was published to each topic from outside.
	foreign map[topics.Name]int
	// reread counts records that budgets reads again, since its positions were lost.
	reread int
	// tracer is what engines that are begun make spans by; nil: none.
	tracer trace.Tracer
	// faulty says that the brokers fail on purpose, and engines with them. uncounted says that engines die on purpose: what one
	// had counted and not told is lost with it.
	faulty, uncounted bool
	// commitsLag says that the brokers tell of a commit before all its records can be read, as Apache Kafka's do.
	commitsLag bool
	// grave is the test that waits for processes that were killed: one around d.t, since they outlive it.
	grave *testing.T
	// configure changes the configuration of an engine that begins; nil: none.
	configure func(*engine.Config)
}

// runningEngine is one engine of a deployment.
type runningEngine struct {
	engine *engine.Engine
	cancel context.CancelFunc
	done   chan error
}

// engineClock is one engine's view of the clock. Time has passed for it when it has looked: an engine that finds the clock
// driven between its looks at Now and at Elapsed takes the step for a jump, and holds firing while nothing drives the
// clock on.
type engineClock struct {
	*processors.VirtualClock
	ahead   instant.Millis
	mu      sync.Mutex
	seen    instant.Instant
	elapsed instant.Millis
}

// Now implements engine.Clock.
func (c *engineClock) Now() instant.Instant {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.VirtualClock.Now()
	c.elapsed += max(0, now.Sub(c.seen))
	c.seen = now
	return now.Add(c.ahead)
}

// AfterFunc implements engine.Clock.
func (c *engineClock) AfterFunc(at instant.Instant, wake func()) (stop func()) {
	return c.VirtualClock.AfterFunc(at.Add(-c.ahead), wake)
}

// Elapsed implements engine.Clock.
func (c *engineClock) Elapsed() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Duration(c.elapsed) * time.Millisecond
}

// brokerDeadline bounds every wait; reaching it is a failure.
const brokerDeadline = 60 * time.Second

func deployOnBroker(t *testing.T, s setup) deployment {
	t.Helper()
	d := newBroker(t, s)
	d.start(s.settings)
	return d
}

// newBroker makes a deployment whose engines have not been started.
func newBroker(t *testing.T, s setup) *brokerDeployment {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.GroupMinSessionTimeout(100*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	fakebroker.Quiet(cluster)
	d := newBrokerAt(t, s, cluster.ListenAddrs())
	d.cluster = cluster
	return d
}

// newBrokerAt is newBroker on brokers that have none of the topics.
func newBrokerAt(t *testing.T, s setup, brokers []string) *brokerDeployment {
	t.Helper()
	d := &brokerDeployment{
		t: t, grave: t, setup: s, brokers: brokers, clock: processors.NewVirtualClock(s.now),
		running: make(map[string]*runningEngine), counts: make(map[string]*tally), changed: make(chan struct{}, 1),
		foreign: make(map[topics.Name]int),
		ends: map[topics.Name]map[int32]int64{
			topics.CampaignEvents: {}, topics.Plays: {}, topics.DeviceEvents: {}, topics.DeviceAcks: {},
		},
	}
	for _, short := range s.shorts() {
		d.counts[short] = &tally{byName: make(map[string]int)}
	}
	d.client = d.connect(kgo.RecordPartitioner(placed()), kgo.ProducerBatchMaxBytes(topics.InputMaxBytes))
	d.admin = kadm.NewClient(d.client)
	options := topics.Options{Partitions: s.partitions}
	if _, err := topics.NewAdmin(d.client).Apply(t.Context(), topics.Streams(), options); err != nil {
		t.Fatal(err)
	}
	d.reading = newReading(d)
	t.Cleanup(func() { d.halt(s.shorts()...) })
	return d
}

func (d *brokerDeployment) connect(more ...kgo.Opt) *kgo.Client {
	d.t.Helper()
	client, err := kgo.NewClient(append(more, kgo.SeedBrokers(d.brokers...), kgo.MetadataMinAge(10*time.Millisecond))...)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(client.Close)
	return client
}

// placed puts a record into the partition that it names, or, byKey, where its key belongs.
func placed() kgo.Partitioner {
	return kgo.BasicConsistentPartitioner(func(string) func(*kgo.Record, int) int {
		return func(r *kgo.Record, partitions int) int {
			if r.Partition != byKey {
				return int(r.Partition)
			}
			return int(topics.PartitionOf(r.Key, int32(partitions)))
		}
	})
}

func (d *brokerDeployment) publish(records []topics.Record) {
	d.t.Helper()
	batch := make([]*kgo.Record, len(records))
	for i, record := range records {
		batch[i] = &kgo.Record{
			Topic: record.Topic, Key: record.Key, Value: record.Value, Timestamp: record.Timestamp.Time(),
			Partition: record.Partition,
		}
		for _, header := range record.Headers {
			batch[i].Headers = append(batch[i].Headers, kgo.RecordHeader(header))
		}
	}
	ctx, cancel := context.WithTimeout(d.t.Context(), brokerDeadline)
	defer cancel()
	if err := d.client.ProduceSync(ctx, batch...).FirstErr(); err != nil {
		d.t.Fatal(err)
	}
	for i, record := range batch {
		records[i].Partition, records[i].Offset = record.Partition, record.Offset
		d.foreign[topics.Name(record.Topic)]++
		ends := d.ends[topics.Name(record.Topic)]
		switch topics.Name(record.Topic) {
		case topics.CampaignEvents:
			d.published++
		case topics.Plays:
			d.played++
		case topics.DeviceEvents, topics.DeviceAcks:
		default:
			continue
		}
		ends[record.Partition] = max(ends[record.Partition], record.Offset+1)
	}
}

func (d *brokerDeployment) drive(now instant.Instant) { d.clock.Set(now) }

func (d *brokerDeployment) stop() { d.halt(d.setup.shorts()...) }

func (d *brokerDeployment) start(settings processors.Settings) {
	d.t.Helper()
	d.setup.settings = settings
	for _, short := range d.setup.shorts() {
		d.begin(short)
	}
	d.ready()
	d.settle()
}

// begin starts one engine.
func (d *brokerDeployment) begin(short string) {
	d.t.Helper()
	graph, err := processors.Graph(short, d.setup.settings, processors.WithTracer(d.tracer))
	if err != nil {
		d.t.Fatal(err)
	}
	config := engine.Config{
		Connect: []kgo.Opt{kgo.SeedBrokers(d.brokers...)}, Instance: "a", CommitInterval: -1,
		// A machine that is busy with other tests must not cost a member its place.
		SessionTimeout: brokerDeadline, TransactionTimeout: brokerDeadline,
		Clock: &engineClock{VirtualClock: d.clock, seen: d.clock.Now(), ahead: d.ahead},
		Log:   zerolog.New(zerolog.NewTestWriter(d.t)).Level(zerolog.WarnLevel), Observe: d.observer(short),
	}
	if d.configure != nil {
		d.configure(&config)
	}
	e, err := engine.New(config, graph.GroupGraph)
	if err != nil {
		d.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	run := &runningEngine{engine: e, cancel: cancel, done: make(chan error, 1)}
	d.running[short] = run
	go func() {
		run.done <- e.Run(ctx)
		d.signal()
	}()
}

func (d *brokerDeployment) observer(short string) engine.Observer {
	return engine.Observer{
		Counted: d.counts[short].addAll,
		Committed: func(_, _, rows int, _, _ time.Duration) {
			d.counts[short].addRows(rows)
			d.signal()
		},
		Restarted: func(cause string) { d.failed("%s had to join again: %s", short, cause) },
		Aborted:   func(cause string) { d.failed("%s aborted a transaction: %s", short, cause) },
	}
}

// failed tells of what an engine could not do.
func (d *brokerDeployment) failed(format string, arguments ...any) {
	d.t.Helper()
	if d.faulty {
		d.t.Logf(format, arguments...)
		return
	}
	d.t.Errorf(format, arguments...)
}

func (d *brokerDeployment) signal() {
	select {
	case d.changed <- struct{}{}:
	default:
	}
}

// halt ends engines as SIGTERM does, and waits.
func (d *brokerDeployment) halt(shorts ...string) {
	d.t.Helper()
	for _, short := range shorts {
		run, is := d.running[short]
		if !is {
			continue
		}
		delete(d.running, short)
		run.cancel()
		select {
		case err := <-run.done:
			if err != nil {
				d.t.Errorf("ending %s: %v", short, err)
			}
		case <-time.After(brokerDeadline):
			d.t.Errorf("%s did not end", short)
		}
	}
}

func (d *brokerDeployment) next() instant.Instant { return d.reading.next() }

func (d *brokerDeployment) outputs() []topics.Record { return d.reading.take() }

func (d *brokerDeployment) deviceOutputs() []topics.Record { return d.reading.takeOnDevice() }

func (d *brokerDeployment) rows(table topics.Name) map[string][]byte { return d.reading.rows[table] }

func (d *brokerDeployment) counted(short string) map[string]int { return d.counts[short].copy() }

var _ deployment = (*brokerDeployment)(nil)
