package demo

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/signing"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
	"github.com/rmn-arms/campaign-engine/topics/fakebroker"
)

// patience bounds waits that end by themselves when all is well.
const patience = 2 * time.Minute

// account is what is shown.
type account struct {
	mu   sync.Mutex
	text strings.Builder
}

func (a *account) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.text.Write(p)
}

func (a *account) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.text.String()
}

// ready is a process that is ready.
type ready struct{}

func (ready) NotReady() []string { return nil }
func (ready) Tables() string     { return "" }

// broker is one with the engine's topics, and those of the stores.
func broker(t *testing.T) (client *kgo.Client, connect []kgo.Opt) {
	t.Helper()
	var names []string
	for _, s := range topics.Streams() {
		names = append(names, string(s.Name))
	}
	for _, s := range theStores() {
		names = append(names, string(topics.StoreTopic(s.ID)))
	}
	k, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, names...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	fakebroker.Quiet(k)
	connect = []kgo.Opt{kgo.SeedBrokers(k.ListenAddrs()...)}
	client, err = kgo.NewClient(append(connect, kgo.ConsumeTopics(string(topics.DeviceEvents), string(topics.CampaignEvents)))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client, connect
}

// obeys sends a device the playlist with which a store begins.
func obeys(ctx context.Context, t *testing.T, client *kgo.Client, keys *signing.Keys, storeID, deviceID string) {
	t.Helper()
	revision := time.Now().Add(time.Minute).UnixMilli() // what is older than the device is not obeyed
	command := schemas.Command{
		CommandID: schemas.CommandID(deviceID, revision), DeviceID: deviceID, StoreID: storeID, PlaylistRevision: revision, Attempt: 1,
		ValidUntil: schemas.InstantOf(time.Now().Add(time.Hour)), Playlist: []schemas.PlaylistEntry{},
	}
	value, err := json.Marshal(schemas.NewEvent(command.CommandID, schemas.DeviceCommand, storeID, 0, command))
	if err != nil {
		t.Fatal(err)
	}
	jws, err := keys.Sign(value)
	if err != nil {
		t.Fatal(err)
	}
	record := &kgo.Record{
		Topic: string(topics.StoreTopic(storeID)), Key: []byte(deviceID), Value: value,
		Headers: []kgo.RecordHeader{{Key: schemas.SignatureHeader, Value: []byte(jws)}},
	}
	if err := client.ProduceSync(ctx, record).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// TestTheCampaignsComeWhenTheStoresAreThere: the devices register, obey what is signed with the process's keys, and then the
// campaigns come, whose contents can be fetched. It ends when it is told to.
func TestTheCampaignsComeWhenTheStoresAreThere(t *testing.T) {
	client, connect := broker(t)
	keys, err := signing.Generate()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	shown, stop := context.WithCancel(ctx)
	defer stop()
	var out account
	ended := make(chan error, 1)
	go func() {
		ended <- Show(shown, &out, Settings{Connect: connect, Process: ready{}, Folder: t.TempDir(), Keys: keys.Public})
	}()
	registered, devices := map[string]bool{}, 0
	for _, s := range theStores() {
		devices += len(s.Devices)
	}
	var first *schemas.Definition
	for first == nil {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			t.Fatalf("%d devices have registered, and no campaign comes:\n%s", len(registered), out.String())
		}
		for _, r := range fetches.Records() {
			if r.Topic == string(topics.CampaignEvents) {
				event, refusal := topics.DecodeCampaignEvent(r.Key, r.Value, nil)
				if refusal != nil || len(registered) < devices {
					t.Fatalf("a campaign when %d devices have registered: %v", len(registered), refusal)
				}
				first = event.Definition
				break
			}
			event, refusal := topics.DecodeDeviceEvent(r.Key, r.Value, nil)
			if refusal != nil {
				t.Fatal(refusal)
			}
			registered[event.DeviceID()] = true
			obeys(ctx, t, client, keys, event.StoreID(), event.DeviceID())
		}
	}
	fetched(ctx, t, &first.Creatives[0])
	stop()
	if err := <-ended; err != nil {
		t.Errorf("it ends with %v", err)
	}
	if text := out.String(); strings.Count(text, "register    2 screens") != 2 || strings.Count(text, "push        an empty playlist to 2 screens") != 2 {
		t.Errorf("it tells\n%s", text)
	}
	acks, err := kadm.NewClient(client).ListEndOffsets(ctx, string(topics.DeviceAcks))
	if end, _ := acks.Lookup(string(topics.DeviceAcks), 0); err != nil || end.Offset < int64(devices) {
		t.Errorf("there are %d acks: %v", end.Offset, err)
	}
}

// fetched fetches a content.
func fetched(ctx context.Context, t *testing.T, c *schemas.Creative) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if n, err := io.Copy(io.Discard, answer.Body); n != c.Bytes || err != nil {
		t.Errorf("%s has %d bytes: %v", c.URL, n, err)
	}
}

// TestContentsStayWhereTheyWere, as long as nobody else is there.
func TestContentsStayWhereTheyWere(t *testing.T) {
	folder := t.TempDir()
	open := func() (close func() error, base string) {
		listener, base, err := contents(t.Context(), folder)
		if err != nil {
			t.Fatal(err)
		}
		return listener.Close, base
	}
	shut, first := open()
	if err := shut(); err != nil {
		t.Fatal(err)
	}
	shut, again := open()
	if again != first {
		t.Errorf("they were at %s, and are at %s", first, again)
	}
	other, elsewhere := open()
	if elsewhere == first {
		t.Errorf("two are at %s", first)
	}
	if err := errors.Join(shut(), other()); err != nil {
		t.Fatal(err)
	}
}
