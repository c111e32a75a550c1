//go:build bench

package bench

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

var wide = flag.Int("wide", 10_000, "stores of the campaign that is distributed")

// devicesPerStore is how many devices each of them has.
const devicesPerStore = 5

// unrelated is how many other campaigns start per second meanwhile.
const unrelated = 50

// TestDevices measures how long it takes until a campaign on many stores is on its way to all devices, and whether others start
// late meanwhile.
func TestDevices(t *testing.T) {
	r := newRig(t, kafkatest.Start(t, kafkatest.Options{}))
	r.createStoreTopics(*wide)
	r.start("--processors", "all")
	r.answer()
	r.register(*wide)
	r.distribute(*wide)
	r.idle(10 * time.Second)
	r.stop()
}

func storeNamed(i int) string { return fmt.Sprintf("s-%05d", i) }

func storeTopics(count int) []string {
	names := make([]string, count)
	for i := range names {
		names[i] = string(topics.StoreTopic(storeNamed(i)))
	}
	return names
}

// createStoreTopics creates the stores' topics: how long that takes is no part of what is measured.
func (r *rig) createStoreTopics(count int) {
	r.t.Helper()
	admin, began := topics.NewAdmin(r.connect()), time.Now()
	for names := range slices.Chunk(storeTopics(count), topics.CreateMaxTopics) {
		streams := make([]topics.Stream, len(names))
		for i, name := range names {
			streams[i] = topics.StoreStream()
			streams[i].Name = topics.Name(name)
		}
		_, err := admin.CreateMissing(r.ctx, streams, topics.DeviceCommands, topics.Options{})
		r.must(err)
	}
	r.report("creating the topics of stores", fmt.Sprintf("%.0f/s", float64(count)/time.Since(began).Seconds()),
		fmt.Sprintf("%d topics", count))
}

// register tells of all devices, and waits until each has its first, empty, playlist.
func (r *rig) register(stores int) {
	r.t.Helper()
	base, began := r.ends(kadm.NewClient(r.connect()), stores), time.Now()
	at := schemasInstant(began)
	r.send(stores*devicesPerStore, func(i int) *kgo.Record {
		store := storeNamed(i / devicesPerStore)
		value := fmt.Sprintf(`{"specversion":"1.0","id":"r-%[1]d","source":"bench","type":"device.registered","subject":%[2]q,`+
			`"time":%[3]q,"datacontenttype":"application/json","data":{"device_id":"d-%[1]d","store_id":%[2]q,`+
			`"time_zone":"Europe/Berlin","capabilities":{"mime":["video/mp4"]}}}`, i, store, at)
		return &kgo.Record{Topic: string(topics.DeviceEvents), Key: []byte(store), Value: []byte(value)}
	})
	took := r.commanded(base, stores).Sub(began)
	r.report("devices registered until the last has its playlist", fmt.Sprintf("%.0f/s", float64(stores*devicesPerStore)/took.Seconds()),
		fmt.Sprintf("%d devices of %d stores in %s", stores*devicesPerStore, stores, ms(took)))
}

