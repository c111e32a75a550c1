package kafkatest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
)

// Cluster is a running Apache Kafka. Brokers are counted from 0. The methods may be called from any goroutine.
type Cluster struct {
	options Options
	brokers []*broker
}

// Start starts a cluster, waits until records, transactions and groups work on it, and ends it with the test. When the
// test fails it shows what the brokers logged last.
func Start(t proctest.TB, o Options) *Cluster {
	t.Helper()
	o = o.withDefaults()
	if o.Brokers < 0 || o.Brokers > BrokersMax {
		t.Fatalf("starting Kafka: %d brokers, at most %d are allowed", o.Brokers, BrokersMax)
	}
	java, err := findJava(context.Background())
	if err != nil {
		t.Fatalf("starting Kafka: %v", err)
	}
	jarDir, err := jars(context.Background())
	if err != nil {
		t.Fatalf("starting Kafka: %v", err)
	}
	began := time.Now()
	c := layOut(t, o, java, jarDir)
	t.Cleanup(func() { c.close(t) })
	ctx, cancel := context.WithTimeout(context.Background(), o.ReadyTimeout)
	defer cancel()
	if err := c.start(ctx); err != nil {
		t.Fatalf("starting Kafka: %v", err)
	}
	t.Logf("Kafka %s, %d broker(s) at %v: ready after %d ms", Version, o.Brokers, c.Brokers(),
		time.Since(began).Milliseconds())
	return c
}

// layOut reserves the brokers' ports and folders.
func layOut(t proctest.TB, o Options, java, jarDir string) *Cluster {
	t.Helper()
	root := proctest.Folder(t, "kafka")
	c := &Cluster{options: o}
	for id := 1; id <= o.Brokers; id++ {
		c.brokers = append(c.brokers, &broker{java: java, jars: jarDir, flags: brokerFlags(o), node: node{
			id: id, dir: filepath.Join(root, fmt.Sprint(id)),
			clientPort: proctest.Port(t), replicationPort: proctest.Port(t), controllerPort: proctest.Port(t),
			further: furtherOf(t, o, id),
		}})
	}
	return c
}

func (c *Cluster) start(ctx context.Context) error {
	var nodes []node
	for _, b := range c.brokers {
		nodes = append(nodes, b.node)
	}
	id := make([]byte, 16)
	rand.Read(id) // never fails (crypto/rand)
	clusterID := base64.RawURLEncoding.EncodeToString(id)
	if err := each(c.brokers, func(b *broker) error {
		return b.prepare(clusterID, serverProperties(b.node, nodes, c.options.Properties))
	}); err != nil {
		return err
	}
	if err := c.launch(ctx, c.brokers, func(ctx context.Context) error {
		return awaitCoordinators(ctx, c.Brokers(), probeTopic(c.brokers[0].id))
	}); err != nil {
		return err
	}
	return c.AwaitInSync(ctx)
}

// launch starts brokers, waits until they take records, then calls probe while their probe topics are there.
func (c *Cluster) launch(ctx context.Context, brokers []*broker, probe func(context.Context) error) error {
	for _, b := range brokers {
		if err := b.start(); err != nil {
			return err
		}
	}
	if err := each(brokers, func(b *broker) error { return awaitBroker(ctx, b) }); err != nil {
		return err
	}
	if err := probe(ctx); err != nil {
		return err
	}
	client, err := probeClient([]string{brokers[0].clientAddress()})
	if err != nil {
		return err
	}
	defer client.Close()
	if err := await(ctx, func(ctx context.Context) error { return deleteProbes(ctx, client, brokers) }); err != nil {
		return err
	}
	return each(brokers, func(b *broker) error { return awaitForgotten(ctx, b, brokers) })
}

// each calls f for all brokers at once and returns what went wrong.
func each(brokers []*broker, f func(*broker) error) error {
	failures := make([]error, len(brokers))
	var all sync.WaitGroup
	for i, b := range brokers {
		all.Go(func() { failures[i] = f(b) })
	}
	all.Wait()
	return errors.Join(failures...)
}

func (c *Cluster) close(t proctest.TB) {
	t.Helper()
	if t.Failed() {
		for _, b := range c.brokers {
			t.Logf("%s", b.report())
		}
	}
	if err := each(c.brokers, (*broker).close); err != nil {
		t.Errorf("ending Kafka: %v", err)
	}
}

// Brokers returns the addresses for clients, of all brokers, down or not. They stay the same through restarts.
func (c *Cluster) Brokers() []string {
	var addresses []string
	for _, b := range c.brokers {
		addresses = append(addresses, b.clientAddress())
	}
	return addresses
}

// Listening returns where a broker listens for one of Options.Listeners, whatever it advertises; empty for another name.
func (c *Cluster) Listening(i int, listener string) string {
	for _, l := range c.brokers[i].further {
		if l.Name == listener {
			return loopback(l.port)
		}
	}
	return ""
}

// Kill ends a broker with SIGKILL. Its data stay for Restart. Error: ErrDown.
func (c *Cluster) Kill(i int) error { return c.brokers[i].end((*proctest.Process).Kill) }

// Stop ends a broker with SIGTERM and waits for up to 2 min while it hands over what it leads. Its data stay for
// Restart. Errors: ErrDown; proctest.ErrRunning when it did not end, as when it is paused.
func (c *Cluster) Stop(i int) error { return c.brokers[i].end(stop) }

// Restart starts brokers that are down, on their ports and data, and waits until each takes records again; this takes
// in the time until the controller holds an unexpected death for true. With more than one broker, the quorum of
// controllers must be among those that run then: restart all brokers in one call after all were down. That a broker
// has caught up with the others is another matter: see AwaitInSync. Error: ErrRunning.
func (c *Cluster) Restart(brokers ...int) error {
	ctx, cancel := context.WithTimeout(context.Background(), c.options.ReadyTimeout)
	defer cancel()
	var down []*broker
	for _, i := range brokers {
		down = append(down, c.brokers[i])
	}
	if len(down) == 0 {
		return nil
	}
	return c.launch(ctx, down, func(context.Context) error { return nil })
}

// Pause stops a broker with SIGSTOP: its connections stay open, nothing is answered. Error: ErrDown.
func (c *Cluster) Pause(i int) error {
	process, err := c.brokers[i].running()
	if err != nil {
		return err
	}
	return process.Pause()
}

// Continue lets a paused broker go on. Error: ErrDown.
func (c *Cluster) Continue(i int) error {
	process, err := c.brokers[i].running()
	if err != nil {
		return err
	}
	return process.Continue()
}

// AwaitInSync waits until every partition of every topic has a leader and all its replicas in sync.
func (c *Cluster) AwaitInSync(ctx context.Context) error {
	client, err := probeClient(c.Brokers())
	if err != nil {
		return fmt.Errorf("awaiting replicas in sync: %w", err)
	}
	defer client.Close()
	if err := await(ctx, func(ctx context.Context) error { return inSync(ctx, client) }); err != nil {
		return fmt.Errorf("awaiting replicas in sync: %w", err)
	}
	return nil
}

// Usage returns a broker's CPU time since Start, over all its restarts, and its resident memory, 0 when it is down.
func (c *Cluster) Usage(i int) (proctest.Usage, error) { return c.brokers[i].usage() }

// Log returns the end of a broker's log, at most limit bytes; empty before the first line.
func (c *Cluster) Log(i int, limit int64) (string, error) {
	text, err := fileTail(c.brokers[i].logFile(), limit)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	return text, err
}
