package storesim_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/signing"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/clock"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/content"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/fault"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
	"github.com/rmn-arms/campaign-engine/topics/fakebroker"
)

// patience bounds waits that end by themselves when all is well.
const patience = 3 * time.Minute

// rig is the engine as stores see it: a broker, keys, contents; and the journal of what runs against it.
type rig struct {
	t       *testing.T
	cluster *kfake.Cluster
	client  *kgo.Client
	signer  *signing.Keys
	served  atomic.Pointer[signing.Keys]
	content string
	folder  string

	mu    sync.Mutex
	lines []journal.Line
	more  chan struct{} // closed and replaced with each line
}

func newRig(t *testing.T) *rig {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, string(topics.DeviceEvents), string(topics.DeviceAcks), string(topics.Plays)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	fakebroker.Quiet(c)
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	signer, err := signing.Generate()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(content.Handler("", content.Faults{}))
	t.Cleanup(server.Close)
	r := &rig{
		t: t, cluster: c, client: client, signer: signer, content: server.URL, folder: t.TempDir(), more: make(chan struct{}),
	}
	r.served.Store(signer)
	return r
}

func (r *rig) settings(stores ...storesim.Store) storesim.Settings {
	return storesim.Settings{
		Stores: stores, Connect: []kgo.Opt{kgo.SeedBrokers(r.cluster.ListenAddrs()...)}, Folder: r.folder,
		Keys: func(context.Context) ([]byte, error) { return r.served.Load().Public(), nil }, KeysEvery: 10 * time.Millisecond,
		CacheBytes: 1 << 20, SlowBytesPerSecond: 1 << 20, Parallel: 8, Clock: clock.System(), Sink: r.note,
		Faults: fault.Plan{Every: time.Hour, Longest: time.Millisecond},
	}
}

func (r *rig) note(l journal.Line) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, l)
	close(r.more)
	r.more = make(chan struct{})
}

// start runs a simulation until the function that it returns is called.
func (r *rig) start(s storesim.Settings) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- storesim.Run(ctx, s) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			r.t.Errorf("the run ended with: %v", err)
		}
	})
	r.t.Cleanup(stop)
	return stop
}

// until waits until what was told so far is such.
func (r *rig) until(what string, such func(lines []journal.Line) bool) {
	r.t.Helper()
	late := time.After(patience)
	for {
		r.mu.Lock()
		lines, more := r.lines, r.more
		r.mu.Unlock()
		if such(lines) {
			return
		}
		select {
		case <-more:
		case <-late:
			for i := range lines {
				text, _ := json.Marshal(lines[i])
				r.t.Logf("%s", text)
			}
			r.t.Fatalf("waiting for %s", what)
		}
	}
}

// await returns the first line from a place on that is such, and the place behind it.
func (r *rig) await(from int, what string, such func(*journal.Line) bool) (found journal.Line, next int) {
	r.t.Helper()
	r.until(what, func(lines []journal.Line) bool {
		for i := from; i < len(lines); i++ {
			if such(&lines[i]) {
				found, next = lines[i], i+1
				return true
			}
		}
		return false
	})
	return found, next
}

// holds says how many contents a device has.
func holds(lines []journal.Line, deviceID string) int {
	held := map[string]bool{}
	for i := range lines {
		l := &lines[i]
		switch {
		case l.Device != deviceID:
		case l.Event == journal.Cached:
			held[l.SHA256] = true
		case l.Event == journal.Evicted:
			delete(held, l.SHA256)
		case l.Event == journal.Off && l.Reason == "wiped":
			clear(held)
		}
	}
	return len(held)
}

// event is a condition for await.
func event(e journal.Event, deviceID string) func(*journal.Line) bool {
	return func(l *journal.Line) bool { return l.Event == e && (deviceID == "" || l.Device == deviceID) }
}

func acked(status schemas.AckStatus, deviceID string, revision int64) func(*journal.Line) bool {
	return func(l *journal.Line) bool {
		return l.Event == journal.Acked && l.Status == status && l.Device == deviceID && l.Revision == revision
	}
}

