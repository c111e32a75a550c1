package topics

import (
	"slices"
	"strconv"
	"time"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// Name is the name of a topic.
type Name string

// The topics. A constant mirrors its topic's name. A group's table and loop are named by goka: <group>-table, <group>-loop.
const (
	CampaignEvents      Name = "campaign-events"
	TransitionsDue      Name = "transitions-due"
	TransitionsApplied  Name = "transitions-applied"
	TransitionsRejected Name = "transitions-rejected"
	Plays               Name = "plays"
	BudgetReleased      Name = "budget-released"
	CampaignStatements  Name = "campaign-statements"
	DeviceEvents        Name = "device-events"
	DeviceAcks          Name = "device-acks"
	DeviceCommands      Name = "device-commands"
	CampaignReadiness   Name = "campaign-readiness"
	DeadLetters         Name = "dead-letters"

	StorePlacements  Name = "store-placements"
	StoreDevices     Name = "store-devices"
	ReadinessChanges Name = "readiness-changes"
	// ProvisionalStatements is where budgets tells the mailer what a campaign has come to at its end.
	ProvisionalStatements Name = "provisional-statements"

	CampaignEngineTimersTable    Name = "campaign-engine-timers-table"
	CampaignEngineTimersLoop     Name = "campaign-engine-timers-loop"
	CampaignEngineLifecycleTable Name = "campaign-engine-lifecycle-table"
	CampaignEngineBudgetsTable   Name = "campaign-engine-budgets-table"
	CampaignEngineBudgetsLoop    Name = "campaign-engine-budgets-loop"

	CampaignEnginePlacementsTable Name = "campaign-engine-placements-table"
	CampaignEnginePlacementsLoop  Name = "campaign-engine-placements-loop"
	CampaignEngineDevicesTable    Name = "campaign-engine-devices-table"
	CampaignEngineDevicesLoop     Name = "campaign-engine-devices-loop"
	CampaignEngineStoresTable     Name = "campaign-engine-stores-table"
	CampaignEngineStoresLoop      Name = "campaign-engine-stores-loop"
	CampaignEngineReadinessTable  Name = "campaign-engine-readiness-table"
)

// Cleanup is a topic's cleanup.policy.
type Cleanup string

// The cleanup policies.
const (
	Delete  Cleanup = "delete"  // records go when they are older than the retention
	Compact Cleanup = "compact" // the newest record of each key stays
)

// Forever is the retention of a topic whose records never go.
const Forever time.Duration = -1

// Partitions is a topic's number of partitions: a fixed one, or CoPartitioned.
type Partitions int32

// CoPartitioned topics have as many partitions as the deployment says (--partitions), every one of them the same
// number: goka finds a key's inputs, table and loop in partitions of one number.
const CoPartitioned Partitions = 0

// Count returns the number of partitions in a deployment of copartitioned partitions.
func (p Partitions) Count(copartitioned int32) int32 {
	if p == CoPartitioned {
		return copartitioned
	}
	return int32(p)
}

// String says the rule: the switch that decides, or the fixed number.
func (p Partitions) String() string {
	if p == CoPartitioned {
		return "`--partitions`"
	}
	return strconv.Itoa(int(p))
}

// Stream is one topic: what is in it, who fills it from outside, how it is kept, and why. Which groups of the engine
// write and read it stands in Groups.
type Stream struct {
	Name Name
	// Key says what a record's key is.
	Key string
	// Types are the CloudEvents types in it; a topic that is internal to the engine has none.
	Types []schemas.Type
	// Record says in a phrase what one record is.
	Record string
	// Source is who writes it from outside; empty when the engine does, and then nobody else may.
	Source string
	// Audience is who reads it outside the engine; empty when nobody does.
	Audience   string
	Partitions Partitions
	Cleanup    Cleanup
	// Retention counts from a record's own timestamp; Forever, or a whole number of days. A compacted topic has none.
	Retention time.Duration
	// MaxMessageBytes is the largest batch (Kafka limits batches, not records) that it takes.
	MaxMessageBytes int
	// Why is the reason for how it is kept.
	Why string
}

// Internal reports whether the topic belongs to the inside of the engine, whose records' form may change.
func (s Stream) Internal() bool { return len(s.Types) == 0 }

// Streams returns the table: public topics in the order of the flow, then the internal ones. Each call returns a copy. The
// topics of single stores are none of them: see StoreStream.
func Streams() []Stream {
	return slices.Concat(
		campaignStreams(), moneyStreams(), deviceStreams(), []Stream{deadLetters()},
		betweenGroups(), campaignTables(), deviceTables(),
	)
}

// StreamNamed returns the topic of that name.
func StreamNamed(name Name) (Stream, bool) {
	for _, stream := range Streams() {
		if stream.Name == name {
			return stream, true
		}
	}
	return Stream{}, false
}

func campaignStreams() []Stream {
	return []Stream{
		{
			Name: CampaignEvents, Key: "campaign_id", Record: "a campaign's definition, or a change by an operator",
			Types: []schemas.Type{
				schemas.CampaignCreated, schemas.CampaignUpdated, schemas.CampaignPaused, schemas.CampaignResumed,
				schemas.CampaignCancelled,
			},
			Source: "campaign services", Cleanup: Delete, Retention: Forever, MaxMessageBytes: InputMaxBytes,
			Why: "the source of everything: a deployment is rebuilt from it, when it is filled before the engine starts",
		},
		{
			Name: TransitionsDue, Key: "campaign_id", Record: "a transition to be made, in the order of decision",
			Types:    []schemas.Type{schemas.TransitionDue},
			Audience: "auditors", Cleanup: Delete, Retention: Forever, MaxMessageBytes: OutputMaxBytes,
			Why: "the one ordered log per campaign of all that became due: it alone rebuilds every status",
		},
		{
			Name: TransitionsApplied, Key: "campaign_id", Record: "a transition that was made, with its sequence",
			Types:    []schemas.Type{schemas.TransitionApplied},
			Audience: "whoever follows campaigns", Cleanup: Delete, Retention: Forever, MaxMessageBytes: OutputMaxBytes,
			Why: "the history of each campaign without gaps; who reads it later starts at the first",
		},
		{
			Name: TransitionsRejected, Key: "campaign_id", Record: "a due transition that the status does not allow, and why",
			Types:    []schemas.Type{schemas.TransitionRejected},
			Audience: "campaign services", Cleanup: Delete, Retention: Forever, MaxMessageBytes: OutputMaxBytes,
			Why: "with transitions-applied it accounts for every record of transitions-due",
		},
	}
}

func moneyStreams() []Stream {
	return []Stream{
		{
			Name: Plays, Key: "campaign_id", Record: "what a device has shown, and whom it reached",
			Types:  []schemas.Type{schemas.PlayReported},
			Source: "devices, or their gateway", Cleanup: Delete, Retention: 90 * 24 * time.Hour, MaxMessageBytes: InputMaxBytes,
			Why: "long enough to recompute a statement that somebody disputes; what they have come to, statements keep",
		},
		{
			Name: BudgetReleased, Key: "campaign_id", Record: "what a campaign did not spend, which goes back",
			Types:    []schemas.Type{schemas.BudgetReleased},
			Audience: "billing", Cleanup: Delete, Retention: Forever, MaxMessageBytes: OutputMaxBytes,
			Why: "money: once per campaign, for ever, and whoever reads it later finds every one",
		},
		{
			Name: CampaignStatements, Key: "campaign_id", Record: "what a campaign has come to, final or adjusted",
			Types:    []schemas.Type{schemas.StatementFinal, schemas.StatementAdjusted},
			Audience: "billing", Cleanup: Delete, Retention: Forever, MaxMessageBytes: OutputMaxBytes,
			Why: "what was charged, and for what; it outlives the plays that it counts",
		},
	}
}

func deviceStreams() []Stream {
	return []Stream{
		{
			Name: DeviceEvents, Key: "store_id", Record: "a device that is in a store, or no more",
			Types:  []schemas.Type{schemas.DeviceRegistered, schemas.DeviceRemoved},
			Source: "device registry", Cleanup: Delete, Retention: Forever, MaxMessageBytes: InputMaxBytes,
			Why: "which devices there are: the playlists of a deployment are rebuilt from it",
		},
		{
			Name: DeviceAcks, Key: "store_id", Record: "how far a device has come with a command",
			Types:  []schemas.Type{schemas.DeviceAck},
			Source: "devices", Cleanup: Delete, Retention: 30 * 24 * time.Hour, MaxMessageBytes: InputMaxBytes,
			Why: "long enough to see why a device was not ready; what counts of it stands in the table",
		},
		{
			Name: DeviceCommands, Key: "store_id", Record: "the whole playlist of a device",
			Types:    []schemas.Type{schemas.DeviceCommand},
			Audience: "analysts", Cleanup: Delete, Retention: 7 * 24 * time.Hour, MaxMessageBytes: OutputMaxBytes,
			Why: "on its way to the store's own topic, which keeps the newest of each device",
		},
		{
			Name: CampaignReadiness, Key: "campaign_id", Record: "on how many devices a campaign's content is",
			Types:    []schemas.Type{schemas.CampaignReadiness},
			Audience: "campaign services, operators", Cleanup: Compact, MaxMessageBytes: OutputMaxBytes,
			Why: "the newest record of each campaign is how ready it is",
		},
	}
}

func deadLetters() Stream {
	return Stream{
		Name: DeadLetters, Key: "the record's own key", Record: "an input that was refused, and why",
		Types:    []schemas.Type{schemas.RecordRefused},
		Audience: "operators", Cleanup: Delete, Retention: 90 * 24 * time.Hour, MaxMessageBytes: OutputMaxBytes,
		Why: "long enough to find and mend the producer; by key, so that the mistakes about one campaign stay in order",
	}
}

// betweenGroups are the topics by which one group tells another.
func betweenGroups() []Stream {
	return []Stream{
		{
			Name: StorePlacements, Key: "store_id", Record: "a campaign that is to be in a store, or no more",
			Cleanup: Delete, Retention: Forever, MaxMessageBytes: OutputMaxBytes,
			Why: "the playlists of a deployment are rebuilt from it",
		},
		{
			Name: StoreDevices, Key: "store_id", Record: "a device that is in a store, or no more, in the order of its events",
			Cleanup: Delete, Retention: Forever, MaxMessageBytes: OutputMaxBytes,
			Why: "the playlists of a deployment are rebuilt from it",
		},
		{
			Name: ReadinessChanges, Key: "campaign_id", Record: "how ready a store's devices are for a campaign",
			Cleanup: Delete, Retention: 7 * 24 * time.Hour, MaxMessageBytes: OutputMaxBytes,
			Why: "on its way to the campaign's row, which keeps the newest of each store",
		},
		{
			Name: ProvisionalStatements, Key: "campaign_id", Record: "what a campaign has come to at its end, when its count closes later",
			Cleanup: Delete, Retention: 7 * 24 * time.Hour, MaxMessageBytes: OutputMaxBytes,
			Why: "on its way to a mail, which goes out without it when it does not come; the final one follows",
		},
	}
}

func campaignTables() []Stream {
	return []Stream{
		{
			Name: CampaignEngineTimersTable, Key: "campaign_id", Record: "a campaign's revision, window and pending timers",
			Cleanup: Compact, MaxMessageBytes: OutputMaxBytes,
			Why: "the newest row per campaign is the state; a finished campaign's row shrinks and stays, so nothing starts anew",
		},
		{
			Name: CampaignEngineTimersLoop, Key: "the record's own key", Record: "a campaign event on its way to its key's partition",
			Cleanup: Delete, Retention: Forever, MaxMessageBytes: OutputMaxBytes,
			Why: "what has not been read yet must not expire, however long the engine is away; what has been, the engine deletes",
		},
		{
			Name: CampaignEngineLifecycleTable, Key: "campaign_id", Record: "a campaign's status, sequence and what is in force",
			Cleanup: Compact, MaxMessageBytes: OutputMaxBytes,
			Why: "the newest row per campaign is the state; a finished campaign's row stays, to reject what comes late",
		},
		{
			Name: CampaignEngineBudgetsTable, Key: "campaign_id, or campaign_id and a part",
			Record:  "what a campaign has come to so far, or a part of it",
			Cleanup: Compact, MaxMessageBytes: OutputMaxBytes,
			Why: "the newest row per key is the state; a settled campaign's rows stay, so that nothing is released or counted twice",
		},
		{
			Name: CampaignEngineBudgetsLoop, Key: "the record's own key", Record: "a play or transition on its way to its key's partition",
			Cleanup: Delete, Retention: Forever, MaxMessageBytes: OutputMaxBytes,
			Why: "what has not been read yet must not expire, however long the engine is away; what has been, the engine deletes",
		},
	}
}

func deviceTables() []Stream {
	return []Stream{
		{
			Name: CampaignEnginePlacementsTable, Key: "campaign_id, or campaign_id and a part",
			Record:  "to which stores a campaign has been told, and how far",
			Cleanup: Compact, MaxMessageBytes: OutputMaxBytes,
			Why: "the newest row per campaign is the state: it says which stores have to be told of a change",
		},
		{
			Name: CampaignEnginePlacementsLoop, Key: "campaign_id", Record: "the next step of telling a campaign's stores",
			Cleanup: Delete, Retention: Forever, MaxMessageBytes: OutputMaxBytes,
			Why: "what has not been read yet must not expire, however long the engine is away; what has been, the engine deletes",
		},
		{
			Name: CampaignEngineDevicesTable, Key: "device_id", Record: "in which store a device is, and the time of its newest event",
			Cleanup: Compact, MaxMessageBytes: OutputMaxBytes,
			Why: "the newest row per device is the state; that of a removed device stays, so that an older event does not bring it back",
		},
		{
			Name: CampaignEngineDevicesLoop, Key: "device_id", Record: "a device event on its way to its device's partition",
			Cleanup: Delete, Retention: Forever, MaxMessageBytes: OutputMaxBytes,
			Why: "what has not been read yet must not expire, however long the engine is away; what has been, the engine deletes",
		},
		{
			Name: CampaignEngineStoresTable, Key: "store_id, or store_id and a part",
			Record:  "what is to be on a store's devices, and what is",
			Cleanup: Compact, MaxMessageBytes: OutputMaxBytes,
			Why: "the newest row per key is the state: playlists, their revisions, and what devices have said",
		},
		{
			Name: CampaignEngineStoresLoop, Key: "the record's own key", Record: "an ack on its way to its key's partition",
			Cleanup: Delete, Retention: Forever, MaxMessageBytes: OutputMaxBytes,
			Why: "what has not been read yet must not expire, however long the engine is away; what has been, the engine deletes",
		},
		{
			Name: CampaignEngineReadinessTable, Key: "campaign_id, or campaign_id and a part",
			Record:  "how ready each store is for a campaign",
			Cleanup: Compact, MaxMessageBytes: OutputMaxBytes,
			Why: "the newest row per key is the state; a day after the end a campaign's shrinks and stays: nothing is told of it again",
		},
	}
}
