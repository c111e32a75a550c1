package kafkatest

import "time"

// Version is the Apache Kafka that is run.
const Version = "4.3.0"

// BrokersMax limits a cluster: all brokers run on the machine of the test.
const BrokersMax = 9

// Options says what cluster to start; the zero value is one broker.
type Options struct {
	// Brokers is how many, 1 by default, BrokersMax at most. From three on topics have replication 3, min.insync 2.
	Brokers int
	// HeapMiB is each broker's largest Java heap, 512 by default; the process takes about 150 MiB more.
	HeapMiB int
	// ShortLived lets Java compile lightly: a start takes about 2.5 s of CPU time instead of 4.5 s, and what runs for long
	// is slower. For tests of some seconds, never for a benchmark.
	ShortLived bool
	// Listeners are further ways into every broker, beside the clients' one.
	Listeners []Listener
	// Properties are set in every broker's server.properties, over what the harness would set.
	Properties map[string]string
	// ReadyTimeout is how long a start or restart may take until the cluster works. The default, 8 min, is for a machine
	// with much else to do.
	ReadyTimeout time.Duration
}

func (o Options) withDefaults() Options {
	if o.Brokers == 0 {
		o.Brokers = 1
	}
	if o.HeapMiB == 0 {
		o.HeapMiB = 512
	}
	if o.ReadyTimeout == 0 {
		o.ReadyTimeout = 8 * time.Minute
	}
	return o
}
