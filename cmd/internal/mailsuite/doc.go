// Package mailsuite tests mails with everything that they pass: campaignd as a process of its own, killed, on real Apache Kafka
// and Postgres, and a mail server that counts. It is behind the build tag kafka.
package mailsuite
