package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/rmn-arms/campaign-engine/cmd/internal/config"
	"github.com/rmn-arms/campaign-engine/topics"
)

// grammar is a program that has all the switches.
type grammar struct {
	config.Engine `embed:""`
}

func parser(t *testing.T, g *grammar, out *strings.Builder) *kong.Kong {
	t.Helper()
	p, err := kong.New(g, kong.Name("program"), kong.Writers(out, out), kong.Exit(func(int) {}),
		kong.Vars{"processors": config.ProcessorNames()})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// parsed reads a command line and checks it.
func parsed(t *testing.T, args ...string) (*grammar, error) {
	t.Helper()
	var g grammar
	if _, err := parser(t, &g, &strings.Builder{}).Parse(args); err != nil {
		return nil, err
	}
	return &g, g.Check()
}

// TestSwitchesOfTheContract holds names, variables and defaults against the contract's table.
func TestSwitchesOfTheContract(t *testing.T) {
	want := []struct{ name, variable, standard string }{
		{"brokers", "CAMPAIGN_BROKERS", ""},
		{"kafka-tls", "CAMPAIGN_KAFKA_TLS", ""},
		{"kafka-ca", "CAMPAIGN_KAFKA_CA", ""},
		{"kafka-cert", "CAMPAIGN_KAFKA_CERT", ""},
		{"kafka-key", "CAMPAIGN_KAFKA_KEY", ""},
		{"kafka-sasl", "CAMPAIGN_KAFKA_SASL", ""},
		{"kafka-user", "CAMPAIGN_KAFKA_USER", ""},
		{"kafka-password-file", "CAMPAIGN_KAFKA_PASSWORD_FILE", ""},
		{"partitions", "CAMPAIGN_PARTITIONS", "8"},
		{"replication-factor", "CAMPAIGN_REPLICATION_FACTOR", "0"}, // the broker's
		{"data-dir", "CAMPAIGN_DATA_DIR", "./data"},
		{"embedded-listen", "CAMPAIGN_EMBEDDED_LISTEN", "127.0.0.1:19092"},
		{"clock-start", "CAMPAIGN_CLOCK_START", ""},                   // not in the contract
		{"clock-rate", "CAMPAIGN_CLOCK_RATE", ""},                     // not in the contract
		{"smtp-url", "CAMPAIGN_SMTP_URL", ""},                         // files
		{"mail-from", "CAMPAIGN_MAIL_FROM", ""},                       // not in the contract, as those of mails below
		{"mail-rate", "CAMPAIGN_MAIL_RATE", "20"},                     //
		{"mail-max-age", "CAMPAIGN_MAIL_MAX_AGE", "24h"},              //
		{"mail-unsubscribe-url", "CAMPAIGN_MAIL_UNSUBSCRIBE_URL", ""}, //
		{"database-url", "CAMPAIGN_DATABASE_URL", ""},                 // a local one
		{"http-listen", "CAMPAIGN_HTTP_LISTEN", "127.0.0.1:8080"},
		{"instance-id", "CAMPAIGN_INSTANCE_ID", ""}, // the host name
		{"commit-interval", "CAMPAIGN_COMMIT_INTERVAL", "20ms"},
		{"distribution-lead", "CAMPAIGN_DISTRIBUTION_LEAD", "24h"},
		{"settlement-grace", "CAMPAIGN_SETTLEMENT_GRACE", "0s"},
		{"standby", "CAMPAIGN_STANDBY", "true"},       // not in the contract
		{"signing-keys", "CAMPAIGN_SIGNING_KEYS", ""}, // not in the contract
		{"processors", "CAMPAIGN_PROCESSORS", "all"},
	}
	flags := parser(t, &grammar{}, &strings.Builder{}).Model.Flags[1:] // without --help
	if len(flags) != len(want) {
		t.Errorf("%d switches, want %d", len(flags), len(want))
	}
	for i, flag := range flags[:min(len(flags), len(want))] {
		if w := want[i]; flag.Name != w.name || flag.Default != w.standard || len(flag.Tag.Envs) != 1 || flag.Tag.Envs[0] != w.variable {
			t.Errorf("--%s, %v, default %q; want %+v", flag.Name, flag.Tag.Envs, flag.Default, w)
		}
		if flag.Help == "" {
			t.Errorf("--%s has no help", flag.Name)
		}
	}
}

func TestVariables(t *testing.T) {
	for name, value := range map[string]string{
		"BROKERS": "a:1,b:2", "PARTITIONS": "3", "REPLICATION_FACTOR": "2", "INSTANCE_ID": "x-1", "COMMIT_INTERVAL": "100ms",
		"DISTRIBUTION_LEAD": "36h", "SETTLEMENT_GRACE": "90s", "PROCESSORS": "lifecycle", "HTTP_LISTEN": ":9",
	} {
		t.Setenv("CAMPAIGN_"+name, value)
	}
	g, err := parsed(t, "--partitions", "5")
	if err != nil {
		t.Fatal(err)
	}
	groups, err := g.Groups()
	if err != nil || len(groups) != 1 || groups[0].Short != "lifecycle" {
		t.Errorf("groups %v, %v", groups, err)
	}
	if strings.Join(g.Brokers, " ") != "a:1 b:2" || g.Partitions != 5 || g.ReplicationFactor != 2 || g.InstanceID != "x-1" ||
		g.CommitInterval != 100*time.Millisecond || g.DistributionLead != 36*time.Hour || g.SettlementGrace != 90*time.Second ||
		g.HTTPListen != ":9" {
		t.Errorf("read %+v", g)
	}
}

func TestDefaults(t *testing.T) {
	g, err := parsed(t)
	if err != nil {
		t.Fatal(err)
	}
	if groups, err := g.Groups(); err != nil || len(groups) != len(topics.Groups()) {
		t.Errorf("groups %v, %v", groups, err)
	}
	if g.InstanceID == "" || len(g.Brokers) != 0 {
		t.Errorf("instance %q, brokers %v", g.InstanceID, g.Brokers)
	}
}

// meaningless are switches that cannot be meant, and what their refusal speaks of.
var meaningless = []struct {
	args []string
	says string
}{
	{[]string{"--no-such-switch", "x"}, "unknown flag"},
	{[]string{"--smtp-url", "x"}, "--smtp-url"},
	{[]string{"--smtp-url", "http://mail.example"}, "--smtp-url"},
	{[]string{"--smtp-url", "smtp://u:p@mail.example?tls=none"}, "--smtp-url: without TLS"},
	{[]string{"--smtp-url", "smtps://mail.example?tls=none"}, "--smtp-url"},
	{[]string{"--smtp-url", "smtp://mail.example?tls=maybe"}, "--smtp-url"},
	{[]string{"--smtp-url", "smtp://mail.example:99999"}, "--smtp-url: the port must be"},
	{[]string{"--smtp-url", "smtp://mail.example/x"}, "--smtp-url: nothing but"},
	{[]string{"--smtp-url", "smtp://u@mail.example"}, "--smtp-url: user and password"},
	{[]string{"--smtp-url", "smtp://u:p@ss@mail.example"}, "--smtp-url: what is neither"},
	{[]string{"--mail-from", "x"}, "--mail-from: must be a mailbox"},
	{[]string{"--mail-unsubscribe-url", "http://x.example"}, "--mail-unsubscribe-url: must be an https"},
	{[]string{"--mail-unsubscribe-url", "https://x.example/{who}"}, `--mail-unsubscribe-url: nothing is filled in for "{who}"; it may hold {recipient}`},
	{[]string{"--mail-rate", "0"}, "--mail-rate"},
	{[]string{"--mail-rate", "NaN"}, "--mail-rate"},
	{[]string{"--mail-max-age", "1s"}, "--mail-max-age"},
	{[]string{"--database-url", "x"}, "--database-url"},
	{[]string{"--database-url", "mysql://h/d"}, "--database-url"},
	{[]string{"--brokers", "nowhere"}, "--brokers"},
	{[]string{"--kafka-tls"}, "--brokers"},
	{[]string{"--kafka-sasl", "plain", "--kafka-user", "u"}, "--brokers"},
	{[]string{"--brokers", "a:1", "--kafka-sasl", "gssapi", "--kafka-user", "u"}, "--kafka-sasl"},
	{[]string{"--brokers", "a:1", "--kafka-sasl", "plain"}, "--kafka-user"},
	{[]string{"--brokers", "a:1", "--kafka-user", "u"}, "--kafka-sasl"},
	{[]string{"--brokers", "a:1", "--kafka-ca", "x"}, "--kafka-tls"},
	{[]string{"--brokers", "a:1", "--kafka-tls", "--kafka-cert", "x"}, "--kafka-key"},
	{[]string{"--brokers", "a:1", "--kafka-tls", "--kafka-key", "x"}, "--kafka-cert"},
	{[]string{"--embedded-listen", "19092"}, "--embedded-listen"},
	{[]string{"--embedded-listen", ":19092"}, "--embedded-listen"},
	{[]string{"--http-listen", "8080"}, "--http-listen"},
	{[]string{"--http-listen", "127.0.0.1:99999"}, "--http-listen"},
	{[]string{"--embedded-listen", "127.0.0.1:99999"}, "--embedded-listen"},
	{[]string{"--brokers", "k1:99999"}, "--brokers"},
	{[]string{"--instance-id", "a b"}, "--instance-id"},
	{[]string{"--commit-interval", "0s"}, "--commit-interval"},
	{[]string{"--commit-interval", "1m"}, "--commit-interval"},
	{[]string{"--commit-interval", "soon"}, "--commit-interval"},
	{[]string{"--partitions", "0"}, "--partitions"},
	{[]string{"--partitions", "1001"}, "--partitions"},
	{[]string{"--replication-factor", "-1"}, "--replication-factor"},
	{[]string{"--replication-factor", "0"}, "--replication-factor"},
	{[]string{"--instance-id", ""}, "--instance-id"},
	{[]string{"--distribution-lead", "-1h"}, "--distribution-lead"},
	{[]string{"--distribution-lead", "9000h"}, "--distribution-lead"},
	{[]string{"--settlement-grace", "9000h"}, "--settlement-grace"},
	{[]string{"--clock-start", "tomorrow"}, "--clock-start"},
	{[]string{"--clock-start", ""}, "--clock-start"},
	{[]string{"--clock-start", "1969-12-31T23:59:59Z"}, "--clock-start"},
	{[]string{"--clock-rate", "0"}, "--clock-rate"},
	{[]string{"--clock-rate", "100001"}, "--clock-rate"},
	{[]string{"--clock-rate", "2", "--brokers", "k1:9092"}, "--clock-rate"},
	{[]string{"--clock-start", "2262-04-12T00:00:00Z"}, "--clock-start"},
	{[]string{"--clock-rate", "2", "--database-url", "postgres://h/d"}, "--database-url: others read"},
	{[]string{"--clock-rate", "2", "--smtp-url", "smtp://h"}, "--smtp-url: others read"},
	{[]string{"--clock-start", "2026-12-01T05:00:00+01:00", "--brokers", "k1:9092"}, "--clock-start"},
	{[]string{"--processors", "another"}, "--processors"},
	{[]string{"--processors", ""}, "--processors"},
}

func TestRefusesWhatCannotBeMeant(t *testing.T) {
	for _, c := range meaningless {
		if _, err := parsed(t, c.args...); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: %v, want it to speak of %s", c.args, err, c.says)
		}
	}
	for _, alone := range []string{"--mail-from", "--mail-unsubscribe-url"} { // of two switches only the one at fault is named
		if _, err := parsed(t, alone, "x"); err == nil || strings.Count(err.Error(), "--mail") != 1 {
			t.Errorf("%s: %v, want it to speak of that alone", alone, err)
		}
	}
}