// createTopics makes the topics of stores, as the engine does when it has their first command.
func (r *rig) createTopics(stores ...string) {
	r.t.Helper()
	var names []string
	for _, s := range stores {
		names = append(names, string(topics.StoreTopic(s)))
	}
	if _, err := kadm.NewClient(r.client).CreateTopics(r.t.Context(), 1, 1, nil, names...); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) push(storeID, deviceID string, revision, attempt int64, entries ...schemas.PlaylistEntry) {
	r.t.Helper()
	r.pushSigned(r.signer, storeID, deviceID, revision, attempt, entries...)
}

func (r *rig) pushSigned(by *signing.Keys, storeID, deviceID string, revision, attempt int64, entries ...schemas.PlaylistEntry) {
	r.t.Helper()
	until := schemas.InstantOf(time.Now().Add(7 * 24 * time.Hour))
	for _, e := range entries {
		until = max(until, e.EndsAt)
	}
	c := schemas.Command{
		CommandID: schemas.CommandID(deviceID, revision), DeviceID: deviceID, StoreID: storeID, PlaylistRevision: revision, Attempt: attempt,
		ValidUntil: until, Playlist: entries,
	}
	value, err := json.Marshal(schemas.NewEvent(c.CommandID, schemas.DeviceCommand, storeID, schemas.InstantOf(time.Now()), c))
	if err != nil {
		r.t.Fatal(err)
	}
	jws, err := by.Sign(value)
	if err != nil {
		r.t.Fatal(err)
	}
	record := &kgo.Record{
		Topic: string(topics.StoreTopic(storeID)), Key: []byte(deviceID), Value: value,
		Headers: []kgo.RecordHeader{{Key: schemas.SignatureHeader, Value: []byte(jws)}},
	}
	if err := r.client.ProduceSync(r.t.Context(), record).FirstErr(); err != nil {
		r.t.Fatal(err)
	}
}

// entry is an entry that may be shown from now on.
func (r *rig) entry(name string) schemas.PlaylistEntry {
	c := content.File{CreativeID: "cr-" + name, Version: 1, Bytes: 10_000}.Creative(r.content, "video/mp4", 100)
	now := schemas.InstantOf(time.Now())
	return schemas.PlaylistEntry{
		CampaignID: "c-" + name, CreativeID: c.CreativeID, Version: 1, URL: c.URL, SHA256: c.SHA256, Bytes: c.Bytes, MIME: c.MIME,
		DurationMs: c.DurationMs, StartsAt: now - 1000, EndsAt: now + 3_600_000,
	}
}

// read returns all records that a topic has now.
func (r *rig) read(topic topics.Name) (records []*kgo.Record) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	ends, err := kadm.NewClient(r.client).ListEndOffsets(ctx, string(topic))
	if err != nil {
		r.t.Fatal(err)
	}
	left := int64(0)
	ends.Each(func(o kadm.ListedOffset) { left += o.Offset })
	reader, err := kgo.NewClient(kgo.SeedBrokers(r.cluster.ListenAddrs()...), kgo.ConsumeTopics(string(topic)))
	if err != nil {
		r.t.Fatal(err)
	}
	defer reader.Close()
	for int64(len(records)) < left {
		fetches := reader.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			r.t.Fatal(err)
		}
		records = append(records, fetches.Records()...)
	}
	return records
}

// events reads the events of a topic.
func events[D any](r *rig, topic topics.Name) (all []schemas.Event[D]) {
	r.t.Helper()
	for _, record := range r.read(topic) {
		var e schemas.Event[D]
		if err := json.Unmarshal(record.Value, &e); err != nil || e.Subject != string(record.Key) {
			r.t.Fatalf("%s: %v", record.Value, err)
		}
		all = append(all, e)
	}
	return all
}

// said returns the lines of an event so far.
func (r *rig) said(e journal.Event) []journal.Line {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(r.lines), func(l journal.Line) bool { return l.Event != e })
}
