// Package moneysuite holds the test of the money against real Apache Kafka and a real Postgres: campaigns of many kinds, their
// plays, and everything killed meanwhile; then what the tables hold must be what an oracle makes of the topics. It is behind
// the build tag kafka.
//
//	oracle                what everything must have come to
//	plan_kafka_test.go    the campaigns, from a seed
//	plays_kafka_test.go   their plays
//	postgres_kafka_test.go  the database server, killed and started again
//	cutter_kafka_test.go  what stands between engine and database, and cuts COMMITs
//	fleet_kafka_test.go   the broker and the processes
//	strikes_kafka_test.go when what is killed
//	money_kafka_test.go   the test
package moneysuite
