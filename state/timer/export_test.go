package timer

// Holds lets the tests of the public face check a row's invariants.
func (r *Row) Holds() bool { return r.holds() }