// TestEmptyVariablesAreUnset: nobody who leaves a value out of a file of variables means the empty value.
func TestEmptyVariablesAreUnset(t *testing.T) {
	for _, name := range []string{"PARTITIONS", "REPLICATION_FACTOR", "INSTANCE_ID", "BROKERS", "COMMIT_INTERVAL", "KAFKA_TLS"} {
		t.Setenv("CAMPAIGN_"+name, "")
	}
	t.Setenv("CAMPAIGN_HTTP_LISTEN", ":9")
	config.DropEmptyVariables()
	g, err := parsed(t)
	if err != nil {
		t.Fatal(err)
	}
	if g.Partitions != 8 || g.InstanceID == "" || len(g.Brokers) != 0 || g.CommitInterval != 20*time.Millisecond || g.HTTPListen != ":9" {
		t.Errorf("read %+v", g)
	}
}

// TestSwitchesOfWhatRunsInTheDataFolderNeedIt: they would be ignored without a word when the brokers come from somewhere else,
// which may well be a variable that nobody thinks of.
func TestSwitchesOfWhatRunsInTheDataFolderNeedIt(t *testing.T) {
	const db = "postgres://h/d"
	t.Setenv("CAMPAIGN_SMTP_URL", "smtp://mail.example")
	for _, c := range []struct {
		name       string
		args       []string
		variable   string
		value      string
		says, from string
	}{
		{"by switches", []string{"--brokers", "k1:9092", "--database-url", db, "--data-dir", "x"}, "", "", "--data-dir: ", "--brokers (k1:9092)"},
		{"with the default", []string{"--brokers", "k1:9092", "--database-url", db, "--data-dir", "./data"}, "", "",
			"--data-dir: ", "--brokers (k1:9092)"},
		{"the database by variable", []string{"--brokers", "k1:9092", "--data-dir", "x"}, "CAMPAIGN_DATABASE_URL", db,
			"--data-dir: ", "$CAMPAIGN_DATABASE_URL"},
		{"the brokers by variable", []string{"--data-dir", "x", "--database-url", db}, "CAMPAIGN_BROKERS", "k1:9092,k2:9092",
			"--data-dir: ", "$CAMPAIGN_BROKERS (k1:9092,k2:9092)"},
		{"the folder by variable", []string{"--brokers", "k1:9092", "--database-url", db}, "CAMPAIGN_DATA_DIR", "x",
			"$CAMPAIGN_DATA_DIR: ", "--brokers (k1:9092)"},
		{"the address", []string{"--brokers", "k1:9092", "--embedded-listen", "127.0.0.1:1"}, "", "",
			"--embedded-listen: ", "--brokers (k1:9092)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.variable != "" {
				t.Setenv(c.variable, c.value)
			}
			if _, err := parsed(t, c.args...); err == nil || !strings.HasPrefix(err.Error(), c.says) || !strings.Contains(err.Error(), c.from) {
				t.Errorf("%v, want it to begin with %q and to name %s", err, c.says, c.from)
			}
		})
	}
	for _, args := range [][]string{
		{"--brokers", "k1:9092"}, {"--brokers", "k1:9092", "--data-dir", "x"}, {"--database-url", db, "--data-dir", "x"},
		{"--brokers", "k1:9092", "--database-url", db, "--data-dir", "x", "--smtp-url="}, // mails are kept there
	} {
		if _, err := parsed(t, args...); err != nil {
			t.Errorf("%v: %v", args, err)
		}
	}
}
