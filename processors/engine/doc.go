// Package engine runs a goka group graph exactly once, on franz-go.
//
// A graph is goka's: inputs, a loop, a table, outputs, callbacks. What the engine replaces is the transport. Per group
// and process there is one transactional session. It goes round: fire the timers that are due, read what has come, hand
// both to goka's partitions, wait until every callback is done, and commit positions, rows and outputs in one Kafka
// transaction. Either all of a batch happened, or nothing did.
//
//	config := engine.Config{Connect: opts, Instance: "engine-1", Clock: clock}
//	e, err := engine.New(config, graph) // a goka.DefineGroup, or the GroupGraph of a Define
//	...
//	err = e.Run(ctx) // until ctx ends, or nothing can be done
//
// # What a callback may rely on
//
// It gets an engine Context (From): the instant of its batch (Now), whether a backlog is still being read (CatchingUp),
// sub-rows (Part), counters that count committed work only (Count). What is to be done outside once the work is committed is
// left to OnCommit. It must not do I/O: one slow callback holds up its
// group's commit. A panic aborts the batch; the same records come again after a pause, and none is skipped.
//
// A row that has a due instant (as its codec says, see DatedCodec, as Config.DueOf does, or by DuePrefix) is a timer: at
// that instant the callback of the OnTimer edge is called with the row's key. It may also wait for a ticket (AwaitingCodec):
// until all has been read that lay in an input when it was taken. And it may have to be looked at anew (ReviewedCodec), which
// happens by the same callback, when no timer is due.
//
// # File map
//
//	engine.go        Config, Engine, Run; build.go: waiting for brokers and topics
//	observer.go      what is told as it happens; overview.go: what is asked for (status.go, progress.go, sight.go)
//	context.go       what callbacks see; oncommit.go: what they want done once it counts
//	graph.go         a group graph that tells its callbacks, for who runs them without goka
//	timer.go         timers as an input of the graph; rowdue.go: when rows are due
//	group.go         goka's consumer group: members, one after the other, with pauses between them; ghost.go: who took the name
//	member.go        one client: join, serve assignments, leave; client.go: its options
//	assignment.go    what the group gave, from franz-go's callbacks; fence.go: dead owners
//	serve.go         one assignment: set goka up, loop, tear down
//	loop.go          the round: fire.go, read.go (backlog.go), feed.go (a batch to goka and back), yield.go
//	transaction.go   begin, commit, abort; producer.go: goka's way into it; counts.go; step.go: the places to die at in tests
//	transacted.go    the client behind it; untransacted.go: one without transactions, for the torture to find out
//	partition.go     claimed, owned, firing; catchup.go: the way from one to the next; errands.go: what is asked meanwhile
//	recover.go       rows from the table topic; strays.go: what lies in others' partitions; trim.go: the loop, emptied
//	standby.go       rows of partitions that others own; partition_standby.go: what it may touch; ahead.go: before a join
//	reader.go        stretches of a topic; ends.go: how far topics and the group reach
//	tickets.go       "all that lies there now", for callbacks; look.go: when it has been read
//	rights.go        what the brokers do not allow
//	first.go         what is read before the rest after a claim
//	gate.go, jump.go, pace.go, headway.go   when (pure); clock.go, watch.go: the time, and whether it is believed
//	lastrow.go, tableconsumer.go, followed.go   tables of other groups
//	topicmanager.go, gokaoptions.go, session.go, shape.go   the rest of goka's interfaces
//
// # Not obvious
//
// Positions go with every transaction, also with one that carries timers only: they carry the generation, and the
// generation is what fences a paused owner (KIP-447). They belong to one assignment and are never kept for the next.
//
// After any error a member is thrown away and a new one joins under the same name: its first call, InitProducerId, ends
// whatever was in doubt, and the rows are brought up to what the log holds from where they were last known to be right.
//
// Partitions of an assignment are paused in the client until their rows are recovered, each by itself. Their timers wait
// until their inputs are read to the ends seen then, and until what was misplaced elsewhere has come by the loop. An input whose
// codec says so (FirstCodec) is read to that end before the others are let in.
//
// Rows of partitions that others own are followed beside the session, and outside goka, which closes every table at each
// rebalance. An epoch of the claims keeps what was read for one from another (partition_standby.go).
//
// An assignment first fences the transactions of members that are gone, before positions are fetched and rows are
// recovered: both would wait for them until their time-out. Recovery reads up to the high watermark, not the last stable
// offset, since the previous owner's last markers may still be on their way.
//
// goka sees a table that is already recovered, and is told that its topic is empty. Its own recovery would wait for ever
// for a record where a marker is the last thing in the topic.
//
// Consume never returns at a rebalance: goka would sleep for five seconds.
package engine
