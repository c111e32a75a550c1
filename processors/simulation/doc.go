// Package simulation runs the engine's processors in memory, on one goroutine, under a clock that its caller drives: no broker,
// no goka, and no chance. The same callbacks run over the same rows; what they emit is encoded and decoded as on the wire, so
// that nothing is shared by reference. The same calls give the same records, byte for byte.
//
//	runner.go   what a caller does: publish, drive the clock, run
//	group.go    a group that runs: its callbacks, codecs and rows
//	call.go     engine.Context for one callback
//	queue.go    the records that wait to be read
//	devices.go  devices that are ready at once, for who wants some
//
// What is as with Kafka: order by key, offsets, headers, timestamps, dead letters, timers, the loop, the router's step. What is
// not: each topic has one partition; nothing is ever late, unless the caller lets the clock jump; a record is read, with all that
// follows from it, before the next one is published, so what the engine coalesces may be other steps to the same end.
//
// The order of what happens at one instant: first each published record, with all that follows from it, in the order of their
// emission (those who read one topic, in the order of the flow); then what is due, one row after the other, earlier instants
// first, then by the order of the flow, then by key, each again with all that follows from it; and at last rows that are to be
// looked at anew, after a Restart.
package simulation
