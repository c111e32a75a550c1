// Package config is the switches of the programs: what they are called on the command line and in the environment, what
// they default to, and what they may not be. The names are the contract's.
package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
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

// passwordVariable is the environment variable that may hold the SASL password.
const passwordVariable = "CAMPAIGN_KAFKA_PASSWORD"

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

// checkAddress refuses what is no HOST:PORT. The port may be a service's name, as everywhere else.
func checkAddress(name, address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%s: %q must be HOST:PORT", name, address)
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return fmt.Errorf("%s: %q must be HOST:PORT with a port from 0 to 65535", name, address)
	}
	return nil
}

// CheckPlain refuses security for the embedded broker, which has none.
func (k *Kafka) CheckPlain() error {
	if k.TLS || k.SASL != "" {
		return errors.New("--kafka-tls and --kafka-sasl need --brokers: the embedded broker has neither")
	}
	return nil
}

// Connect returns the options of every client of these brokers.
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
		settings, err := k.tls()
		if err != nil {
			return nil, err
		}
		opts = append(opts, kgo.Dialer((&tls.Dialer{NetDialer: dialer, Config: settings}).DialContext))
	}
	if k.SASL != "" {
		mechanism, err := k.sasl()
		if err != nil {
			return nil, err
		}
		opts = append(opts, kgo.SASL(mechanism))
	}
	return opts, nil
}

func (k *Kafka) tls() (*tls.Config, error) {
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if k.CA != "" {
		pem, err := os.ReadFile(k.CA)
		if err != nil {
			return nil, fmt.Errorf("--kafka-ca: %w", err)
		}
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--kafka-ca: %s holds no PEM certificate", k.CA)
		}
	}
	if k.Cert != "" {
		pair, err := tls.LoadX509KeyPair(k.Cert, k.Key)
		if err != nil {
			return nil, fmt.Errorf("--kafka-cert, --kafka-key: %w", err)
		}
		settings.Certificates = []tls.Certificate{pair}
	}
	return settings, nil
}

func (k *Kafka) sasl() (sasl.Mechanism, error) {
	password, err := k.password()
	if err != nil {
		return nil, err
	}
	switch k.SASL {
	case "plain":
		return plain.Auth{User: k.User, Pass: password}.AsMechanism(), nil
	case "scram-sha-256":
		return scram.Auth{User: k.User, Pass: password}.AsSha256Mechanism(), nil
	default:
		return scram.Auth{User: k.User, Pass: password}.AsSha512Mechanism(), nil
	}
}

func (k *Kafka) password() (string, error) {
	if k.PasswordFile == "" {
		if password, set := os.LookupEnv(passwordVariable); set {
			return password, nil
		}
		return "", fmt.Errorf("--kafka-sasl: set $%s or --kafka-password-file", passwordVariable)
	}
	content, err := os.ReadFile(k.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("--kafka-password-file: %w", err)
	}
	return strings.TrimRight(string(content), "\r\n"), nil
}
