package topics_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rmn-arms/campaign-engine/topics"
)

// asWanted returns topics that are as the options say.
func asWanted(options topics.Options) []topics.Topic {
	replicas := max(1, int(options.Replicas))
	var have []topics.Topic
	for _, stream := range topics.Streams() {
		settings := map[string]string{}
		for _, setting := range stream.Settings(replicas) {
			settings[setting.Name] = setting.Value
		}
		have = append(have, topics.Topic{
			Name: stream.Name, Partitions: stream.Partitions.Count(options.Partitions), Replicas: replicas, Settings: settings,
		})
	}
	return have
}

// changed returns have with the topic changed.
func changed(have []topics.Topic, name topics.Name, change func(*topics.Topic)) []topics.Topic {
	at := slices.IndexFunc(have, func(t topics.Topic) bool { return t.Name == name })
	change(&have[at])
	return have
}

func set(setting, value string) func(*topics.Topic) {
	return func(t *topics.Topic) { t.Settings[setting] = value }
}

func counted(n int32) func(*topics.Topic) { return func(t *topics.Topic) { t.Partitions = n } }

func texts(differences []topics.Difference) []string {
	var all []string
	for _, difference := range differences {
		text := difference.String()
		if difference.Blocks {
			text = "BLOCKS " + text
		}
		all = append(all, text)
	}
	return all
}

