package torture

import (
	"container/heap"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/torture/oracle"
	"github.com/rmn-arms/campaign-engine/topics"
)

// serialHeader numbers the records of the client, so that one finds them in the log.
const serialHeader = "serial"

// client publishes inputs and remembers what the brokers have acknowledged.
type client struct {
	kafka      *kgo.Client
	partitions int32

	mu     sync.Mutex
	sent   int
	acked  map[int]place // by serial
	failed []error
	all    []input // in the order in which they were published, replays left out
	counts published
}

// place is where a record was put.
type place struct {
	partition int32
	offset    int64
}

// published counts what was published.
type published struct{ Inputs, Replayed, Poison int }

// connect makes a client with an idempotent producer that never gives up: what is published is in the log exactly once.
func connect(brokers []string, partitions int32) (*client, error) {
	kafka, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ClientID("torture"),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(5*time.Millisecond),
		kgo.ProducerBatchMaxBytes(4<<20), kgo.MaxBufferedRecords(1<<20), kgo.MetadataMinAge(50*time.Millisecond))
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	return &client{kafka: kafka, partitions: partitions, acked: map[int]place{}}, nil
}

// publish sends an input; it does not wait. A replayed one has been published before.
func (c *client) publish(in *input, replayed bool) {
	c.mu.Lock()
	serial := c.sent
	c.sent++
	if replayed {
		c.counts.Replayed++
	} else {
		c.all = append(c.all, *in)
		c.counts.Inputs++
	}
	if in.refused != "" {
		c.counts.Poison++
	}
	c.mu.Unlock()
	record := &kgo.Record{Topic: string(topics.CampaignEvents), Key: in.key, Value: in.value, Partition: c.partition(in)}
	for _, name := range slices.Sorted(maps.Keys(in.headers)) {
		record.Headers = append(record.Headers, kgo.RecordHeader{Key: name, Value: []byte(in.headers[name])})
	}
	record.Headers = append(record.Headers, kgo.RecordHeader{Key: serialHeader, Value: strconv.AppendInt(nil, int64(serial), 10)})
	if in.refused != "" {
		record.Headers = append(record.Headers, kgo.RecordHeader{Key: oracle.RefusedHeader, Value: []byte(in.refused)})
	}
	c.kafka.Produce(context.Background(), record, func(r *kgo.Record, err error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if err != nil {
			c.failed = append(c.failed, err)
			return
		}
		c.acked[serial] = place{r.Partition, r.Offset}
	})
}

func (c *client) partition(in *input) int32 {
	home := topics.PartitionOf(in.key, c.partitions)
	if in.foreign {
		return (home + 1) % c.partitions
	}
	return home
}

// replay publishes again all that was published so far.
func (c *client) replay() int {
	c.mu.Lock()
	all := c.all[:len(c.all):len(c.all)]
	c.mu.Unlock()
	for i := range all {
		c.publish(&all[i], true)
	}
	return len(all)
}

func (c *client) count() published {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts
}

// load publishes campaigns at a rate, and every input of theirs at its instant.
type load struct {
	author *author
	client *client
	// perSecond is how many campaigns begin each second; poison is how many broken inputs there are for each of them.
	perSecond float64
	poison    float64

	waiting inputs
}

// tick is the grain of the load.
const tick = 5 * time.Millisecond

// run publishes until the instant until; then what its campaigns still have to say, and returns the instant at which the
// last of them waits for something.
func (l *load) run(ctx context.Context, until time.Time) (last int64, err error) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	began, begun := time.Now(), 0
	for {
		select {
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		case <-ticker.C:
		}
		now := time.Now()
		if now.Before(until) {
			for ; float64(begun) < now.Sub(began).Seconds()*l.perSecond; begun++ {
				l.begin(now.UnixMilli())
			}
		} else if len(l.waiting) == 0 {
			return l.author.last, nil
		}
		for len(l.waiting) > 0 && l.waiting[0].at <= now.UnixMilli() {
			in, _ := heap.Pop(&l.waiting).(input)
			l.client.publish(&in, false)
		}
	}
}

func (l *load) begin(now int64) {
	for _, in := range l.author.campaign(now) {
		heap.Push(&l.waiting, in)
	}
	if l.author.chance(l.poison) {
		heap.Push(&l.waiting, l.author.poison(now))
	}
}

// inputs is a heap by instant.
type inputs []input

func (h inputs) Len() int           { return len(h) }
func (h inputs) Less(i, j int) bool { return h[i].at < h[j].at }
func (h inputs) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *inputs) Push(x any) {
	if in, is := x.(input); is {
		*h = append(*h, in)
	}
}

// Pop implements heap.Interface.
func (h *inputs) Pop() any {
	old := *h
	in := old[len(old)-1]
	*h = old[:len(old)-1]
	return in
}

// check compares what was acknowledged with what is in the log: all of it, once, and nothing else.
func (c *client) check(events []oracle.Record) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var wrong []string
	for _, err := range c.failed {
		wrong = append(wrong, fmt.Sprintf("an input was not acknowledged: %v", err))
	}
	logged := make(map[int]place, len(events))
	for i := range events {
		e := &events[i]
		serial, err := strconv.Atoi(e.Headers[serialHeader])
		at := place{e.Partition, e.Offset}
		if before, twice := logged[serial]; err != nil || twice {
			wrong = append(wrong, fmt.Sprintf("input %q is in the log at %v and %v", e.Headers[serialHeader], before, at))
		}
		logged[serial] = at
	}
	for serial, at := range c.acked {
		if there, is := logged[serial]; !is || there != at {
			wrong = append(wrong, fmt.Sprintf("input %d was acknowledged at %v, the log has it at %v (%t)", serial, at, there, is))
		}
	}
	return wrong
}
