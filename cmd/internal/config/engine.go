package config

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/embed"
	"github.com/rmn-arms/campaign-engine/topics"
)

// Engine are the switches of campaignd run.
type Engine struct {
	Kafka    `embed:""`
	Deploy   `embed:""`
	Embedded `embed:""`
	Clock    `embed:""`
	Mails    `embed:""`

	DatabaseURL      DatabaseURL   `name:"database-url" env:"CAMPAIGN_DATABASE_URL" placeholder:"URL" help:"Postgres for the tables: postgres://USER:PASSWORD@HOST:PORT/DATABASE; better by the variable, which no list of processes shows (default: a local one, kept in the data folder)."`
	HTTPListen       string        `name:"http-listen" env:"CAMPAIGN_HTTP_LISTEN" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where /healthz, /readyz, /metrics and /.well-known/jwks.json answer (default ${default})."`
	InstanceID       string        `name:"instance-id" env:"CAMPAIGN_INSTANCE_ID" placeholder:"NAME" help:"Static group membership and transactional id (default: host name). Two processes on one host need one each."`
	CommitInterval   time.Duration `name:"commit-interval" env:"CAMPAIGN_COMMIT_INTERVAL" default:"20ms" placeholder:"DURATION" help:"Longest time that a transaction stays open under load (default ${default}). Longer costs the brokers less, shorter shows transitions sooner."`
	DistributionLead time.Duration `name:"distribution-lead" env:"CAMPAIGN_DISTRIBUTION_LEAD" default:"24h" placeholder:"DURATION" help:"How long before its start a campaign's content is distributed (default ${default})."`
	SettlementGrace  time.Duration `name:"settlement-grace" env:"CAMPAIGN_SETTLEMENT_GRACE" default:"0s" placeholder:"DURATION" help:"How long after its end a campaign is settled, where it does not say (default ${default})."`
	Standby          bool          `name:"standby" env:"CAMPAIGN_STANDBY" default:"true" negatable:"" help:"Keep the rows of partitions that other instances own in memory, to take over at once (default on)."`
	SigningKeys      string        `name:"signing-keys" env:"CAMPAIGN_SIGNING_KEYS" type:"path" placeholder:"FILE" help:"Private keys that commands to devices are signed with, as campaignd keys makes them (default: signing-keys.json in the data folder, made when it is missing; with --brokers there is none)."`
	Processors       []string      `name:"processors" env:"CAMPAIGN_PROCESSORS" default:"all" sep:"," placeholder:"NAME" help:"Which processors this process runs: ${processors} (default ${default})."`
}

// Deploy are the switches about the topics of a deployment.
type Deploy struct {
	Given `embed:""`

	Partitions        int32 `name:"partitions" env:"CAMPAIGN_PARTITIONS" default:"8" placeholder:"N" help:"Partitions of topics that are created (default ${default})."`
	ReplicationFactor int16 `name:"replication-factor" env:"CAMPAIGN_REPLICATION_FACTOR" default:"0" placeholder:"N" help:"Replicas of topics that are created (default: the broker's)."`
}

// Embedded are the switches of what is in the data folder: the embedded broker when no brokers are given, a local Postgres when
// no database is, and mails when no mail server is.
type Embedded struct {
	DataDir        string `name:"data-dir" env:"CAMPAIGN_DATA_DIR" default:"./data" type:"path" placeholder:"FOLDER" help:"Where the embedded broker and the local Postgres keep their data, and mails are kept when no mail server is given (default ./data)."`
	EmbeddedListen string `name:"embedded-listen" env:"CAMPAIGN_EMBEDDED_LISTEN" default:"127.0.0.1:19092" placeholder:"HOST:PORT" help:"Where other programs reach the embedded broker (default ${default})."`
}

// The limits of what an operator may set.
const (
	partitionsMax     = 1000
	commitIntervalMin = time.Millisecond
	commitIntervalMax = 5 * time.Second
	leadMax           = 366 * 24 * time.Hour
)

