package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/signing"
	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
	"github.com/rmn-arms/campaign-engine/topics/fakebroker"
)

// testKeys returns keys of a file of their own.
func testKeys(t *testing.T) *signing.Ring {
	t.Helper()
	ring, _, err := signing.OpenRing(filepath.Join(t.TempDir(), "keys.json"), true)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

const command = `{"specversion":"1.0","id":"d-1/7/1","source":"campaign-engine","type":"device.command","subject":"s-1",` +
	`"time":"2026-11-26T08:00:00.000Z","datacontenttype":"application/json","data":{"command_id":"d-1/7","device_id":"d-1",` +
	`"store_id":"s-1","playlist_revision":7,"attempt":1,"valid_until":"2026-12-08T05:00:00.000Z","playlist":[]}}`

// TestAProcessRoutesAndSigns: a command reaches its store's topic, and the keys that the process would serve verify it.
func TestAProcessRoutesAndSigns(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	fakebroker.Quiet(cluster)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	group, _ := topics.GroupNamed(topics.Router)
	connect := []kgo.Opt{kgo.SeedBrokers(cluster.ListenAddrs()...)}
	ring, registry := testKeys(t), prometheus.NewRegistry()
	process, err := New(Settings{
		Connect: connect, Instance: "a", Groups: []topics.Group{group}, Clock: processors.SystemClock(),
		Topics: topics.Options{Partitions: 2}, Log: zerolog.Nop(), Keys: ring, Registry: registry,
	})
	if err != nil {
		t.Fatal(err)
	}
	run, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- process.Run(run) }()
	for len(process.NotReady()) > 0 && ctx.Err() == nil {
		<-time.After(5 * time.Millisecond)
	}
	client, err := kgo.NewClient(append(connect, kgo.ConsumeTopics(string(topics.StoreTopic("s-1"))), kgo.MetadataMinAge(10*time.Millisecond),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, value := range []string{"{}", command} {
		record := &kgo.Record{Topic: string(topics.DeviceCommands), Key: []byte("s-1"), Value: []byte(value)}
		if err := client.ProduceSync(ctx, record).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	var got []*kgo.Record
	for len(got) == 0 && ctx.Err() == nil {
		got = append(got, client.PollFetches(ctx).Records()...)
	}
	if len(got) != 1 || string(got[0].Key) != "d-1" || string(got[0].Value) != command || got[0].Headers[0].Key != schemas.SignatureHeader {
		t.Fatalf("in the store's topic is %+v; the process waits for %q %q", got, process.NotReady(), process.CatchingUp())
	}
	verifier, err := signing.ParseVerifier(ring.Public())
	if err != nil {
		t.Fatal(err)
	}
	if id, err := verifier.Verify(string(got[0].Headers[0].Value), got[0].Value); err != nil || id != ring.Keys().IDs()[0] {
		t.Errorf("verified by %q: %v", id, err)
	}
	for name, want := range map[string]float64{
		`campaign_engine_records_total{outcome="routed",processor="router"}`:     1,
		`campaign_engine_records_total{outcome="unroutable",processor="router"}`: 1,
		`campaign_engine_store_topics_created_total{}`:                           1,
		`campaign_engine_partitions{processor="router"}`:                         2,
		`campaign_engine_ready{processor="router"}`:                              1,
		`campaign_engine_signing_keys{}`:                                         1,
	} {
		for value(t, registry, name) != want {
			if ctx.Err() != nil {
				t.Fatalf("%s is %v, not %v", name, value(t, registry, name), want)
			}
			<-time.After(5 * time.Millisecond)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// value returns what a counter or a gauge shows; -1 when it is not there.
func value(t *testing.T, registry *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			var labels []string
			for _, label := range metric.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", label.GetName(), label.GetValue()))
			}
			if family.GetName()+"{"+strings.Join(labels, ",")+"}" == name {
				return metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
			}
		}
	}
	return -1
}

// TestKeysAreReadAnew: when asked; what cannot be read is counted, and told.
func TestKeysAreReadAnew(t *testing.T) {
	registry := prometheus.NewRegistry()
	path := filepath.Join(t.TempDir(), "keys.json")
	ring, _, err := signing.OpenRing(path, true)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	group, _ := topics.GroupNamed(topics.Router)
	process, err := New(Settings{Instance: "a", Groups: []topics.Group{group}, Clock: processors.SystemClock(), Keys: ring,
		Registry: registry, Log: zerolog.New(&log)})
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan os.Signal)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		process.keys.follow(ctx, asked)
	}()
	if _, err := signing.Add(path); err != nil {
		t.Fatal(err)
	}
	asked <- os.Interrupt
	asked <- os.Interrupt // taken when the first has been dealt with
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	asked <- os.Interrupt
	asked <- os.Interrupt
	cancel()
	<-done
	if keys, stale := value(t, registry, "campaign_engine_signing_keys{}"),
		value(t, registry, "campaign_engine_signing_keys_stale{}"); keys != 2 || stale != 1 {
		t.Errorf("%v keys, stale: %v", keys, stale)
	}
	if text := log.String(); !strings.Contains(text, "the keys have changed") || !strings.Contains(text, "cannot be used as it is now") {
		t.Errorf("it has told %s", text)
	}
}

func TestTheRouterNeedsKeys(t *testing.T) {
	group, _ := topics.GroupNamed(topics.Router)
	_, err := New(Settings{Instance: "a", Groups: []topics.Group{group}, Clock: processors.SystemClock()})
	if err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("without any it says %v", err)
	}
}
