package router_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/processors/leaktest"
	"github.com/rmn-arms/campaign-engine/processors/router"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
	"github.com/rmn-arms/campaign-engine/topics/fakebroker"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

const (
	testPartitions = 4
	// deadline bounds each test; reaching it is a failure.
	deadline = time.Minute
)

// bench is a faked cluster with device-commands.
type bench struct {
	t       *testing.T
	ctx     context.Context
	cluster *kfake.Cluster
	client  *kgo.Client
	admin   *kadm.Client
	sent    map[string][]string // what a store's topic has to hold, in order
	number  int
}

func newBench(t *testing.T, opts ...kfake.Opt) *bench {
	t.Helper()
	cluster, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.GroupMinSessionTimeout(100 * time.Millisecond),
		kfake.SeedTopics(testPartitions, string(topics.DeviceCommands))}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	fakebroker.Quiet(cluster)
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	t.Cleanup(cancel)
	b := &bench{t: t, ctx: ctx, cluster: cluster, sent: map[string][]string{}}
	b.client = b.connect(kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)))
	b.admin = kadm.NewClient(b.client)
	return b
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) connect(opts ...kgo.Opt) *kgo.Client {
	b.t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(b.cluster.ListenAddrs()...), kgo.MetadataMinAge(10 * time.Millisecond)}, opts...)...)
	b.must(err)
	b.t.Cleanup(client.Close)
	return client
}

// await looks at a fact until it holds.
func (b *bench) await(what string, holds func() bool) {
	b.t.Helper()
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-ticker.C:
		case <-b.ctx.Done():
			b.t.Fatalf("not within %s: %s", deadline, what)
		}
	}
}

// command returns a record of device-commands, the next one of its store and device.
func (b *bench) command(store, device string) *kgo.Record {
	b.number++
	value := fmt.Sprintf(`{"specversion":"1.0","id":"%[2]s/%[3]d/1","source":"campaign-engine","type":"device.command","subject":"%[1]s",`+
		`"time":"2026-11-26T08:00:00.000Z","datacontenttype":"application/json",`+
		`"data":{"command_id":"%[2]s/%[3]d","device_id":"%[2]s","store_id":"%[1]s","playlist_revision":%[3]d,"attempt":1,`+
		`"valid_until":"2026-12-08T05:00:00.000Z","playlist":[]}}`, store, device, b.number)
	return &kgo.Record{Topic: string(topics.DeviceCommands), Key: []byte(store), Value: []byte(value)}
}

// publish sends the records, and notes those that have to come out.
func (b *bench) publish(records ...*kgo.Record) {
	b.t.Helper()
	b.must(b.client.ProduceSync(b.ctx, records...).FirstErr())
	for _, record := range records {
		b.sent[string(record.Key)] = append(b.sent[string(record.Key)], string(record.Value))
	}
}

// stores publishes rounds of commands to devices of stores.
func (b *bench) stores(prefix string, stores, devices, rounds int) {
	b.t.Helper()
	var records []*kgo.Record
	for range rounds {
		for s := range stores {
			for d := range devices {
				records = append(records, b.command(fmt.Sprintf("%s-%d", prefix, s), fmt.Sprintf("%s-%d.d%d", prefix, s, d)))
			}
		}
	}
	b.publish(records...)
}

// process is a running router, with what it told.
type process struct {
	*router.Router
	wire   *wire
	cancel context.CancelFunc
	done   chan struct{}
	err    error

	mu        sync.Mutex
	counts    map[string]int
	largest   int // transaction
	created   int
	failures  int
	restarted []string
	fenced    []string
	owned     int
}