// instancePattern keeps instance names to what may stand in a transactional id and be told apart in one.
var instancePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// Check refuses values that cannot be meant, and fills in what depends on the machine.
func (e *Engine) Check() error {
	if err := e.Kafka.Check(); err != nil {
		return err
	}
	if err := e.checkEmbedded(); err != nil {
		return err
	}
	if err := e.checkClock(); err != nil {
		return err
	}
	if err := e.DatabaseURL.Check(); err != nil {
		return err
	}
	if err := e.Mails.Check(); err != nil {
		return err
	}
	if err := e.Deploy.Check(); err != nil {
		return err
	}
	if e.InstanceID == "" && e.How("instance-id") != "" {
		return fmt.Errorf("--instance-id: it is empty; leave it out for the host name")
	}
	if e.InstanceID == "" {
		host, err := os.Hostname()
		if err != nil {
			return fmt.Errorf("--instance-id: not given, and the host has no name: %w", err)
		}
		e.InstanceID = host
	}
	if !instancePattern.MatchString(e.InstanceID) {
		return fmt.Errorf("--instance-id: %q must match %s", e.InstanceID, instancePattern)
	}
	if err := checkAddress("--http-listen", e.HTTPListen); err != nil {
		return err
	}
	if err := within("--commit-interval", e.CommitInterval, commitIntervalMin, commitIntervalMax); err != nil {
		return err
	}
	if err := CheckCampaigns(e.DistributionLead, e.SettlementGrace); err != nil {
		return err
	}
	_, err := e.Groups()
	return err
}

// checkEmbedded looks at what the embedded broker, the local Postgres and the folder of mails are told: nothing when there are
// none.
func (e *Engine) checkEmbedded() error {
	if len(e.Brokers) > 0 {
		if how := e.How("embedded-listen"); how != "" {
			return fmt.Errorf("%s: it is for the embedded broker, which does not run: the brokers come from %s; leave one of the two out",
				how, e.BrokersFrom())
		}
		if how := e.How("data-dir"); how != "" && e.DatabaseURL != "" && e.SMTPURL != "" {
			return fmt.Errorf("%s: it is for the embedded broker, the local Postgres and mails that are kept as files, of which there is "+
				"none: the brokers come from %s, the database from %s, the mail server from %s; leave it out", how, e.BrokersFrom(),
				e.How("database-url"), e.How("smtp-url"))
		}
		return nil
	}
	if err := e.CheckPlain(); err != nil {
		return err
	}
	if err := embed.CheckAddress(e.EmbeddedListen); err != nil {
		return fmt.Errorf("--embedded-listen: %w", err)
	}
	return checkAddress("--embedded-listen", e.EmbeddedListen)
}

// BrokersFrom says where the brokers come from, and which they are.
func (e *Engine) BrokersFrom() string {
	return fmt.Sprintf("%s (%s)", e.How("brokers"), strings.Join(e.Brokers, ","))
}

// Check refuses values that cannot be meant.
func (d *Deploy) Check() error {
	if d.Partitions < 1 || d.Partitions > partitionsMax {
		return fmt.Errorf("--partitions: must lie between 1 and %d", partitionsMax)
	}
	if d.ReplicationFactor < 0 {
		return fmt.Errorf("--replication-factor: must not be negative")
	}
	if d.ReplicationFactor == 0 && d.How("replication-factor") != "" {
		return fmt.Errorf("--replication-factor: must be at least 1; leave it out for the broker's own")
	}
	return nil
}

func within(name string, value, least, most time.Duration) error {
	if value < least || value > most {
		return fmt.Errorf("%s: must lie between %s and %s", name, least, most)
	}
	return nil
}

// Groups returns the processors that are asked for, in the order of the flow.
func (e *Engine) Groups() ([]topics.Group, error) {
	wanted := map[string]bool{}
	for _, name := range e.Processors {
		if name = strings.TrimSpace(name); name == "all" {
			return topics.Groups(), nil
		}
		if _, known := topics.GroupNamed(name); !known {
			return nil, fmt.Errorf("--processors: %q is none of %s", name, ProcessorNames())
		}
		wanted[name] = true
	}
	var groups []topics.Group
	for _, group := range topics.Groups() {
		if wanted[group.Short] {
			groups = append(groups, group)
		}
	}
	if len(groups) == 0 {
		return nil, fmt.Errorf("--processors: name at least one of %s", ProcessorNames())
	}
	return groups, nil
}

// ProcessorNames lists what --processors takes.
func ProcessorNames() string {
	names := []string{"all"}
	for _, group := range topics.Groups() {
		names = append(names, group.Short)
	}
	return strings.Join(names, ", ")
}

// Options returns how topics are laid out; connection are the switches that reach the same brokers.
func (d *Deploy) Options(connection string) topics.Options {
	return topics.Options{Partitions: d.Partitions, Replicas: d.ReplicationFactor, Connection: connection, Run: connection}
}
