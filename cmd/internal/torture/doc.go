// Package torture runs the engine under fire: three Apache Kafka brokers and three campaignd processes, while a seeded
// nemesis kills, stops and isolates them, and while the inputs repeat, contradict and poison themselves. Then an oracle that
// was written independently of the engine judges everything that is in the topics.
package torture