func (p *process) note(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func (p *process) count(name string) (count int) {
	p.note(func() { count = p.counts[name] })
	return count
}

// signature stands for one: it shows of which bytes it is.
func signature(value []byte) (string, error) { return "signed:" + string(value[len(value)/2:]), nil }

func (b *bench) start(instance string, change ...func(*router.Config)) *process {
	b.t.Helper()
	p := &process{wire: newWire(), done: make(chan struct{}), counts: map[string]int{}}
	began := time.Now()
	config := router.Config{
		Connect: []kgo.Opt{kgo.SeedBrokers(b.cluster.ListenAddrs()...), kgo.Dialer(p.wire.dial)}, Instance: instance, Sign: signature,
		Elapsed: func() time.Duration { return time.Since(began) }, SessionTimeout: 3 * time.Second, CreateEvery: time.Millisecond,
		Log: zerolog.New(zerolog.NewTestWriter(b.t)).Level(zerolog.WarnLevel).With().Str("process", instance).Logger(),
		Observe: engine.Observer{
			Counted: func(byName map[string]int) {
				p.note(func() {
					for name, count := range byName {
						p.counts[name] += count
					}
				})
			},
			Committed: func(records, _, _ int, _, _ time.Duration) {
				p.note(func() { p.largest = max(p.largest, records) })
			},
			Restarted: func(cause string) { p.note(func() { p.restarted = append(p.restarted, cause) }) },
			Fenced:    func(id string) { p.note(func() { p.fenced = append(p.fenced, id) }) },
			Assigned:  func(partitions int) { p.note(func() { p.owned = partitions }) },
		},
		Created:        func(topics int) { p.note(func() { p.created += topics }) },
		CreationFailed: func() { p.note(func() { p.failures++ }) },
	}
	for _, f := range change {
		f(&config)
	}
	r, err := router.New(config)
	b.must(err)
	ctx, cancel := context.WithCancel(context.Background())
	p.Router, p.cancel = r, cancel
	go func() {
		defer close(p.done)
		p.err = r.Run(ctx)
	}()
	b.t.Cleanup(func() {
		p.wire.thaw()
		cancel()
		<-p.done
	})
	return p
}

// stop ends a process as SIGTERM does, and waits.
func (b *bench) stop(p *process) {
	b.t.Helper()
	p.cancel()
	select {
	case <-p.done:
		b.must(p.err)
	case <-b.ctx.Done():
		b.t.Fatal("a process does not end")
	}
}

// kill ends a process as kill -9 does, as far as a broker can tell.
func (p *process) kill() {
	p.wire.cut(errors.New("the process was killed"))
	p.cancel()
}

// ready waits until the processes share all partitions.
func (b *bench) ready(processes ...*process) {
	b.t.Helper()
	b.await("all partitions are owned", func() bool {
		sum := 0
		for _, p := range processes {
			if p.Ready() != nil {
				return false
			}
			p.note(func() { sum += p.owned })
		}
		return sum == testPartitions
	})
}

// idle waits until all that was published is behind the group's positions.
func (b *bench) idle() {
	b.t.Helper()
	group, _ := topics.GroupNamed(topics.Router)
	b.await("the group has read everything", func() bool {
		committed, err := b.admin.FetchOffsets(b.ctx, group.ID())
		if err != nil {
			return false
		}
		ends, err := b.admin.ListEndOffsets(b.ctx, string(topics.DeviceCommands))
		if err != nil || ends.Error() != nil {
			return false
		}
		all := true
		ends.Each(func(end kadm.ListedOffset) {
			at, _ := committed.Lookup(end.Topic, end.Partition)
			all = all && at.At >= end.Offset
		})
		return all
	})
}

// routed returns what lies in the stores' topics, committed, by store.
func (b *bench) routed() map[string][]*kgo.Record {
	b.t.Helper()
	listed, err := b.admin.ListTopics(b.ctx)
	b.must(err)
	names := slices.DeleteFunc(listed.Names(), func(name string) bool { _, is := topics.StoreOf(topics.Name(name)); return !is })
	found := map[string][]*kgo.Record{}
	if len(names) == 0 {
		return found
	}
	ends, err := b.admin.ListCommittedOffsets(b.ctx, names...)
	b.must(err)
	reader := b.connect(kgo.ConsumeTopics(names...), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.FetchMaxWait(50*time.Millisecond))
	defer reader.Close()
	left := map[string]bool{}
	ends.Each(func(end kadm.ListedOffset) { left[end.Topic] = end.Offset > 0 })
	for b.anyLeft(left) {
		fetches := reader.PollFetches(b.ctx)
		b.must(fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) {
			store, _ := topics.StoreOf(topics.Name(r.Topic))
			if !r.Attrs.IsControl() {
				found[store] = append(found[store], r)
			}
			end, _ := ends.Lookup(r.Topic, 0)
			if r.Offset+1 >= end.Offset {
				left[r.Topic] = false
			}
		})
	}
	return found
}

func (b *bench) anyLeft(left map[string]bool) bool {
	for _, yes := range left {
		if yes {
			return true
		}
	}
	return false
}

// settled waits until everything was read, and compares what the stores' topics hold with what was published: each command
// once, in order, under its device's key, signed.
func (b *bench) settled() {
	b.t.Helper()
	b.idle()
	found := b.routed()
	for store, want := range b.sent {
		var got []string
		for _, record := range found[store] {
			got = append(got, string(record.Value))
			device, _, _ := strings.Cut(strings.SplitN(string(record.Value), `"device_id":"`, 2)[1], `"`)
			jws := ""
			for _, header := range record.Headers {
				if header.Key == schemas.SignatureHeader {
					jws += string(header.Value)
				}
			}
			signed, _ := signature(record.Value)
			if string(record.Key) != device || jws != signed {
				b.t.Errorf("%s: a command of %s has the key %q and the signature %q", store, device, record.Key, jws)
			}
		}
		if !slices.Equal(got, want) {
			b.t.Errorf("%s: %d commands are there, not %d:\n%s\nwant\n%s", store, len(got), len(want),
				strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		delete(found, store)
	}
	if len(found) > 0 {
		b.t.Errorf("%d stores have got what nobody sent", len(found))
	}
}
