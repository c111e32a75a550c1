package run

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/topics"
	"github.com/rmn-arms/campaign-engine/topics/fakebroker"
)

// prepared returns a process of a fresh in-process cluster, what it logs, and the cluster's admin.
func prepared(t *testing.T) (*Process, *bytes.Buffer, *kadm.Client) {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	fakebroker.Quiet(cluster)
	connect := []kgo.Opt{kgo.SeedBrokers(cluster.ListenAddrs()...)}
	client, err := kgo.NewClient(connect...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	var logged bytes.Buffer
	process, err := New(Settings{
		Connect: connect, Instance: "test", Groups: topics.Transacted(), Clock: processors.SystemClock(),
		Topics: topics.Options{Partitions: 2, Connection: "--brokers k1:9092"}, Log: zerolog.New(&logged), Keys: testKeys(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	return process, &logged, kadm.NewClient(client)
}

func alter(t *testing.T, admin *kadm.Client, topic topics.Name, setting, value string) {
	t.Helper()
	answers, err := admin.AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Name: setting, Value: &value}}, string(topic))
	if err != nil || answers[0].Err != nil {
		t.Fatalf("setting %s of %s: %v, %v", setting, topic, err, answers)
	}
}

// TestDifferencesAreLoggedAtEveryStart: what keeps nobody from starting is told all the same, with what mends it.
func TestDifferencesAreLoggedAtEveryStart(t *testing.T) {
	process, logged, admin := prepared(t)
	start := func() string {
		t.Helper()
		logged.Reset()
		if err := process.lookAtTopics(t.Context()); err != nil {
			t.Fatal(err)
		}
		return logged.String()
	}
	if text := start(); !strings.Contains(text, `"created the topics that were missing"`) || strings.Contains(text, `"warn"`) {
		t.Errorf("the first start logs\n%s", text)
	}
	if text := start(); text != "" {
		t.Errorf("where all is as it should be it logs\n%s", text)
	}
	alter(t, admin, topics.CampaignEvents, "retention.ms", "1000")
	alter(t, admin, topics.DeadLetters, "retention.ms", "1000")
	const want = `{"level":"error","to_mend_it":"campaignd topics apply --partitions 2 --brokers k1:9092",` +
		`"message":"campaign-events: retention.ms is 1000, but should be -1: records will be lost"}
{"level":"warn","to_mend_it":"campaignd topics apply --partitions 2 --brokers k1:9092",` +
		`"message":"dead-letters: retention.ms is 1000, but should be 7776000000"}
`
	for range 2 {
		if text := start(); text != want {
			t.Errorf("it logs\n%s\nwant\n%s", text, want)
		}
	}
}

// TestWhatIsSetRightOnTheWayIsLogged: a start that creates topics mends the settings of those that there are.
func TestWhatIsSetRightOnTheWayIsLogged(t *testing.T) {
	process, logged, admin := prepared(t)
	if _, err := admin.CreateTopic(t.Context(), 2, 1, nil, string(topics.CampaignEvents)); err != nil {
		t.Fatal(err)
	}
	if err := process.lookAtTopics(t.Context()); err != nil {
		t.Fatal(err)
	}
	if text := logged.String(); !strings.Contains(text, `"was":"campaign-events: retention.ms is 604800000`) {
		t.Errorf("it logs\n%s", text)
	}
}

// endingLog ends what runs at the first line.
type endingLog struct{ end context.CancelFunc }

func (l endingLog) Write(line []byte) (int, error) {
	l.end()
	return len(line), nil
}

// TestAWaitForBrokersSaysItOnce: what /readyz shows is the reason, without the same words twice.
func TestAWaitForBrokersSaysItOnce(t *testing.T) {
	process, _, _ := prepared(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	process.settings.Connect = []kgo.Opt{kgo.SeedBrokers("127.0.0.1:1")}
	process.settings.Log = zerolog.New(endingLog{cancel})
	if err := process.ensureTopics(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("it ends with %v", err)
	}
	if got := process.waitsFor(); strings.Count(got, "reaching the brokers") != 1 || !strings.Contains(got, "refused") {
		t.Errorf("it waits for %q", got)
	}
}
