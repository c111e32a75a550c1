package topics_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/topics"
)

func TestEveryTopicHasOneWriter(t *testing.T) {
	for _, stream := range topics.Streams() {
		writers := topics.Writers(stream.Name)
		if stream.Source != "" {
			writers = append(writers, stream.Source)
		}
		if stream.Name == topics.DeadLetters {
			continue // see TestDeadLettersCannotClash
		}
		if len(writers) != 1 {
			t.Errorf("%s is written by %q: a topic has one writer, so that its order means something", stream.Name, writers)
		}
	}
}

// The id of a dead letter is the position of what was refused: unique as long as no input is refused by two groups.
func TestDeadLettersCannotClash(t *testing.T) {
	refusedBy := map[topics.Name][]string{}
	for _, short := range topics.Writers(topics.DeadLetters) {
		group, _ := topics.GroupNamed(short)
		for _, input := range group.Inputs {
			refusedBy[input] = append(refusedBy[input], short)
		}
	}
	for input, groups := range refusedBy {
		if len(groups) > 1 {
			t.Errorf("%s is refused by %q: two dead letters would have one id; leave it to one of them", input, groups)
		}
	}
}

func TestGroupsAndTableAgree(t *testing.T) {
	for _, group := range topics.Groups() {
		if group.Does == "" || len(group.Inputs) == 0 {
			t.Errorf("%s: what it does and reads must be said", group.Short)
		}
		// goka's own names, which cannot be chosen.
		if want := topics.Name(group.ID() + "-table"); group.Table != "" && group.Table != want {
			t.Errorf("%s: goka calls its table %s, not %s", group.Short, want, group.Table)
		}
		if want := topics.Name(group.ID() + "-loop"); group.Loop != "" && group.Loop != want {
			t.Errorf("%s: goka calls its loop %s, not %s", group.Short, want, group.Loop)
		}
		for _, name := range append(group.Reads(), group.Writes()...) {
			stream, is := topics.StreamNamed(name)
			if !is {
				t.Errorf("%s touches %s, which is not in the table", group.Short, name)
			}
			if slices.Contains(group.Reads(), name) && stream.Partitions != topics.CoPartitioned {
				t.Errorf("%s reads %s, which is not co-partitioned with its table", group.Short, name)
			}
		}
		if table, _ := topics.StreamNamed(group.Table); group.Table != "" && table.Cleanup != topics.Compact {
			t.Errorf("%s: its table must be compacted, or rows would be lost or kept for ever", group.Short)
		}
	}
	for _, stream := range topics.Streams() {
		readers := topics.Readers(stream.Name)
		if stream.Audience == "" && len(readers) == 0 {
			t.Errorf("%s is read by nobody", stream.Name)
		}
		if stream.Internal() && (len(readers) != 1 || stream.Source != "" || stream.Audience != "") {
			t.Errorf("%s is internal: one group reads and writes it, and nobody else", stream.Name)
		}
	}
}

func TestTransacted(t *testing.T) {
	var names []string
	for _, group := range topics.Transacted() {
		names = append(names, group.Short)
	}
	want := []string{
		topics.Timers, topics.Lifecycle, topics.Budgets, topics.Placements, topics.Devices, topics.Stores, topics.Router,
		topics.Readiness,
	}
	if !slices.Equal(names, want) {
		t.Errorf("%q are transacted, want %q", names, want)
	}
}

// A transactional id is <group>-<instance>: if one group's id with its "-" began another's, an instance of the first
// could bear the transactional id of the second and fence it.
func TestTransactionalIDsAreUnambiguous(t *testing.T) {
	for _, a := range topics.Groups() {
		for _, b := range topics.Groups() {
			if a.Short != b.Short && strings.HasPrefix(b.ID(), a.ID()+"-") {
				t.Errorf("group %s begins with %s-: choose another name", b.ID(), a.ID())
			}
		}
	}
}

func TestStreamsOf(t *testing.T) {
	timers, _ := topics.GroupNamed(topics.Timers)
	var names []topics.Name
	for _, stream := range topics.StreamsOf(timers) {
		names = append(names, stream.Name)
	}
	want := []topics.Name{
		topics.CampaignEvents, topics.TransitionsDue, topics.DeadLetters,
		topics.CampaignEngineTimersTable, topics.CampaignEngineTimersLoop,
	}
	if !slices.Equal(names, want) {
		t.Errorf("timers touches %q, want %q", names, want)
	}
	if all := topics.StreamsOf(topics.Groups()...); len(all) != len(topics.Streams()) {
		t.Errorf("all groups together touch %d of %d topics", len(all), len(topics.Streams()))
	}
}
