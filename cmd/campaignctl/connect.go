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
		return nil, fmt.Errorf("reaching brokers at %s%s: %w: %w", strings.Join(c.Brokers, ", "), whose, errUnreachable, err)
	}
	return client, nil
}

// partitionsOf returns how many partitions topics have. Error: errNoTopic.
func partitionsOf(ctx context.Context, client *kgo.Client, names ...topics.Name) (map[topics.Name]int32, error) {
	ctx, cancel := context.WithTimeout(ctx, adminMax)
	defer cancel()
	found, err := kadm.NewClient(client).ListTopics(ctx, texts(names)...)
	if err != nil {
		return nil, fmt.Errorf("asking for topics: %w", err)
	}
	counts := make(map[topics.Name]int32)
	for _, name := range names {
		topic := found[string(name)]
		switch {
		case errors.Is(topic.Err, kerr.UnknownTopicOrPartition), topic.Err == nil && len(topic.Partitions) == 0:
			return nil, missing(name)
		case topic.Err != nil:
			return nil, fmt.Errorf("asking for topic %s: %w", name, topic.Err)
		}
		counts[name] = int32(len(topic.Partitions))
	}
	return counts, nil
}

func texts[T ~string](names []T) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = string(name)
	}
	return all
}
