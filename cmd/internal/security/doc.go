// Package security holds the tests of how the programs speak with brokers that ask who one is: TLS, logins and rights, on
// real Apache Kafka with its own authorizer. They are behind the build tag kafka.
package security
