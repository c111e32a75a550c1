package kafkatest

import (
	"fmt"
	"strings"

	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
)

// Listener is one more way into every broker, beside the clients' one.
type Listener struct {
	// Name is unlike CLIENT, REPLICATION and CONTROLLER, in capitals and digits.
	Name string
	// Advertised is, per broker, the address that those who come in by this listener are sent to: a proxy's, for instance.
	// Without any it is the listener's own.
	Advertised []string
	// Protocol is Kafka's: SSL, SASL_PLAINTEXT, SASL_SSL; empty: PLAINTEXT.
	Protocol string
	// Properties are the listener's own: "ssl.client.auth" becomes listener.name.<name>.ssl.client.auth.
	Properties map[string]string
}

// further is a Listener of one broker.
type further struct {
	Listener
	port       int
	advertised string
}

// furtherOf reserves the ports of a broker's further listeners.
func furtherOf(t proctest.TB, o Options, id int) []further {
	t.Helper()
	var all []further
	for _, l := range o.Listeners {
		more := further{Listener: l, port: proctest.Port(t)}
		switch len(l.Advertised) {
		case 0:
			more.advertised = loopback(more.port)
		case o.Brokers:
			more.advertised = l.Advertised[id-1]
		default:
			t.Fatalf("starting Kafka: listener %s has %d addresses for %d brokers", l.Name, len(l.Advertised), o.Brokers)
		}
		all = append(all, more)
	}
	return all
}

// addFurther adds the listeners to a node's properties.
func addFurther(properties map[string]string, all []further) {
	for _, more := range all {
		protocol := more.Protocol
		if protocol == "" {
			protocol = "PLAINTEXT"
		}
		properties["listeners"] += fmt.Sprintf(",%s://%s", more.Name, loopback(more.port))
		properties["advertised.listeners"] += fmt.Sprintf(",%s://%s", more.Name, more.advertised)
		properties["listener.security.protocol.map"] += fmt.Sprintf(",%s:%s", more.Name, protocol)
		for name, value := range more.Properties {
			properties["listener.name."+strings.ToLower(more.Name)+"."+name] = value
		}
	}
}
