package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/topics"
	"github.com/rmn-arms/campaign-engine/topics/fakebroker"
)

// broker returns the address of a fresh in-process broker, and its admin.
func broker(t *testing.T) (string, *kadm.Client) {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1))
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
	return c.ListenAddrs()[0], kadm.NewClient(client)
}

func TestPlanSaysInItsExitCodeWhetherTheEngineStarts(t *testing.T) {
	address, admin := broker(t)
	expect := func(code int, partitions, why string) {
		t.Helper()
		if got := realMain([]string{"topics", "plan", "--brokers", address, "--partitions", partitions}); got != code {
			t.Errorf("%s: exit code %d, want %d", why, got, code)
		}
	}
	expect(exitDiffers, "2", "topics are missing")
	if code := realMain([]string{"topics", "apply", "--brokers", address, "--partitions", "2"}); code != exitClean {
		t.Fatalf("apply ends with %d", code)
	}
	expect(exitClean, "2", "all is as it should be")
	expect(exitFailed, "3", "another number of partitions")
	value := "1000"
	if _, err := admin.AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Name: "retention.ms", Value: &value}},
		string(topics.CampaignEvents)); err != nil {
		t.Fatal(err)
	}
	expect(exitDiffers, "2", "a setting that does not block")
}

func TestApplyListsWhatItLeaves(t *testing.T) {
	stream, _ := topics.StreamNamed(topics.TransitionsDue)
	topic := topics.Topic{Name: stream.Name, Partitions: 2, Replicas: 1, Settings: map[string]string{}}
	for _, setting := range stream.Settings(topic.Replicas) {
		topic.Settings[setting.Name] = setting.Value
	}
	told := func(replicas int16) string {
		return applied(topics.Compare([]topics.Stream{stream}, []topics.Topic{topic}, topics.Options{Partitions: 2, Replicas: replicas}))
	}
	if text := told(1); text != "nothing to do: the topics are as the engine needs them\n" {
		t.Errorf("where nothing differs it says %q", text)
	}
	const left = `left as it is, for it cannot be done here:
  transitions-due has replication factor 1, not 3 (kafka-reassign-partitions.sh gives an existing topic more or fewer replicas)
`
	if diff := cmp.Diff(left, told(3)); diff != "" {
		t.Errorf("another replication factor (-want +got):\n%s", diff)
	}
	topic.Settings["retention.ms"] = "1000"
	const done = `done:
  transitions-due: retention.ms is 1000, but should be -1: records will be lost
`
	if diff := cmp.Diff(done+left, told(3)); diff != "" {
		t.Errorf("a setting too (-want +got):\n%s", diff)
	}
}