func TestCompareOneTopic(t *testing.T) {
	for _, c := range []struct {
		name   string
		topic  topics.Name
		change func(*topics.Topic)
		want   []string
	}{
		{"as wanted", topics.TransitionsDue, counted(8), nil},
		{"fewer partitions", topics.TransitionsDue, counted(4), []string{"BLOCKS transitions-due has 4 partitions, not 8"}},
		{"more partitions", topics.DeadLetters, counted(9), []string{"BLOCKS dead-letters has 9 partitions, not 8"}},
		{"a table that is not compacted", topics.CampaignEngineTimersTable, set("cleanup.policy", "delete"),
			[]string{"BLOCKS campaign-engine-timers-table: cleanup.policy is delete, but should be compact"}},
		{"a table that is compacted and cut", topics.CampaignEngineTimersTable, set("cleanup.policy", "compact,delete"),
			[]string{"BLOCKS campaign-engine-timers-table: cleanup.policy is compact,delete, but should be compact"}},
		{"a log that is compacted", topics.TransitionsDue, set("cleanup.policy", "compact"),
			[]string{"BLOCKS transitions-due: cleanup.policy is compact, but should be delete"}},
		{"smaller batches in an output", topics.TransitionsDue, set("max.message.bytes", "1048588"),
			[]string{"BLOCKS transitions-due: max.message.bytes is 1048588, but should be 4194304"}},
		{"smaller batches in an input", topics.CampaignEvents, set("max.message.bytes", "1048588"),
			[]string{"campaign-events: max.message.bytes is 1048588, but should be 8388608"}},
		{"larger batches", topics.TransitionsDue, set("max.message.bytes", "104857600"), nil},
		{"shorter retention", topics.TransitionsDue, set("retention.ms", "604800000"),
			[]string{"transitions-due: retention.ms is 604800000, but should be -1: records will be lost"}},
		{"a limited amount", topics.CampaignEvents, set("retention.bytes", "1073741824"),
			[]string{"campaign-events: retention.bytes is 1073741824, but should be -1: records will be lost"}},
		{"shorter retention of what goes anyway", topics.DeadLetters, set("retention.ms", "1000"),
			[]string{"dead-letters: retention.ms is 1000, but should be 7776000000"}},
		{"longer retention", topics.DeadLetters, set("retention.ms", "9776000000"), nil},
		{"endless retention", topics.DeadLetters, set("retention.ms", "-1"), nil},
		{"not set at all", topics.CampaignEngineTimersTable, set("min.cleanable.dirty.ratio", ""),
			[]string{"campaign-engine-timers-table: min.cleanable.dirty.ratio is not set, but should be 0.2"}},
		{"the same number in another notation", topics.CampaignEngineTimersTable, set("min.cleanable.dirty.ratio", "2e-1"), nil},
		{"other segments", topics.CampaignEngineTimersTable, set("segment.ms", "604800000"),
			[]string{"campaign-engine-timers-table: segment.ms is 604800000, but should be 600000"}},
		{"broker's timestamps", topics.CampaignEvents, set("message.timestamp.type", "LogAppendTime"),
			[]string{"campaign-events: message.timestamp.type is LogAppendTime, but should be CreateTime"}},
		{"three replicas without a quorum", topics.CampaignEvents, func(t *topics.Topic) { t.Replicas = 3 },
			[]string{"campaign-events: min.insync.replicas is not set, but should be 2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			options := topics.Options{Partitions: 8}
			plan := topics.Compare(topics.Streams(), changed(asWanted(options), c.topic, c.change), options)
			if diff := cmp.Diff(c.want, texts(plan.Differences)); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCompareReplication(t *testing.T) {
	options := topics.Options{Partitions: 8, Replicas: 3}
	plan := topics.Compare(topics.Streams(), asWanted(topics.Options{Partitions: 8}), options)
	if got := len(plan.Of(topics.Replication)); got != len(topics.Streams()) {
		t.Errorf("%d topics differ in replication, want all", got)
	}
	if len(plan.Blocking()) != 0 || len(plan.Pending()) != 0 {
		t.Errorf("another replication factor neither blocks nor can it be altered here: %s", plan)
	}
}

func TestCompareLooksAtNothingElse(t *testing.T) {
	options := topics.Options{Partitions: 8}
	have := append(asWanted(options), topics.Topic{Name: "of-somebody-else", Partitions: 3})
	if plan := topics.Compare(topics.Streams(), have, options); len(plan.Differences) != 0 {
		t.Errorf("a topic of others is in the plan: %s", plan)
	}
}

func TestMend(t *testing.T) {
	options := topics.Options{Partitions: 8, Connection: "--brokers k1:9092", Run: "--brokers k1:9092"}
	four := topics.Options{Partitions: 4}
	const never = "partitions are never added to a topic with keys, for its keys would move; " +
		"if nothing of what these hold is needed:"
	for _, c := range []struct {
		name string
		have []topics.Topic
		want []string
	}{
		{"nothing to do", asWanted(options), nil},
		{"an empty cluster", nil, []string{"campaignd topics apply --partitions 8 --brokers k1:9092"}},
		{"a setting", changed(asWanted(options), topics.TransitionsDue, set("retention.ms", "1")),
			[]string{"campaignd topics apply --partitions 8 --brokers k1:9092"}},
		{"all agree on another count", asWanted(four), []string{"campaignd run --partitions 4 --brokers k1:9092"}},
		{"only the input exists, with another count", asWanted(four)[:1], []string{
			"campaignd topics apply --partitions 4 --brokers k1:9092", "campaignd run --partitions 4 --brokers k1:9092",
		}},
		{"an output disagrees", changed(asWanted(options), topics.TransitionsDue, counted(4)), []string{
			never, "kafka-topics.sh --bootstrap-server BROKERS --delete --topic 'transitions-due'",
			"campaignd topics apply --partitions 8 --brokers k1:9092",
		}},
		{"the input disagrees, and what it holds cannot be made again",
			changed(asWanted(options)[:3], topics.CampaignEvents, counted(12)), []string{
				never, "kafka-topics.sh --bootstrap-server BROKERS --delete --topic 'transitions-applied|transitions-due'",
				"campaignd topics apply --partitions 12 --brokers k1:9092", "campaignd run --partitions 12 --brokers k1:9092",
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan := topics.Compare(topics.Streams(), c.have, options)
			if diff := cmp.Diff(c.want, plan.Mend()); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
		})
	}
}

// What starts the engine again is what it was started with, the count apart.
func TestMendKeepsTheSwitchesOfRun(t *testing.T) {
	options := topics.Options{Partitions: 8, Connection: "--brokers k1:9092", Run: "--brokers k1:9092 --instance-id engine-1"}
	plan := topics.Compare(topics.Streams(), asWanted(topics.Options{Partitions: 4})[:1], options)
	want := []string{
		"campaignd topics apply --partitions 4 --brokers k1:9092",
		"campaignd run --partitions 4 --brokers k1:9092 --instance-id engine-1",
	}
	if diff := cmp.Diff(want, plan.Mend()); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

func TestMendNamesTheReplicationFactor(t *testing.T) {
	plan := topics.Compare(topics.Streams(), nil, topics.Options{Partitions: 8, Replicas: 3})
	want := []string{"campaignd topics apply --partitions 8 --replication-factor 3"}
	if diff := cmp.Diff(want, plan.Mend()); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

func TestPlanReadsWell(t *testing.T) {
	options := topics.Options{Partitions: 8}
	have := changed(asWanted(options), topics.TransitionsDue, set("retention.ms", "604800000"))
	have = changed(have, topics.DeadLetters, counted(3))[1:]
	const want = `+ campaign-events is missing (8 partitions, kept forever, batches up to 8 MiB)
~ transitions-due: retention.ms is 604800000, but should be -1: records will be lost
! dead-letters has 3 partitions, not 8

To mend it:
  partitions are never added to a topic with keys, for its keys would move; if nothing of what these hold is needed:
  kafka-topics.sh --bootstrap-server BROKERS --delete --topic 'dead-letters'
  campaignd topics apply --partitions 8
`
	if diff := cmp.Diff(want, topics.Compare(topics.Streams(), have, options).String()); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	if text := topics.Compare(topics.Streams(), asWanted(options), options).String(); strings.Count(text, "\n") != 1 {
		t.Errorf("a plan without differences says %q", text)
	}
}
