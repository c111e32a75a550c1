package processors_test

import (
	"context"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/table"
	"github.com/rmn-arms/campaign-engine/topics"
)

// reading follows all topics that the engines write, read_committed.
type reading struct {
	d      *brokerDeployment
	client *kgo.Client
	// at are the positions behind what was read, markers included; ends those behind the last record of each partition.
	at, ends map[topics.Name]map[int32]int64
	heard    []topics.Record
	onDevice []topics.Record
	counts   map[topics.Name]int
	rows     map[topics.Name]map[string][]byte
	// timerDue is when a row of timers is due in a process with the settings datedBy.
	timerDue table.DueOf
	datedBy  processors.Settings
}

// followed are the topics that the engines write.
func followed() []string {
	return []string{
		string(topics.TransitionsDue), string(topics.TransitionsApplied), string(topics.TransitionsRejected),
		string(topics.DeadLetters), string(topics.CampaignEngineTimersTable), string(topics.CampaignEngineTimersLoop),
		string(topics.CampaignEngineLifecycleTable), string(topics.BudgetReleased), string(topics.CampaignStatements),
		string(topics.CampaignEngineBudgetsTable), string(topics.CampaignEngineBudgetsLoop),
		string(topics.StorePlacements), string(topics.StoreDevices), string(topics.DeviceDepartures), string(topics.ReadinessChanges),
		string(topics.DeviceCommands), string(topics.CampaignReadiness),
		string(topics.CampaignEnginePlacementsTable), string(topics.CampaignEnginePlacementsLoop),
		string(topics.CampaignEngineDevicesTable), string(topics.CampaignEngineDevicesLoop),
		string(topics.CampaignEngineStoresTable), string(topics.CampaignEngineStoresLoop), string(topics.CampaignEngineReadinessTable),
	}
}

func newReading(d *brokerDeployment) *reading {
	r := &reading{
		d: d, at: make(map[topics.Name]map[int32]int64), ends: make(map[topics.Name]map[int32]int64),
		counts: make(map[topics.Name]int), rows: make(map[topics.Name]map[string][]byte),
	}
	from := make(map[string]map[int32]kgo.Offset)
	for _, topic := range followed() {
		from[topic] = make(map[int32]kgo.Offset)
		r.at[topics.Name(topic)], r.ends[topics.Name(topic)] = make(map[int32]int64), make(map[int32]int64)
		r.rows[topics.Name(topic)] = make(map[string][]byte)
		for partition := range d.setup.partitions {
			from[topic][partition] = kgo.NewOffset().At(0)
		}
	}
	r.client = d.connect(kgo.ConsumePartitions(from), readCommitted(), kgo.KeepControlRecords())
	return r
}

func readCommitted() kgo.Opt { return kgo.FetchIsolationLevel(kgo.ReadCommitted()) }

// catchUp reads to the present last stable offsets.
func (r *reading) catchUp(ctx context.Context) {
	r.d.t.Helper()
	stable := r.stable(ctx)
	behind := func() bool {
		for topic, partitions := range stable {
			for partition, end := range partitions {
				if r.at[topics.Name(topic)][partition] < end.Offset {
					return true
				}
			}
		}
		return false
	}
	for behind() {
		fetches := r.client.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			r.d.t.Fatalf("reading what was committed: %v", err)
		}
		fetches.EachRecord(r.read)
	}
}

// stable returns the last stable offsets. Where a commit is known before its records can be read, they are those behind all
// that was written when it was called: an offset that a group has committed says nothing of the records of that transaction.
func (r *reading) stable(ctx context.Context) kadm.ListedOffsets {
	r.d.t.Helper()
	list := func(what string, list func(context.Context, ...string) (kadm.ListedOffsets, error)) kadm.ListedOffsets {
		listed, err := list(ctx, followed()...)
		if err == nil {
			err = listed.Error()
		}
		if err != nil {
			r.d.t.Fatalf("listing %s: %v", what, err)
		}
		return listed
	}
	const lastStable = "last stable offsets"
	if !r.d.commitsLag {
		return list(lastStable, r.d.admin.ListCommittedOffsets)
	}
	ends := list("ends", r.d.admin.ListEndOffsets)
	for {
		stable, open := list(lastStable, r.d.admin.ListCommittedOffsets), false
		ends.Each(func(end kadm.ListedOffset) {
			at, is := stable.Lookup(end.Topic, end.Partition)
			open = open || !is || at.Offset < end.Offset
		})
		if !open {
			return stable
		}
	}
}

func (r *reading) read(record *kgo.Record) {
	topic := topics.Name(record.Topic)
	r.at[topic][record.Partition] = record.Offset + 1
	if record.Attrs.IsControl() {
		return
	}
	r.ends[topic][record.Partition] = record.Offset + 1
	r.counts[topic]++
	switch {
	case slices.Contains(deviceTopics[:], topic):
		r.onDevice = append(r.onDevice, topics.Record{Topic: record.Topic, Key: record.Key, Value: record.Value})
	case slices.Contains(outputTopics[:], topic):
		if belongs := topics.PartitionOf(record.Key, r.d.setup.partitions); record.Key != nil && record.Partition != belongs {
			r.d.t.Errorf("%s lies in partition %d of %s, not %d", record.Key, record.Partition, topic, belongs)
		}
		r.heard = append(r.heard, topics.Record{
			Topic: record.Topic, Partition: record.Partition, Offset: record.Offset, Key: record.Key, Value: record.Value,
		})
	case record.Value == nil:
		delete(r.rows[topic], string(record.Key))
	default:
		r.rows[topic][string(record.Key)] = record.Value
	}
}

// take returns what was heard since the last time, dues first.
func (r *reading) take() []topics.Record {
	heard := r.heard
	r.heard = nil
	slices.SortStableFunc(heard, func(a, b topics.Record) int {
		return slices.Index(outputTopics[:], topics.Name(a.Topic)) - slices.Index(outputTopics[:], topics.Name(b.Topic))
	})
	return heard
}

// takeOnDevice returns what was heard of deviceTopics since the last time.
func (r *reading) takeOnDevice() []topics.Record {
	heard := r.onDevice
	r.onDevice = nil
	return heard
}

// next is the earliest instant for which a committed row waits.
func (r *reading) next() instant.Instant {
	return min(r.nextTimer(), r.nextAccount(), r.nextIn(topics.CampaignEngineStoresTable), r.nextIn(topics.CampaignEngineReadinessTable))
}

// nextIn is that of a table whose rows begin with when they are due.
func (r *reading) nextIn(name topics.Name) instant.Instant {
	next := table.Never
	for key, row := range r.rows[name] {
		if !isPart(key) {
			next = min(next, engine.DuePrefix(row))
		}
	}
	return next
}

// nextTimer is that of the timers' table.
func (r *reading) nextTimer() instant.Instant {
	if r.timerDue == nil || r.datedBy != r.d.setup.settings {
		r.timerDue, r.datedBy = timerDue(r.d.t, r.d.setup.settings), r.d.setup.settings
	}
	next := table.Never
	for _, row := range r.rows[topics.CampaignEngineTimersTable] {
		next = min(next, r.timerDue(row))
	}
	return next
}

// nextAccount is that of the budgets' table.
func (r *reading) nextAccount() instant.Instant {
	next := table.Never
	for key, row := range r.rows[topics.CampaignEngineBudgetsTable] {
		if !isPart(key) {
			next = min(next, accountDue(row))
		}
	}
	return next
}
