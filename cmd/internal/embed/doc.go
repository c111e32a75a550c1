// Package embed runs a Kafka broker inside the process: franz-go's kfake with its files in the data folder. It is for a
// laptop, a demonstration and tests, so that a campaignd without any other program keeps its promises; it is not for
// production.
//
//	broker.go   Open, Close, and the settings of the broker, each with its reason
//	listen.go   the address: what a broker listens on is what it tells its clients
//	mend.go     after a kill: the steps that make the folder whole again
//	verdict.go  what is to be mended: pure
//	note.go     which commit is being written
//	fetch.go    a fault of kfake's in answers of limited size
//	trim.go     a fault of kfake's in deleting all that a partition has
//	logfile.go  the broker's log of a partition on disk
//	journal.go  the broker's journals of producers and of groups on disk
//
// # What it holds, and what not
//
// Closed cleanly, everything is there again, an open transaction of another program included. After kill -9, what was
// acknowledged is there and a transaction is whole or gone (mend.go says why kfake alone does not hold that). Nothing
// is flushed to the disk before a clean close: what was written in the last seconds before a power failure may be lost.
//
// Records are on disk, not in memory; the memory holds about 100 bytes per batch, and a start reads all logs through.
// Nothing is ever compacted or expired (see settings), so the folder grows with all that was ever written. One goroutine
// answers all clients. There is no authentication and no encryption, and one broker means one copy.
package embed
