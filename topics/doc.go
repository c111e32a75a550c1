// Package topics is the room of the streams: THE table of topics with the reason for every setting, the groups that
// read and write them, the codecs, the one hash, and the administration that compares, creates and draws them.
//
// How to read it:
//
//	table.go   the topics, as data; table_store.go what each store's own topic is like, of which there are any number
//	group.go   the groups, as data; who reads and writes follows from them
//	config.go  what the table says, as Kafka's settings; config_size.go the limits of sizes and their arithmetic
//	hash.go    key -> partition, the same for every producer and for goka
//	plan.go    wanted against found: pure
//	admin.go   the same against a cluster: plan, apply, check
//	settle.go  what a client must have noted before its transaction ends
//	draw.go    the picture and the tables of the README
//
// Topic names stand here and nowhere else. A new topic is a line in table.go, its constant, and a place in a group.
package topics
