// Package kafkatest runs Apache Kafka itself, without containers, for tests and benchmarks: one broker or several, each
// a child process in both KRaft roles, killed, stopped, paused and restarted at will, gone with the test.
//
// It needs Java 17 or newer; Maven is needed once, to fetch Kafka's jars into the user's cache folder.
//
//	options.go   what a caller may choose
//	cluster.go   Start, and what concerns all brokers
//	broker.go    one broker's process and folder
//	config.go    server.properties and log4j2.properties (pure)
//	listener.go  further listeners: advertised elsewhere, with TLS, or with a login
//	tool.go      Kafka's own programs
//	ready.go     when a broker counts as ready
//	topic.go     topics that each broker knows, or has forgotten
//	stable.go    when all that was written is decided, and reading it
//	jars.go      the jars and their cache
//	java.go      java and mvn on this machine
package kafkatest
