//go:build kafka

package processors_test

import (
	"context"
	"flag"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/topics"
)

var (
	kafka = flag.String("kafka", "", "a broker of Apache Kafka that nobody else uses: all topics and groups on it are deleted")
	every = flag.Bool("every", false, "play all scenarios on it, not some of each kind")
)

// onKafka are the scenarios that are played on Apache Kafka, too: some of each kind, since each takes a second there.
func onKafka(t *testing.T) (names []string) {
	if *every {
		paths, err := filepath.Glob(filepath.Join("testdata", "scenarios", "*.txt"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if loadScript(t, path).isFor(deploymentKind{name: "kafka"}) {
				names = append(names, strings.TrimSuffix(filepath.Base(path), ".txt"))
			}
		}
		return names
	}
	return []string{
		"start-and-end", "pause-and-resume", "dst-gap", "bad-rules", "plays-active", "plays-over-budget", "plays-after-lock",
		"devices-24h", "devices-changes", "devices-come-and-go",
	}
}

// TestScenariosOnKafka plays scenarios on the real engine over Apache Kafka and in a simulation, and wants the same facts from
// both: those of the script (transitions, statements, what the last playlists are), and byte for byte the same records of
// transitions, statements and releases. The suite of cmd starts the broker and this test.
func TestScenariosOnKafka(t *testing.T) {
	if *kafka == "" {
		t.Fatal("it is run by cmd/internal/suite: make test-kafka")
	}
	for _, name := range onKafka(t) {
		t.Run(name, func(t *testing.T) {
			s := loadScript(t, filepath.Join("testdata", "scenarios", name+".txt"))
			simulated := playScript(t, s, deploymentKind{"simulation", deploySimulated}, checking).chronicle.values
			s = loadScript(t, filepath.Join("testdata", "scenarios", name+".txt"))
			live := playScript(t, s, deploymentKind{"kafka", deployOnKafka}, checking).chronicle.values
			if diff := cmp.Diff(simulated, live); diff != "" {
				t.Errorf("the engine on Kafka tells other records than the simulation (-simulation +kafka):\n%s", diff)
			}
		})
	}
}

func deployOnKafka(t *testing.T, s setup) deployment {
	t.Helper()
	empty(t)
	d := newBrokerAt(t, s, []string{*kafka})
	d.faulty = true // a member may have to join again while its group comes together; what it tells is to be the same
	d.commitsLag = true
	d.keepLooking()
	d.start(s.settings)
	return d
}

// keepLooking has settle look again all the time: here what a commit has changed is seen a moment after it is known to be committed.
func (d *brokerDeployment) keepLooking() {
	look := time.NewTicker(5 * time.Millisecond)
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case <-look.C:
				d.signal()
			case <-ended:
				return
			}
		}
	}()
	d.t.Cleanup(func() {
		look.Stop()
		close(ended)
	})
}

// empty deletes all groups and topics of the scenario before.
func empty(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), brokerDeadline)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(*kafka))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	groups, err := admin.ListGroups(ctx)
	if err != nil {
		t.Fatal(err)
	}
	deleted, err := admin.DeleteGroups(ctx, groups.Groups()...)
	if err == nil {
		err = deleted.Error()
	}
	if err != nil {
		t.Fatal(err)
	}
	gone, err := admin.DeleteTopics(ctx, ours(ctx, t, client)...)
	if err == nil {
		err = gone.Error()
	}
	if err != nil {
		t.Fatal(err)
	}
	// The controller answers before the broker has heard of it: who looked meanwhile for what is missing would find nothing.
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for left := ours(ctx, t, client); len(left) > 0; left = ours(ctx, t, client) {
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatalf("still there after %s: %q", brokerDeadline, left)
		}
	}
}

// ours are the topics that the broker tells of now and a scenario has made; kadm would tell what it was told lately.
func ours(ctx context.Context, t *testing.T, client *kgo.Client) (names []string) {
	t.Helper()
	there, err := kmsg.NewPtrMetadataRequest().RequestWith(ctx, client)
	if err != nil {
		t.Fatal(err)
	}
	for _, topic := range there.Topics {
		name := *topic.Topic
		if _, known := topics.StreamNamed(topics.Name(name)); known || strings.HasPrefix(name, string(topics.DeviceCommands)) {
			names = append(names, name)
		}
	}
	return names
}
