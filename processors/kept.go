package processors

import (
	"github.com/rmn-arms/campaign-engine/processors/sink"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
	"github.com/rmn-arms/campaign-engine/topics"
)

// The words of a sink about what it reads, and those of the database.

// inputsOf returns the names of the topics that a group reads.
func inputsOf(short string) []string {
	group, _ := topics.GroupNamed(short)
	var names []string
	for _, name := range group.Inputs {
		names = append(names, string(name))
	}
	return names
}

func topicIDs(ids map[string]sink.TopicID) map[string]pgstore.TopicID {
	known := make(map[string]pgstore.TopicID, len(ids))
	for name, id := range ids {
		known[name] = pgstore.TopicID(id)
	}
	return known
}

func positionsOf(kept map[pgstore.Partition]int64) map[sink.Partition]int64 {
	positions := make(map[sink.Partition]int64, len(kept))
	for partition, position := range kept {
		positions[sink.Partition(partition)] = position
	}
	return positions
}

func advances(moves []sink.Move) []pgstore.Advance {
	all := make([]pgstore.Advance, len(moves))
	for i, m := range moves {
		all[i] = pgstore.Advance{
			Partition: pgstore.Partition(m.Partition), From: m.From, Next: m.Next, TopicID: pgstore.TopicID(m.TopicID),
		}
	}
	return all
}
