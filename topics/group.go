package topics

import "slices"

// groupPrefix begins the Kafka group id of every group, so that a cluster shared with others shows whose they are.
const groupPrefix = "campaign-engine-"

// Group is one processor: the topics that it reads and writes, and its state. Its transactional ids are
// <ID>-<instance> (a sink has none); so no ID followed by "-" may begin another group's ID, else one group could fence the other.
type Group struct {
	// Short is its name in --processors, in logs and in metrics.
	Short string
	// Inputs are read beside the loop, co-partitioned with the table.
	Inputs []Name
	// Outputs are written beside the table and the loop.
	Outputs []Name
	// Table holds one row per key; only this group writes and reads it. Empty when the group is a sink.
	Table Name
	// Loop carries a record to its key's partition; only this group writes and reads it. Empty when it has none.
	Loop Name
	// PerStore says that it also writes every store's own topic (StoreStream), which it creates where there is none yet.
	PerStore bool
	// Store is where a sink keeps its rows and its positions; empty when the group is none.
	Store string
	// Does says in a phrase what the group is for.
	Does string
}

// Sink reports whether the group writes nothing to Kafka: what it makes of its inputs goes into a store elsewhere, and so
// do its positions.
func (g Group) Sink() bool { return g.Store != "" }

// ID returns the Kafka group id.
func (g Group) ID() string { return groupPrefix + g.Short }

// Reads returns what the group consumes: inputs, then the loop, then the table.
func (g Group) Reads() []Name { return g.with(g.Inputs) }

// Writes returns what the group produces: outputs, then the loop, then the table.
func (g Group) Writes() []Name { return g.with(g.Outputs) }

func (g Group) with(names []Name) []Name {
	all := slices.Clone(names)
	for _, own := range []Name{g.Loop, g.Table} {
		if own != "" {
			all = append(all, own)
		}
	}
	return all
}

// The short names of the groups.
const (
	Timers      = "timers"
	Lifecycle   = "lifecycle"
	Budgets     = "budgets"
	Placements  = "placements"
	Devices     = "devices"
	Stores      = "stores"
	Router      = "router"
	Readiness   = "readiness"
	Projections = "projections"
	Mailer      = "mailer"
)

// Groups returns the groups in the order of the flow. Each call returns a copy.
//
// A topic has one writer, so that its order means something. Dead letters are the exception: each group files there
// what it cannot read, under an id made of the refused record's position; no input is read by two that do so.
func Groups() []Group {
	return []Group{
		{
			Short: Timers, Inputs: []Name{CampaignEvents}, Outputs: []Name{TransitionsDue, DeadLetters},
			Table: CampaignEngineTimersTable, Loop: CampaignEngineTimersLoop,
			Does: "the sequencer and the clock: forwards operators' changes at once, fires timers at their instant",
		},
		{
			Short: Lifecycle, Inputs: []Name{TransitionsDue},
			Outputs: []Name{TransitionsApplied, TransitionsRejected, DeadLetters},
			Table:   CampaignEngineLifecycleTable,
			Does:    "the only decider of status: a pure fold over transitions-due",
		},
		{
			Short: Budgets, Inputs: []Name{TransitionsApplied, Plays},
			Outputs: []Name{BudgetReleased, CampaignStatements, ProvisionalStatements, DeadLetters},
			Table:   CampaignEngineBudgetsTable, Loop: CampaignEngineBudgetsLoop,
			Does: "the only counter of plays and money: judges each play, locks the count, releases what was not spent",
		},
		{
			Short: Placements, Inputs: []Name{TransitionsApplied}, Outputs: []Name{StorePlacements},
			Table: CampaignEnginePlacementsTable, Loop: CampaignEnginePlacementsLoop,
			Does: "spreads what happens to a campaign to its stores, in bounded steps",
		},
		{
			Short: Devices, Inputs: []Name{DeviceEvents}, Outputs: []Name{StoreDevices, DeadLetters},
			Table: CampaignEngineDevicesTable, Loop: CampaignEngineDevicesLoop,
			Does: "knows in which store each device is, and tells both when it moves",
		},
		{
			Short: Stores, Inputs: []Name{StorePlacements, StoreDevices, DeviceAcks},
			Outputs: []Name{DeviceCommands, ReadinessChanges, DeadLetters},
			Table:   CampaignEngineStoresTable, Loop: CampaignEngineStoresLoop,
			Does: "makes each device's playlist, sends it until it is there, and notes what devices say",
		},
		{
			Short: Router, Inputs: []Name{DeviceCommands}, PerStore: true,
			Does: "signs each command and puts it into its store's own topic, which it creates where there is none",
		},
		{
			Short: Readiness, Inputs: []Name{TransitionsApplied, ReadinessChanges}, Outputs: []Name{CampaignReadiness},
			Table: CampaignEngineReadinessTable,
			Does:  "adds up how ready the stores are for each campaign, and records it at the start",
		},
		{
			Short: Projections, Inputs: []Name{TransitionsApplied, BudgetReleased, CampaignStatements}, Store: "Postgres",
			Does: "keeps campaigns, statements and the ledger in Postgres, each row once, with its positions",
		},
		{
			Short:  Mailer,
			Inputs: []Name{CampaignEvents, TransitionsApplied, CampaignStatements, ProvisionalStatements, CampaignReadiness},
			Store:  "Postgres",
			Does:   "writes to a campaign's contacts when it has started and when it has ended, each mail once",
		},
	}
}

// Transacted returns the groups that need brokers and nothing else: they keep their rows in Kafka, if they have some, and
// write in its transactions. All but the sinks, in the order of the flow.
func Transacted() []Group { return slices.DeleteFunc(Groups(), Group.Sink) }

// GroupNamed returns the group of that short name.
func GroupNamed(short string) (Group, bool) {
	for _, group := range Groups() {
		if group.Short == short {
			return group, true
		}
	}
	return Group{}, false
}

// Writers returns the short names of the groups that write a topic.
func Writers(name Name) []string {
	return groupsWhere(func(g Group) bool { return slices.Contains(g.Writes(), name) })
}

// Readers returns the short names of the groups that read a topic.
func Readers(name Name) []string {
	return groupsWhere(func(g Group) bool { return slices.Contains(g.Reads(), name) })
}

func groupsWhere(holds func(Group) bool) []string {
	var shorts []string
	for _, group := range Groups() {
		if holds(group) {
			shorts = append(shorts, group.Short)
		}
	}
	return shorts
}

// StreamsOf returns the topics that the groups touch, in the order of the table: what a process that runs only them
// needs to find.
func StreamsOf(groups ...Group) []Stream {
	touches := func(stream Stream) bool {
		return slices.ContainsFunc(groups, func(g Group) bool {
			return slices.Contains(g.Reads(), stream.Name) || slices.Contains(g.Writes(), stream.Name)
		})
	}
	return slices.DeleteFunc(Streams(), func(stream Stream) bool { return !touches(stream) })
}
