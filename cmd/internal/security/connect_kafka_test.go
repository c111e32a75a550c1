//go:build kafka

package security

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/topics"
)

// attempt is a way to connect.
type attempt struct {
	name     string
	listener string // plain when empty
	args     []string
	// password is given by the environment; empty: none is.
	password string
	// says is what the error tells to do; empty: it works.
	says string
}

// attempts are all that can be right or wrong about TLS and logins.
func (c *cluster) attempts(t *testing.T) []attempt {
	t.Helper()
	stranger := newAuthority(t, "stranger")
	tomorrow := time.Now().Add(24 * time.Hour)
	own := c.ca.issue("campaignd", "client.example", tomorrow)
	late := c.ca.issue("late", "client.example", time.Now().Add(-time.Minute))
	foreign := stranger.issue("foreign", "client.example", tomorrow)
	c.addUsers("anybody")
	for _, principal := range []string{"User:CN=campaignd", "User:anybody", "User:" + plainUser} {
		c.grant(principal, rightsOf("timers", "lifecycle", "analyst"))
	}
	trusting := []string{"--kafka-tls", "--kafka-ca", c.ca.file}
	as := func(mechanism, user string) []string {
		return []string{"--kafka-sasl", mechanism, "--kafka-user", user}
	}
	with := func(p pair) []string { return []string{"--kafka-cert", p.cert, "--kafka-key", p.key} }
	return []attempt{
		{"TLS", tlsOnly, trusting, "", ""},
		{"mutual TLS", mutual, slices.Concat(trusting, with(own)), "", ""},
		{"SCRAM-SHA-256", login, as("scram-sha-256", "anybody"), password, ""},
		{"SCRAM-SHA-512 on TLS", loginOnTLS, slices.Concat(trusting, as("scram-sha-512", "anybody")), password, ""},
		{"PLAIN on TLS", loginOnTLS, slices.Concat(trusting, as("plain", plainUser)), password, ""},

		{"another authority", tlsOnly, []string{"--kafka-tls", "--kafka-ca", stranger.file}, "", "--kafka-ca"},
		{"the system's authorities", tlsOnly, []string{"--kafka-tls"}, "", "--kafka-ca"},
		{"another host", otherHost, trusting, "", "advertised.listeners"},
		{"an expired broker", expired, trusting, "", "has expired"},
		{"no certificate", mutual, trusting, "", "give --kafka-cert and --kafka-key"},
		{"an expired certificate", mutual, slices.Concat(trusting, with(late)), "", "--kafka-cert, which expired at"},
		{"a foreign certificate", mutual, slices.Concat(trusting, with(foreign)), "", "signed by an authority that they trust"},
		{"another password", login, as("scram-sha-512", "anybody"), "not-" + password, "the user or the password is wrong"},
		{"another password by PLAIN", loginOnTLS, slices.Concat(trusting, as("plain", plainUser)), "not-" + password, "the user or the password is wrong"},
		{"an unknown user", login, as("scram-sha-512", "nobody"), password, "login of user nobody by scram-sha-512"},
		{"no login", login, nil, "", "give --kafka-sasl and --kafka-user, or --kafka-tls"},
		{"no login on TLS", loginOnTLS, trusting, "", "give --kafka-sasl and --kafka-user"},
		{"TLS at a plain port", "", trusting, "", "leave out --kafka-tls"},
		{"a login at a port without", "", as("scram-sha-512", "anybody"), password, "leave out --kafka-sasl"},
		{"no TLS at a TLS port", tlsOnly, nil, "", "give --kafka-tls"},
		{"a login without TLS at a TLS port", loginOnTLS, as("scram-sha-512", "anybody"), password, "give --kafka-tls"},
	}
}

// testConnections runs the attempts that are to work, or the others.
func testConnections(t *testing.T, c *cluster, attempts []attempt, work bool) {
	for _, a := range attempts {
		if (a.says == "") != work {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			if work {
				c.works(t, a)
			} else {
				c.isRefused(t, a)
			}
		})
	}
}

func (a attempt) environment() []string {
	if a.password == "" {
		return nil
	}
	return []string{"CAMPAIGN_KAFKA_PASSWORD=" + a.password}
}

// switches returns the arguments of a program's command.
func (a attempt) switches(c *cluster, command ...string) []string {
	brokers := c.Brokers()
	if a.listener != "" {
		brokers = []string{c.Listening(0, a.listener)}
	}
	return slices.Concat(command, []string{"--brokers", joined(brokers)}, a.args)
}

// works runs the engine until it is ready, and asks what there is.
func (c *cluster) works(t *testing.T, a attempt) {
	http := httpFree(t)
	engine := c.launch(t, c.campaignd, a.environment(), a.switches(c, "run", "--processors", "timers,lifecycle",
		"--partitions", partitions, "--http-listen", http, "--instance-id", strings.ReplaceAll(a.name, " ", "-"), "--log-level", "debug")...)
	if err := engine.AwaitHTTP("http://"+http+"/readyz", patience); err != nil {
		t.Fatal(err)
	}
	list := c.launch(t, c.campaignctl, a.environment(), a.switches(c, "list")...)
	c.ended(t, list, 0)
	must(t, engine.Terminate())
	c.ended(t, engine, 0)
}

// isRefused sees that each program ends with one line that says what to do.
func (c *cluster) isRefused(t *testing.T, a attempt) {
	for _, p := range []*proctest.Process{
		c.launch(t, c.campaignd, a.environment(), a.switches(c, "run", "--processors", "timers", "--http-listen", httpFree(t), "--log-level", "debug")...),
		c.launch(t, c.campaignd, a.environment(), a.switches(c, "topics", "plan")...),
		c.launch(t, c.campaignctl, a.environment(), a.switches(c, "list")...),
	} {
		text := c.ended(t, p, 1)
		lines := strings.Split(strings.TrimSpace(text), "\n")
		if last := lines[len(lines)-1]; !strings.HasPrefix(last, "campaign") || !strings.Contains(last, a.says) {
			t.Errorf("it ends with\n%s\nwant it to say %q", last, a.says)
		}
	}
}

// rightsOf returns the rights of roles together.
func rightsOf(roles ...string) []topics.Right {
	var all []topics.Right
	for _, name := range roles {
		role, _ := topics.RoleNamed(name)
		all = append(all, role.Rights...)
	}
	return all
}
