//go:build kafka

package security

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/rmn-arms/campaign-engine/topics"
)

// testRenewal renews every file while engines run: the broker's certificate, the authority of both sides, the client's
// certificate, and a password. After the broker has restarted it takes nothing old any more, and the engines go on.
func testRenewal(t *testing.T, c *cluster, out *outputs) {
	own := c.ca.issue("renewing", "client.example", time.Now().Add(time.Hour))
	c.grant("User:CN=renewing", rightsOf(topics.Timers))
	secret := filepath.Join(t.TempDir(), "password")
	write(t, secret, []byte(password+"\n"))
	byCertificate := attempt{listener: mutual, args: []string{
		"--kafka-tls", "--kafka-ca", c.ca.file, "--kafka-cert", own.cert, "--kafka-key", own.key}}
	byLogin := attempt{listener: login, args: []string{
		"--kafka-sasl", "scram-sha-256", "--kafka-user", topics.Lifecycle, "--kafka-password-file", secret}}
	engines := []*engine{c.engineAs(t, byCertificate, topics.Timers, "renewing"), c.engineAs(t, byLogin, topics.Lifecycle, "renewing")}
	for _, e := range engines {
		e.ready(t)
	}
	c.renew(t, own)
	c.changePassword(t, topics.Lifecycle, "renewed-"+password)
	write(t, secret, []byte("renewed-"+password))
	must(t, c.Stop(0))
	for _, e := range engines {
		e.awaitReadiness(t, 503, "")
	}
	must(t, c.Restart(0))
	for _, e := range engines {
		e.awaitReadiness(t, 200, "")
	}
	soon := time.Now().Add(time.Hour)
	publish(t, c.client(t, ""), created(t, "renewed", soon, soon.Add(time.Hour)))
	out.await(t, "renewed/1/schedule")
	for _, e := range engines {
		must(t, e.Terminate())
		c.ended(t, e.Process, 0)
	}
}

// renew replaces the authority and what it signed, each in the file where it was. What the old one signed is trusted by
// nobody then.
func (c *cluster) renew(t *testing.T, client pair) {
	t.Helper()
	fresh := newAuthority(t, "fresh")
	until := time.Now().Add(time.Hour)
	broker, own := fresh.issue("broker", "127.0.0.1", until), fresh.issue("renewing", "client.example", until)
	for from, to := range map[string]string{
		fresh.file: c.ca.file, broker.both: c.broker.both, own.cert: client.cert, own.key: client.key,
	} {
		content, err := os.ReadFile(from)
		must(t, err)
		write(t, to, content)
	}
}

func (c *cluster) changePassword(t *testing.T, user, to string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, mechanism := range []kadm.ScramMechanism{kadm.ScramSha256, kadm.ScramSha512} {
		changed, err := c.admin.AlterUserSCRAMs(ctx, nil, []kadm.UpsertSCRAM{
			{User: user, Mechanism: mechanism, Iterations: 4096, Password: to},
		})
		must(t, err)
		must(t, changed.Error())
	}
}

// testNothingTellsThePassword looks for it wherever an engine tells something.
func testNothingTellsThePassword(t *testing.T, c *cluster, out *outputs) {
	e := c.engine(t, topics.Timers, topics.Timers, "silent")
	e.ready(t)
	publish(t, c.client(t, ""), rubbish(topics.CampaignEvents, "silent"))
	out.await(t, "dead-letters silent")
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		_, body, err := e.get(t.Context(), path)
		must(t, err)
		tells(t, path, body)
	}
	must(t, e.Quit())
	if _, err := e.Wait(patience); err != nil || !strings.Contains(e.Stderr(), "goroutine ") {
		t.Errorf("%v; it does not tell its goroutines\n%s", err, e.Report())
	}
	tells(t, "what it says when it dies", e.Stdout()+e.Stderr())
	out.mu.Lock()
	defer out.mu.Unlock()
	tells(t, "the outputs", out.all.String())
}
