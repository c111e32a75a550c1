// Package simulate is campaignd simulate: it feeds what a file says to a simulation of the engine, and writes what becomes of it.
//
//	simulate.go   from the first line to the last instant
//	lines.go      lines of bounded length
//	arrival.go    a line as a record: its topic, its key, when it arrives
//	output.go     one file a topic, or all on one stream; written beside the simulation
//	summary.go    what is told at the end
//
// Memory is that of the engine's rows, of a line, and of buffers: nothing that is read or written is kept.
package simulate
