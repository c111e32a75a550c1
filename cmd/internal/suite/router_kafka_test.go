//go:build kafka

package suite

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/cmd/internal/signing"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// routers start campaignd with the router alone, which signs with the same keys wherever it runs.
func (d *deployment) routers() (start func(instance string) *engine) {
	d.t.Helper()
	keys := filepath.Join(d.t.TempDir(), "keys.json")
	if _, err := signing.Add(keys); err != nil {
		d.t.Fatal(err)
	}
	return func(instance string) *engine {
		d.t.Helper()
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(proctest.Port(d.t)))
		return &engine{proctest.Start(d.t, proctest.Command{Path: d.binary, Args: []string{
			"run", "--brokers", d.cluster.Brokers()[0], "--instance-id", instance, "--http-listen", address,
			"--processors", topics.Router, "--signing-keys", keys,
		}}), "http://" + address}
	}
}

// commands publishes one command of a revision to each device of each store, and returns their values by store.
func (d *deployment) commands(stores, devices int, revision int64, sent map[string][]string) {
	d.t.Helper()
	until := schemas.Instant(time.Now().Add(24 * time.Hour).UnixMilli())
	var records []*kgo.Record
	for s := range stores {
		for n := range devices {
			store, device := fmt.Sprintf("s-%d", s), fmt.Sprintf("s-%d.d-%d", s, n)
			id := schemas.CommandID(device, revision)
			value, err := topics.EncodeCommand(&schemas.Event[schemas.Command]{
				SpecVersion: schemas.SpecVersion, ID: id + "/1", Source: schemas.Source, Type: schemas.DeviceCommand, Subject: store,
				DataContentType: schemas.DataContentType, Time: &until, Data: schemas.Command{
					CommandID: id, DeviceID: device, StoreID: store, PlaylistRevision: revision, Attempt: 1, ValidUntil: until,
					Playlist: []schemas.PlaylistEntry{},
				},
			})
			d.must(err)
			sent[store] = append(sent[store], string(value))
			records = append(records, &kgo.Record{Topic: string(topics.DeviceCommands), Key: []byte(store), Value: value})
		}
	}
	d.publish(d.client, records...)
}

// routed is how many commands the router's group has committed to be behind it, markers not counted: none are in its input.
func (d *deployment) routed() (sum int64) {
	d.t.Helper()
	group, _ := topics.GroupNamed(topics.Router)
	committed, err := kadm.NewClient(d.client).FetchOffsets(d.ctx, group.ID())
	d.must(err)
	committed.Each(func(at kadm.OffsetResponse) { sum += max(0, at.At) })
	return sum
}

// TestCommandsOnRealBrokers: the router is killed and stopped past its session, and another one takes over. Each command is in
// its store's topic once, in order, and what HTTP serves verifies it.
func TestCommandsOnRealBrokers(t *testing.T) {
	d := deploy(t)
	start := d.routers()
	const stores, devices, rounds = 400, 4, 5
	sent := map[string][]string{}
	one, two := start("one"), start("two")
	d.ready(one, two)
	d.commands(stores, devices, 1, sent)
	d.awaitRouted(stores * devices / 3)
	d.must(one.Kill())
	one = start("one")
	for round := int64(2); round <= rounds; round++ {
		d.commands(stores, devices, round, sent)
	}
	d.awaitRouted(2 * stores * devices)
	d.must(two.Pause())
	d.awaitRouted(3 * stores * devices)
	d.must(two.Continue())
	d.must(one.Kill())
	one = start("one")
	d.awaitRouted(rounds * stores * devices)
	d.ready(one, two)
	d.checkRouted(sent, verifierOf(t, one.http))
}

func (d *deployment) awaitRouted(count int) {
	d.t.Helper()
	d.must(proctest.Await(d.ctx, func(ctx context.Context) error {
		if got := d.routed(); got < int64(count) {
			return fmt.Errorf("%d commands are routed, not %d", got, count)
		}
		return nil
	}))
}

func verifierOf(t *testing.T, address string) *signing.Verifier {
	t.Helper()
	answer, err := http.Get(address + "/.well-known/jwks.json")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	set, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := signing.ParseVerifier(set)
	if err != nil {
		t.Fatalf("%s: %v", set, err)
	}
	return verifier
}

// checkRouted compares what the stores' topics hold with what was sent.
func (d *deployment) checkRouted(sent map[string][]string, verifier *signing.Verifier) {
	d.t.Helper()
	var names []string
	for store := range sent {
		names = append(names, string(topics.StoreTopic(store)))
	}
	got := map[string][]string{}
	d.each(func(r *kgo.Record) {
		store, _ := topics.StoreOf(topics.Name(r.Topic))
		got[store] = append(got[store], string(r.Value))
		if _, err := verifier.Verify(string(r.Headers[len(r.Headers)-1].Value), r.Value); err != nil {
			d.t.Errorf("%s at %d: %v", r.Topic, r.Offset, err)
		}
	}, names...)
	for store, want := range sent {
		if !slices.Equal(got[store], want) {
			d.t.Errorf("%s: %d commands are there, not the %d that were sent", store, len(got[store]), len(want))
		}
	}
}
