// Package bench measures the engine as a process of its own, on its embedded broker and on one real broker, in one run,
// beside the ceiling that plain franz-go transactions reach on the same real broker. It is behind the build tag bench.
//
// Lateness here is what a reader sees: the moment at which a record becomes visible to a read_committed reader, minus the
// instant at which the transition was due.
package bench
