package topics

import (
	"slices"
	"strconv"
	"strings"
)

// Options say how a deployment lays out its topics.
type Options struct {
	// Partitions is the count of every co-partitioned topic, at least 1.
	Partitions int32
	// Replicas is the replication factor of topics to be created; 0 or less leaves it to the broker.
	Replicas int16
	// Connection holds the switches that reach the same brokers, for the commands in hints: "--brokers k1:9092".
	Connection string
	// Run holds those that campaignd run is started with: "--brokers k1:9092 --instance-id engine-1". It reaches no brokers
	// where it brings its own.
	Run string
}

// Topic is a topic as a cluster has it.
type Topic struct {
	Name       Name
	Partitions int32
	// Replicas is the smallest number of replicas of a partition.
	Replicas int
	// Settings are the values in force, defaults included.
	Settings map[string]string
}

// Kind says in what a topic differs.
type Kind string

// The kinds of differences.
const (
	Missing        Kind = "missing"
	PartitionCount Kind = "partitions"
	CleanupPolicy  Kind = "cleanup policy"
	BatchLimit     Kind = "batch limit" // max.message.bytes is smaller than what may be written
	OtherSetting   Kind = "setting"
	Replication    Kind = "replication"
)

// Difference is one thing in which a topic is not as wanted.
type Difference struct {
	Topic Name
	Kind  Kind
	// Setting is the Kafka setting, for the kinds that are one.
	Setting string
	// Want and Have are the values; Have is empty where there is nothing.
	Want, Have string
	// Blocks says that the engine must not start with it.
	Blocks bool
	// Loses says that with it Kafka deletes records that are to be kept for ever.
	Loses bool
}

// Plan is what stands between the topics of a cluster and those that are wanted, in the order of the table.
type Plan struct {
	Differences []Difference

	options Options
	streams map[Name]Stream
	counts  map[Name]int32 // partitions of the topics that exist
	// found is the count that all co-partitioned topics have that exist; 0 when there are none, or they disagree.
	found int32
}

// Compare finds in what the topics of a cluster differ from those that are wanted. Topics of others are not looked at.
func Compare(want []Stream, have []Topic, options Options) Plan {
	plan := Plan{
		options: options, streams: map[Name]Stream{}, counts: map[Name]int32{}, found: commonCount(want, have),
	}
	for _, stream := range want {
		plan.streams[stream.Name] = stream
		at := slices.IndexFunc(have, func(t Topic) bool { return t.Name == stream.Name })
		if at < 0 {
			plan.Differences = append(plan.Differences, Difference{
				Topic: stream.Name, Kind: Missing, Want: stream.Summary(options), Blocks: true,
			})
			continue
		}
		plan.counts[stream.Name] = have[at].Partitions
		plan.Differences = append(plan.Differences, compareLayout(stream, have[at], options)...)
		plan.Differences = append(plan.Differences, compareSettings(stream, have[at])...)
	}
	return plan
}

// Of returns the differences of the kinds.
func (p Plan) Of(kinds ...Kind) []Difference {
	return p.where(func(d Difference) bool { return slices.Contains(kinds, d.Kind) })
}

// Blocking returns the differences with which the engine must not start.
func (p Plan) Blocking() []Difference { return p.where(func(d Difference) bool { return d.Blocks }) }

// Startable says that the engine starts with it: at most topics are missing, and those it creates. Where others differ as
// well nothing is created, for who set them up wrongly has to be told first.
func (p Plan) Startable() bool { return len(p.Blocking()) == len(p.Of(Missing)) }

// Pending returns the differences that Apply mends: topics to create and settings to alter.
func (p Plan) Pending() []Difference { return p.Of(Missing, CleanupPolicy, BatchLimit, OtherSetting) }

// Left returns the differences that Apply leaves as they are.
func (p Plan) Left() []Difference { return p.Of(PartitionCount, Replication) }

func (p Plan) where(holds func(Difference) bool) []Difference {
	var some []Difference
	for _, difference := range p.Differences {
		if holds(difference) {
			some = append(some, difference)
		}
	}
	return some
}

func compareLayout(stream Stream, topic Topic, options Options) []Difference {
	var differences []Difference
	if want := stream.Partitions.Count(options.Partitions); topic.Partitions != want {
		differences = append(differences, Difference{
			Topic: stream.Name, Kind: PartitionCount,
			Want: strconv.Itoa(int(want)), Have: strconv.Itoa(int(topic.Partitions)), Blocks: true,
		})
	}
	if want := int(options.Replicas); want > 0 && topic.Replicas != want {
		differences = append(differences, Difference{
			Topic: stream.Name, Kind: Replication, Want: strconv.Itoa(want), Have: strconv.Itoa(topic.Replicas),
		})
	}
	return differences
}

func compareSettings(stream Stream, topic Topic) []Difference {
	var differences []Difference
	for _, setting := range stream.Settings(topic.Replicas) {
		have := topic.Settings[setting.Name]
		if setting.satisfiedBy(have) {
			continue
		}
		difference := Difference{
			Topic: stream.Name, Kind: OtherSetting, Setting: setting.Name, Want: setting.Value, Have: have,
		}
		switch setting.Name {
		case cleanupPolicy:
			difference.Kind, difference.Blocks = CleanupPolicy, true
		case maxMessageBytes:
			// In a topic that the engine writes, a full batch would be refused, and its transaction with it, for ever.
			difference.Kind, difference.Blocks = BatchLimit, stream.Source == ""
		case retentionTime, retentionBytes:
			difference.Loses = stream.Retention == Forever
		}
		differences = append(differences, difference)
	}
	return differences
}

// satisfiedBy compares by value: Kafka may write a number or a list in another way than it was given.
func (s Setting) satisfiedBy(have string) bool {
	if s.Value == have {
		return true
	}
	want, wantErr := strconv.ParseFloat(s.Value, 64)
	got, gotErr := strconv.ParseFloat(have, 64)
	if wantErr != nil || gotErr != nil {
		return slices.Equal(sortedList(s.Value), sortedList(have))
	}
	if s.AtLeast {
		return got < 0 || want >= 0 && got >= want
	}
	return got == want
}

func sortedList(value string) []string {
	var items []string
	for item := range strings.SplitSeq(value, ",") {
		items = append(items, strings.TrimSpace(item))
	}
	slices.Sort(items)
	return items
}

// commonCount returns the count that all existing co-partitioned topics share, or 0.
func commonCount(want []Stream, have []Topic) int32 {
	var counts []int32
	for _, stream := range want {
		for _, topic := range have {
			if topic.Name == stream.Name && stream.Partitions == CoPartitioned {
				counts = append(counts, topic.Partitions)
			}
		}
	}
	if len(counts) == 0 || slices.Min(counts) != slices.Max(counts) {
		return 0
	}
	return counts[0]
}
