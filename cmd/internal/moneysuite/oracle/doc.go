// Package oracle computes what campaigns came to from the records of transitions-applied and plays alone, and compares it
// with statements, releases and the tables in Postgres. It shares no code with the engine: the standard library, structs of
// its own, and numbers of math/big. What it says is what the contract says, written down once more.
//
//	number.go    decimals, currencies, the one rounding
//	record.go    what is read of a record
//	timeline.go  what was in force when, and when a campaign was active
//	fold.go      the plays of a campaign, in the order of their offsets
//	judge.go     statements and releases against the fold
//	tables.go    the rows of Postgres against statements and releases
//
// A statement says by its inputs which plays it has counted; what lies between the final one and a later one came after
// the lock. One thing follows from no record: in which order transitions and plays were read between them. It matters only
// where the budget does not pay for all plays, and the timeline changes. So the fold is right for campaigns that are
// short of budget only if no pause, cancel or new definition comes after their start.
package oracle