// answer lets each device say that it is ready as soon as a command for it is there: who is silent is sent it again and again.
func (r *rig) answer() {
	r.t.Helper()
	reader := r.connect(kgo.ConsumeTopics(string(topics.DeviceCommands)), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	writer := r.connect(kgo.DisableIdempotentWrite(), kgo.RequiredAcks(kgo.LeaderAck()))
	ctx, cancel := context.WithCancel(r.ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; ctx.Err() == nil; {
			reader.PollFetches(ctx).EachRecord(func(record *kgo.Record) {
				command, refusal := topics.DecodeCommand(record.Value)
				if refusal != nil {
					r.t.Errorf("a command cannot be read: %+v", refusal)
					return
				}
				n++
				writer.Produce(ctx, ackOf(n, &command.Data), nil)
			})
		}
	}()
	r.t.Cleanup(func() {
		cancel()
		<-done
	})
}

func ackOf(n int, c *schemas.Command) *kgo.Record {
	value := fmt.Sprintf(`{"specversion":"1.0","id":"a-%d","source":%[2]q,"type":"device.ack","subject":%[3]q,"datacontenttype":"application/json",`+
		`"data":{"command_id":%[4]q,"device_id":%[2]q,"store_id":%[3]q,"playlist_revision":%[5]d,"status":"ready"}}`,
		n, c.DeviceID, c.StoreID, c.CommandID, c.PlaylistRevision)
	return &kgo.Record{Topic: string(topics.DeviceAcks), Key: []byte(c.StoreID), Value: []byte(value)}
}

func schemasInstant(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

// distribute lets a campaign reach its 24 hours, while others start.
func (r *rig) distribute(stores int) {
	r.t.Helper()
	mark := time.Now().Add(10 * time.Second).Truncate(time.Second)
	const lasts = 30
	begins, count := mark.Add(-3*time.Second), unrelated*lasts
	late := r.lookAtEach(topics.TransitionsDue, "beside", "start", count)
	r.send(count, func(i int) *kgo.Record {
		return storeless(fmt.Sprintf("beside-%05d", i), begins.Add(time.Duration(i)*time.Second/unrelated))
	})
	base := r.ends(kadm.NewClient(r.connect()), stores)
	r.send(1, func(int) *kgo.Record { return onStores("wide", mark.Add(24*time.Hour), stores) })
	engine, broker := r.cpu()
	r.at(mark)
	took := r.commanded(base, stores).Sub(mark)
	engineAfter, brokerAfter := r.cpu()
	r.report(fmt.Sprintf("a campaign on %d stores x %d devices", stores, devicesPerStore), ms(took),
		fmt.Sprintf("from distribute until the last command is readable in its store's topic; CPU: engine %.1f s + broker %.1f s; %d MiB resident",
			(engineAfter-engine).Seconds(), (brokerAfter-broker).Seconds(), r.rss()))
	seen := r.await(late)
	p50, p99, most := seen.quantiles()
	r.report(fmt.Sprintf("lateness of others meanwhile, %d/s", unrelated), fmt.Sprintf("p50 %s, p99 %s, max %s", ms(p50), ms(p99), ms(most)),
		fmt.Sprintf("%d starts", count))
}

// storeless returns the event that creates a campaign without stores.
func storeless(id string, starts time.Time) *kgo.Record {
	record := campaign(id, starts)
	record.Value = []byte(strings.Replace(string(record.Value), `"stores":["s-1","s-2"],`, "", 1))
	return record
}

// onStores returns the event that creates a campaign on many stores.
func onStores(id string, starts time.Time, stores int) *kgo.Record {
	names := make([]string, stores)
	for i := range names {
		names[i] = storeNamed(i)
	}
	list, err := json.Marshal(names)
	if err != nil {
		panic(err)
	}
	record := campaign(id, starts)
	record.Value = []byte(strings.Replace(string(record.Value), `["s-1","s-2"]`, string(list), 1))
	return record
}

// ends returns where the stores' topics end for a read_committed reader.
func (r *rig) ends(admin *kadm.Client, stores int) map[string]int64 {
	r.t.Helper()
	ends := make(map[string]int64, stores)
	for names := range slices.Chunk(storeTopics(stores), 2500) {
		listed, err := admin.ListCommittedOffsets(r.ctx, names...)
		r.must(err)
		listed.Each(func(end kadm.ListedOffset) {
			r.must(end.Err)
			ends[end.Topic] = end.Offset
		})
	}
	return ends
}

// commanded waits until each store's topic has a command for each device behind base, and returns when that was seen. A
// transaction's marker takes an offset, too.
func (r *rig) commanded(base map[string]int64, stores int) time.Time {
	r.t.Helper()
	admin := kadm.NewClient(r.connect())
	for ticker := time.NewTicker(lookEvery); ; {
		select {
		case <-ticker.C:
		case <-r.ctx.Done():
			r.t.Fatal("not all commands came")
		}
		waiting := 0
		for topic, end := range r.ends(admin, stores) {
			if end < base[topic]+devicesPerStore+1 {
				waiting++
			}
		}
		if waiting == 0 {
			ticker.Stop()
			return time.Now()
		}
	}
}

// lookEvery parts the looks at the stores' topics: asking for thousands of ends costs the broker something, too.
const lookEvery = time.Second
