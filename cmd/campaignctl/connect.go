package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/config"
	"github.com/rmn-arms/campaign-engine/cmd/internal/embed"
	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// connection are the switches of every command that reaches the brokers.
type connection struct {
	config.Kafka `embed:""`
}

const (
	// reachMax is how long the brokers may take to answer for the first time.
	reachMax = 10 * time.Second
	// adminMax is how long one question about topics and offsets may take.
	adminMax = 30 * time.Second
)

// The errors that more than one command has.
var (
	errUnreachable = errors.New("nobody answers")
	errNoTopic     = errors.New("does not exist there")
)

// missing says that a topic does not exist, and what is to be done about it. It wraps errNoTopic.
func missing(name topics.Name) error {
	if _, own := topics.StreamNamed(name); own {
		return fmt.Errorf("topic %s %w; campaignd creates it when it runs, and so does campaignd topics apply", name, errNoTopic)
	}
	if _, own := topics.StoreOf(name); own {
		return fmt.Errorf("topic %s %w; campaignd creates it with the store's first command", name, errNoTopic)
	}
	var known []string
	for _, stream := range topics.Streams() {
		known = append(known, string(stream.Name))
	}
	return fmt.Errorf("topic %s %w, and is none of the engine's topics, which are %s", timeline.Printable(string(name)), errNoTopic,
		strings.Join(known, ", "))
}

// reach returns a client that has heard from the brokers. The caller closes it.
func (c *connection) reach(ctx context.Context, options ...kgo.Opt) (*kgo.Client, error) {
	if err := c.Check(); err != nil {
		return nil, wrongSwitches(err)
	}
	whose := ""
	if len(c.Brokers) == 0 {
		if err := c.CheckPlain(); err != nil {
			return nil, wrongSwitches(err)
		}
		c.Brokers = []string{embed.DefaultAddress}
		whose = " (the embedded broker of a campaignd on this machine; --brokers names others)"
	}
	connect, err := c.Connect("campaignctl")
	if err != nil {
		return nil, wrongSwitches(err)
	}
	client, err := kgo.NewClient(append(connect, options...)...)
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	asked, cancel := context.WithTimeout(ctx, reachMax)
	defer cancel()
	if err := client.Ping(asked); err != nil {
		client.Close()
		if ctx.Err() != nil {
			return nil, fmt.Errorf("reaching brokers: %w", ctx.Err())
		}
		if err := c.Explain(err); errors.As(err, new(*config.RefusalError)) {
			return nil, fmt.Errorf("reaching brokers at %s%s: %w", strings.Join(c.Brokers, ", "), whose, err)
		}
		return nil, fmt.Errorf("reaching brokers at %s%s: %w: %w", strings.Join(c.Brokers, ", "), whose, errUnreachable, err)
	}
	return client, nil
}

// moment returns when somebody looks: by the engine's clock where that is driven, else by this machine's. Only an embedded broker
// has an engine with such a clock, and neither TLS nor a login; others are not asked for what most principals may not know.
func (c *connection) moment(ctx context.Context, client *kgo.Client, on console) timeline.Moment {
	if !c.TLS && c.SASL == "" {
		ctx, cancel := context.WithTimeout(ctx, reachMax)
		defer cancel()
		if shows, driven := embed.Clock(ctx, client); driven {
			return timeline.Moment{At: shows, Driven: true}
		}
	}
	return timeline.Moment{At: schemas.InstantOf(on.now())}
}

// sign puts the name of this program's principal into an error about rights.
func (c *connection) sign(err error) error { return topics.LackedBy(c.Principal(), err) }

// partitionsOf returns how many partitions topics have, on which something is to be done. Errors: errNoTopic,
// topics.ErrRights.
func partitionsOf(
	ctx context.Context, client *kgo.Client, to topics.Operation, names ...topics.Name,
) (map[topics.Name]int32, error) {
	ctx, cancel := context.WithTimeout(ctx, adminMax)
	defer cancel()
	counts := make(map[topics.Name]int32)
	for _, name := range names { // one by one: an answer about several does not name the one that may not be seen
		found, err := kadm.NewClient(client).ListTopics(ctx, string(name))
		topic := found[string(name)]
		switch {
		case err == nil && (errors.Is(topic.Err, kerr.UnknownTopicOrPartition) || topic.Err == nil && len(topic.Partitions) == 0):
			return nil, missing(name)
		case err != nil || topic.Err != nil:
			return nil, fmt.Errorf("asking for topic %s: %w", name, topics.Needing(errors.Join(err, topic.Err), to, name))
		}
		counts[name] = int32(len(topic.Partitions))
	}
	return counts, nil
}
