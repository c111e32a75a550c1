// Package oracle judges what the engine has made of its inputs, out of nothing but the committed records of the topics.
//
// It is written against the contract and independently of the engine: it imports the standard library alone (a test holds
// that), so that a mistake in the engine's own rules, codecs or hash is not made here a second time. It has no clock and
// does no I/O: logs in, findings out.
//
//	record.go    what goes in: records, logs, settings
//	finding.go   what comes out
//	judge.go     Judge, and what it counts
//	inputs.go    the fold of campaign-events: what was accepted, ignored, refused
//	definition.go  what an event says
//	window.go    wall-clock times and instants
//	dues.go      transitions-due against what the inputs call for: lost, doubled, early, out of order
//	book.go      what the contract's sequencer holds of one campaign
//	status.go    the lifecycle's table, folded over transitions-due
//	answers.go   transitions-applied and -rejected against that fold
//	home.go      where Kafka's hash puts a campaign
//	letters.go   dead-letters against the inputs that had to be refused
//	tables.go    the engine's rows against both folds
package oracle
