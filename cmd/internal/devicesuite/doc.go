// Package devicesuite holds the test of the devices against real Apache Kafka: campaigns of many kinds on stores whose devices
// lose their network, power, disks and time, an attacker, and engines killed meanwhile; then what devices have been told, have
// and have shown must be what an oracle makes of the topics and of the devices' journals. It is behind the build tag kafka.
//
//	oracle                what everything must have come to
//	plan_kafka_test.go    the campaigns and what happens to them, from a seed
//	fleet_kafka_test.go   the broker and the processes
//	script_kafka_test.go  what is published when, and what is killed
//	reading_kafka_test.go topics and journals, into the oracle's book
//	devices_kafka_test.go the test
package devicesuite
