// Package config is the switches of the programs: what they are called on the command line and in the environment, what
// they default to, and what they may not be. The names are the contract's.
package config

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Kafka says how the brokers are reached and who we are to them. The password comes by environment or file only, so that
// no list of processes shows it.
type Kafka struct {
	Brokers []string `name:"brokers" env:"CAMPAIGN_BROKERS" placeholder:"HOST:PORT" sep:"," help:"Kafka brokers."`

	TLS  bool   `name:"kafka-tls" env:"CAMPAIGN_KAFKA_TLS" group:"Kafka security" help:"Speak TLS with the brokers."`
	CA   string `name:"kafka-ca" env:"CAMPAIGN_KAFKA_CA" group:"Kafka security" type:"path" placeholder:"FILE" help:"Certificates of authorities to trust, PEM (default: the system's)."`
	Cert string `name:"kafka-cert" env:"CAMPAIGN_KAFKA_CERT" group:"Kafka security" type:"path" placeholder:"FILE" help:"Client certificate, PEM."`
	Key  string `name:"kafka-key" env:"CAMPAIGN_KAFKA_KEY" group:"Kafka security" type:"path" placeholder:"FILE" help:"Key of the client certificate, PEM."`

	SASL         string `name:"kafka-sasl" env:"CAMPAIGN_KAFKA_SASL" group:"Kafka security" enum:"plain,scram-sha-256,scram-sha-512," default:"" placeholder:"MECHANISM" help:"SASL mechanism: plain, scram-sha-256 or scram-sha-512."`
	User         string `name:"kafka-user" env:"CAMPAIGN_KAFKA_USER" group:"Kafka security" placeholder:"NAME" help:"SASL user. The password comes from $CAMPAIGN_KAFKA_PASSWORD or a file."`
	PasswordFile string `name:"kafka-password-file" env:"CAMPAIGN_KAFKA_PASSWORD_FILE" group:"Kafka security" type:"path" placeholder:"FILE" help:"File that holds the SASL password."`
}

// The timeouts of every call to a broker.
const (
	dialTimeout    = 4 * time.Second
	requestTimeout = 4 * time.Second // beyond what a request itself may take; franz-go also waits so long for a new connection
)

// Check refuses switches that cannot go together.
func (k *Kafka) Check() error {
	for _, broker := range k.Brokers {
		if err := checkAddress("--brokers", broker); err != nil {
			return err
		}
	}
	switch {
	case (k.Cert == "") != (k.Key == ""):
		return errors.New("--kafka-cert and --kafka-key: give both or neither")
	case !k.TLS && (k.CA != "" || k.Cert != ""):
		return errors.New("--kafka-ca, --kafka-cert and --kafka-key need --kafka-tls")
	case (k.SASL == "") != (k.User == ""):
		return errors.New("--kafka-sasl and --kafka-user: give both or neither")
	}
	return nil
}

// checkAddress refuses what is no HOST:PORT. The port may be a service's name, as everywhere else. What may hold a password
// is not repeated.
func checkAddress(name, address string) error {
	if strings.ContainsAny(address, "@/") {
		return fmt.Errorf("%s: it must be HOST:PORT, without a scheme, a user or a path", name)
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%s: %q must be HOST:PORT", name, address)
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return fmt.Errorf("%s: %q must be HOST:PORT with a port from 0 to 65535", name, address)
	}
	return nil
}

// Switches returns the switches that reach the same brokers in the same way, for commands in hints. No password is among
// them.
func (k *Kafka) Switches() string {
	switches := []string{"--brokers " + strings.Join(k.Brokers, ",")}
	if k.TLS {
		switches = append(switches, "--kafka-tls")
	}
	for _, s := range []struct{ name, value string }{
		{"--kafka-ca", k.CA}, {"--kafka-cert", k.Cert}, {"--kafka-key", k.Key}, {"--kafka-sasl", k.SASL}, {"--kafka-user", k.User},
		{"--kafka-password-file", k.PasswordFile},
	} {
		if s.value != "" {
			switches = append(switches, s.name+" "+s.value)
		}
	}
	return strings.Join(switches, " ")
}

// CheckPlain refuses security for the embedded broker, which has none.
func (k *Kafka) CheckPlain() error {
	if k.TLS || k.SASL != "" {
		return errors.New("--kafka-tls and --kafka-sasl need --brokers: the embedded broker has neither")
	}
	return nil
}

// Connect returns the options of every client of these brokers. What files say is looked at now, so that a wrong one is told
// at once, and again for each connection: who renews a certificate or a password in its file restarts nothing.
func (k *Kafka) Connect(clientID string) ([]kgo.Opt, error) {
	dialer := &net.Dialer{Timeout: dialTimeout}
	opts := []kgo.Opt{
		kgo.SeedBrokers(k.Brokers...),
		kgo.ClientID(clientID),
		kgo.RequestTimeoutOverhead(requestTimeout),
		// The default of 5 s lets one retriable answer stall a transaction for as long.
		kgo.MetadataMinAge(50 * time.Millisecond),
		kgo.Dialer(dialer.DialContext),
	}
	if k.TLS {
		if _, err := k.tls(); err != nil {
			return nil, err
		}
		opts = append(opts, kgo.Dialer(k.dialTLS(dialer)))
	}
	if k.SASL != "" {
		if _, err := k.password(); err != nil {
			return nil, err
		}
		opts = append(opts, kgo.SASL(k.login()))
	}
	return opts, nil
}
