// Package oracle computes what must be on devices, and what they may have played, from the records of campaign-events,
// transitions-applied and device-events, and compares it with the commands, with what readiness says, and with the journal that
// the simulated devices have kept. It shares no code with the engine or the simulation: the standard library, and structs of its
// own. What it says is what the contract says, written down once more.
//
//	record.go     what is read of a record
//	book.go       what the topics say
//	campaign.go   campaigns: what was wanted from which transition on
//	presence.go   devices: in which store each is
//	command.go    commands: revisions, contents, and what they follow from
//	routed.go     the stores' topics: the same bytes once, signed
//	signature.go  RFC 7515 with Ed25519
//	journal.go    what a device has done, line by line
//	unit.go       whether it might have done that
//	played.go     plays in Kafka against plays on screens
//	readiness.go  what is told of readiness
//	final.go      what all has come to in the end
//
// A command follows from the transitions of each campaign up to some sequence, which no record names. So the oracle looks for
// one: of each campaign the lowest sequence that explains what the command says, and which is no lower than what explained
// the device's command before. Where there is none, the command is wrong, or tells of what was overtaken.
package oracle
