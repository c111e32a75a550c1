// Package suite holds the tests of the programs against real Apache Kafka: campaignd as a process of its own, killed,
// paused and restarted, and what it wrote read back read_committed. They are behind the build tag kafka.
package suite
