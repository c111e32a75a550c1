//go:build kafka

package security

import (
	"context"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
)

// patience bounds each wait; reaching it is a failure.
const patience = 4 * time.Minute

// The listeners of the broker, and what is particular about each.
const (
	tlsOnly    = "TLS"       // the broker shows a certificate
	mutual     = "MUTUAL"    // and asks for one
	otherHost  = "OTHERHOST" // its certificate is for another host
	expired    = "EXPIRED"   // its certificate has expired
	login      = "LOGIN"     // a login, without TLS
	loginOnTLS = "LOGINTLS"  // a login on TLS
)

// password is that of all users. No program may ever print it.
const password = "mArKeR-5ecret-pa55word"

// cluster is a broker with an authorizer. The plain listener's clients, among them the harness, may do everything.
type cluster struct {
	*kafkatest.Cluster
	t *testing.T
	// ca has signed broker, which most listeners show; testRenewal replaces both.
	ca     *authority
	broker pair
	admin  *kadm.Client
	plain  *kgo.Client
	// campaignd and campaignctl are the programs.
	campaignd, campaignctl string
	// keys is the file of keys that every router signs with.
	keys string
}

func start(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{t: t, ca: newAuthority(t, "authority")}
	c.campaignd = proctest.Build(t, "github.com/rmn-arms/campaign-engine/cmd/campaignd")
	c.campaignctl = proctest.Build(t, "github.com/rmn-arms/campaign-engine/cmd/campaignctl")
	c.keys = filepath.Join(t.TempDir(), "keys.json")
	c.ended(t, c.launch(t, c.campaignd, nil, "keys", "init", c.keys), 0)
	tomorrow := time.Now().Add(24 * time.Hour)
	c.broker = c.ca.issue("broker", "127.0.0.1", tomorrow)
	shows := func(p pair, clients string) map[string]string {
		return map[string]string{
			"ssl.keystore.type": "PEM", "ssl.keystore.location": p.both,
			"ssl.truststore.type": "PEM", "ssl.truststore.location": c.ca.file, "ssl.client.auth": clients,
		}
	}
	c.Cluster = kafkatest.Start(t, kafkatest.Options{
		ShortLived: true,
		Listeners: []kafkatest.Listener{
			{Name: tlsOnly, Protocol: "SSL", Properties: shows(c.broker, "none")},
			{Name: mutual, Protocol: "SSL", Properties: shows(c.broker, "required")},
			{Name: otherHost, Protocol: "SSL", Properties: shows(c.ca.issue("other", "broker.elsewhere.example", tomorrow), "none")},
			{Name: expired, Protocol: "SSL", Properties: shows(c.ca.issue("late", "127.0.0.1", time.Now().Add(-time.Hour)), "none")},
			{Name: login, Protocol: "SASL_PLAINTEXT", Properties: logins()},
			{Name: loginOnTLS, Protocol: "SASL_SSL", Properties: merged(shows(c.broker, "none"), logins())},
		},
		Properties: map[string]string{
			"authorizer.class.name":          "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
			"allow.everyone.if.no.acl.found": "false",
			"super.users":                    "User:ANONYMOUS",
		},
	})
	var err error
	c.plain, err = kgo.NewClient(kgo.SeedBrokers(c.Brokers()...), kgo.MetadataMinAge(50*time.Millisecond))
	must(t, err)
	t.Cleanup(c.plain.Close)
	c.admin = kadm.NewClient(c.plain)
	return c
}

// plainUser may log in with the mechanism PLAIN too, whose users stand in the broker's configuration.
const plainUser = "plain-user"

func logins() map[string]string {
	const scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
	return map[string]string{
		"sasl.enabled.mechanisms":               "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
		"scram-sha-256.sasl.jaas.config":        scram,
		"scram-sha-512.sasl.jaas.config":        scram,
		"plain.sasl.jaas.config":                "org.apache.kafka.common.security.plain.PlainLoginModule required user_" + plainUser + "=\"" + password + "\";",
		"connections.max.reauth.ms":             "0",
		"ssl.endpoint.identification.algorithm": "",
	}
}

func merged(maps ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, m := range maps {
		for name, value := range m {
			all[name] = value
		}
	}
	return all
}

// addUsers makes users with the password, for both kinds of SCRAM: a request takes a user once.
func (c *cluster) addUsers(names ...string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	for _, mechanism := range []kadm.ScramMechanism{kadm.ScramSha256, kadm.ScramSha512} {
		var users []kadm.UpsertSCRAM
		for _, name := range names {
			users = append(users, kadm.UpsertSCRAM{User: name, Mechanism: mechanism, Iterations: 4096, Password: password})
		}
		made, err := c.admin.AlterUserSCRAMs(ctx, nil, users)
		must(c.t, err)
		must(c.t, made.Error())
	}
}

// ended waits for a program's end, and returns what it printed.
func (c *cluster) ended(t *testing.T, p *proctest.Process, code int) string {
	t.Helper()
	got, err := p.Wait(patience)
	if err != nil || got != code {
		t.Errorf("ended with %d, %v; want %d\n%s", got, err, code, p.Report())
	}
	tells(t, "its output", p.Stdout()+p.Stderr())
	return p.Stderr()
}

// tells fails when a text holds the password.
func tells(t *testing.T, what, text string) {
	t.Helper()
	if strings.Contains(text, password) {
		t.Errorf("%s holds the password:\n%s", what, text)
	}
}

// noDatabase is an address where none is: what is tested here are brokers, and no engine is to start a local Postgres.
const noDatabase = "CAMPAIGN_DATABASE_URL=postgres://nobody@127.0.0.1:1/none"

// launch starts a program; environment is NAME=value.
func (c *cluster) launch(t *testing.T, path string, environment []string, args ...string) *proctest.Process {
	t.Helper()
	return proctest.Start(t, proctest.Command{Path: path, Args: args, Env: append([]string{noDatabase}, environment...)})
}

// httpFree returns an address to listen at.
func httpFree(t *testing.T) string {
	t.Helper()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(proctest.Port(t)))
}

func joined(addresses []string) string { return strings.Join(addresses, ",") }
