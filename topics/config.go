package topics

import (
	"strconv"
	"time"
)

// Setting is one of Kafka's topic settings.
type Setting struct {
	Name  string
	Value string
	// AtLeast settings are numbers of which more is as good (-1 is without limit); the others must be equal.
	AtLeast bool
	Why     string
}

// The settings that are named more than once, and the value that takes a limit away.
const (
	cleanupPolicy     = "cleanup.policy"
	maxMessageBytes   = "max.message.bytes"
	minInsyncReplicas = "min.insync.replicas"
	retentionTime     = "retention.ms"
	retentionBytes    = "retention.bytes"
	unlimited         = "-1"
)

// replicasForQuorum is the replication factor from which a write can wait for a second broker and still survive the
// loss of one.
const replicasForQuorum = 3

// Settings returns what the topic is to be set to with so many replicas, in a fixed order. Everything that a promise
// rests on is set, so that a broker's defaults decide nothing.
func (s Stream) Settings(replicas int) []Setting {
	settings := []Setting{
		{Name: cleanupPolicy, Value: string(s.Cleanup), Why: "what goes, and what stays"},
		{Name: maxMessageBytes, Value: strconv.Itoa(s.MaxMessageBytes), AtLeast: true, Why: s.whyMaxMessageBytes()},
		{Name: "message.timestamp.type", Value: "CreateTime", Why: "a record's time is its producer's, on a replay too"},
	}
	if s.Cleanup == Compact {
		settings = append(settings, compactSettings()...)
	} else {
		settings = append(settings, s.retentionSettings()...)
	}
	if replicas >= replicasForQuorum {
		settings = append(settings, Setting{Name: minInsyncReplicas, Value: "2", AtLeast: true,
			Why: "what was acknowledged survives the loss of one broker"})
	}
	return settings
}

func (s Stream) whyMaxMessageBytes() string {
	if s.Source != "" {
		return "a record over the contract's limit comes in and becomes a dead letter that somebody sees"
	}
	return "nothing that was accepted may fail to be written"
}

func (s Stream) retentionSettings() []Setting {
	kept := unlimited
	if s.Retention != Forever {
		kept = milliseconds(s.Retention)
	}
	return []Setting{
		{Name: retentionTime, Value: kept, AtLeast: true, Why: "how long each topic is kept, and why, is said with the topic"},
		{Name: retentionBytes, Value: unlimited, AtLeast: true, Why: "age alone decides, never the amount"},
	}
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// compactSettings keep a compacted topic short, since a recovery reads all of it, and so does a device.
func compactSettings() []Setting {
	return []Setting{
		{Name: "segment.bytes", Value: strconv.Itoa(64 << 20),
			Why: "the newest segment is never compacted: small ones bound what a recovery reads twice"},
		{Name: "segment.ms", Value: milliseconds(10 * time.Minute),
			Why: "the newest segment is closed, and so compacted, in quiet partitions too"},
		{Name: "min.cleanable.dirty.ratio", Value: "0.2",
			Why: "compaction begins when a fifth is old rows, not half"},
		{Name: "max.compaction.lag.ms", Value: milliseconds(10 * time.Minute),
			Why: "an old row is gone soon, however few are written"},
		{Name: "delete.retention.ms", Value: milliseconds(24 * time.Hour), AtLeast: true,
			Why: "longer than a standby may be away: one that comes back later than a tombstone's end keeps the dead row"},
	}
}
