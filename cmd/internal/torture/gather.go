package torture

import (
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
	"github.com/rmn-arms/campaign-engine/cmd/internal/torture/oracle"
	"github.com/rmn-arms/campaign-engine/state/campaign"
	"github.com/rmn-arms/campaign-engine/state/timer"
	"github.com/rmn-arms/campaign-engine/topics"
)

// evidence is what the topics hold, read_committed.
type evidence struct {
	logs   oracle.Logs
	tables oracle.Tables
	// upTo is, per topic and partition, how far it was read.
	upTo map[string]map[int32]int64
}

func newEvidence() *evidence {
	return &evidence{
		tables: oracle.Tables{Timers: []oracle.TimerRow{}, Status: []oracle.StatusRow{}}, upTo: map[string]map[int32]int64{},
	}
}

// gather reads on, up to what is committed now. It returns how many records came, per topic.
func (e *evidence) gather(ctx context.Context, a *admin) (map[string]int, error) {
	ends, err := a.kadm.ListCommittedOffsets(ctx, kept()...)
	if err != nil {
		return nil, fmt.Errorf("listing last stable offsets: %w", err)
	}
	left, from := map[kafkatest.Partition]int64{}, map[string]map[int32]kgo.Offset{}
	ends.Each(func(end kadm.ListedOffset) {
		if end.Err != nil {
			err = end.Err
		}
		at := e.upTo[end.Topic][end.Partition]
		if at >= end.Offset {
			return
		}
		left[kafkatest.Partition{Topic: end.Topic, Number: end.Partition}] = end.Offset
		if from[end.Topic] == nil {
			from[end.Topic] = map[int32]kgo.Offset{}
		}
		from[end.Topic][end.Partition] = kgo.NewOffset().At(at)
	})
	if err != nil || len(left) == 0 {
		return nil, err
	}
	return e.read(ctx, a.addresses, from, left)
}

// kept are the topics that tell the story: all but the loops, which the engine empties.
func kept() []string {
	return slices.DeleteFunc(names(), func(name string) bool {
		return slices.ContainsFunc(topics.Groups(), func(g topics.Group) bool { return string(g.Loop) == name })
	})
}

func (e *evidence) read(
	ctx context.Context, addresses []string, from map[string]map[int32]kgo.Offset, left map[kafkatest.Partition]int64,
) (map[string]int, error) {
	reader, err := kgo.NewClient(kgo.SeedBrokers(addresses...), kgo.ConsumePartitions(from), kgo.KeepControlRecords(),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	defer reader.Close()
	counts := map[string]int{}
	err = kafkatest.ReadTo(ctx, reader, left, func(r *kgo.Record) error {
		if e.upTo[r.Topic] == nil {
			e.upTo[r.Topic] = map[int32]int64{}
		}
		e.upTo[r.Topic][r.Partition] = r.Offset + 1
		if r.Attrs.IsControl() {
			return nil
		}
		counts[r.Topic]++
		return e.take(r)
	})
	if err != nil {
		return nil, err
	}
	return counts, nil
}

// take puts a record where the oracle wants it.
func (e *evidence) take(r *kgo.Record) error {
	record := oracle.Record{
		Partition: r.Partition, Offset: r.Offset, Timestamp: r.Timestamp.UnixMilli(), Key: string(r.Key), Value: r.Value,
	}
	switch topics.Name(r.Topic) {
	case topics.CampaignEvents:
		record.Headers = map[string]string{}
		for _, h := range r.Headers {
			record.Headers[h.Key] = string(h.Value)
		}
		e.logs.Events = append(e.logs.Events, record)
	case topics.TransitionsDue:
		e.logs.Due = append(e.logs.Due, record)
	case topics.TransitionsApplied:
		e.logs.Applied = append(e.logs.Applied, record)
	case topics.TransitionsRejected:
		e.logs.Rejected = append(e.logs.Rejected, record)
	case topics.DeadLetters:
		e.logs.DeadLetters = append(e.logs.DeadLetters, record)
	case topics.CampaignEngineTimersTable:
		return e.takeTimer(r)
	case topics.CampaignEngineLifecycleTable:
		return e.takeStatus(r)
	}
	return nil
}

// takeTimer reads a row of the sequencer. The engine's codec says what the bytes mean, and nothing else of the engine's is
// used.
func (e *evidence) takeTimer(r *kgo.Record) error {
	var row timer.Row
	if err := row.UnmarshalBinary(r.Value); err != nil {
		return fmt.Errorf("reading the row at %s: %w", at(r), err)
	}
	told := oracle.TimerRow{
		Campaign: string(r.Key), At: at(r), Partition: r.Partition,
		Revision: row.Revision, DecidedAt: int64(row.DecidedAt), Settled: row.Settled,
		StartsAt: int64(row.StartsAt), EndsAt: int64(row.EndsAt), GraceMs: int64(row.Grace), Alarms: map[string]int64{},
	}
	switch row.Result {
	case timer.Completed:
		told.Closed = string(timer.DueEnd)
	case timer.Cancelled:
		told.Closed = string(timer.DueCancel)
	}
	for kind, t := range row.Timers {
		if t.Armed {
			told.Alarms[string(timer.Kind(kind).Transition())] = int64(t.At)
		}
	}
	e.tables.Timers = append(e.tables.Timers, told)
	return nil
}

// takeStatus reads a row of the lifecycle.
func (e *evidence) takeStatus(r *kgo.Record) error {
	var row campaign.Row
	if err := row.UnmarshalBinary(r.Value); err != nil {
		return fmt.Errorf("reading the row at %s: %w", at(r), err)
	}
	e.tables.Status = append(e.tables.Status, oracle.StatusRow{
		Campaign: string(r.Key), At: at(r), Partition: r.Partition,
		Status: string(row.Status), Revision: row.Revision, Sequence: row.Sequence,
		WasActive: row.EverActive, Settled: row.Settled, StartsAt: int64(row.StartsAt), EndsAt: int64(row.EndsAt),
		Position: row.Position, DecidedAt: int64(row.DecidedAt),
	})
	return nil
}

func at(r *kgo.Record) string { return fmt.Sprintf("%s/%d/%d", r.Topic, r.Partition, r.Offset) }
