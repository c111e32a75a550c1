package engine

// gate holds a partition's timers back after a claim until the partition's inputs have been read to the ends seen then, so
// that a change that was published during an outage is known before an overdue timer is decided. What a foreign
// partitioner misplaced arrives by the loop; its end is known once all that lay in other partitions has been carried (see
// strays.go).
type gate struct {
	// ends are, per topic, the offsets to be reached.
	ends map[string]int64
	// allIn says that all inputs are read, not only those that go first.
	allIn bool
	open  bool
}

// reached says whether a partition's positions have come to the ends of some inputs.
func (g *gate) reached(at positions, partition int32, of []string) bool {
	for _, topic := range of {
		if at[topic][partition] < g.ends[topic] {
			return false
		}
	}
	return true
}
