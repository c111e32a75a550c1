package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// about are the switches of the commands about one campaign.
type about struct {
	connection `embed:""`
	Campaign   string `arg:"" help:"The campaign's id."`
	JSON       bool   `name:"json" help:"Print JSON."`
}

type showCommand struct {
	about `embed:""`
}

// Help implements kong.HelpProvider.
func (showCommand) Help() string {
	return `Status, revision and window (in UTC and in the campaign's time zone), on how many devices its content is, where its
budget is (provisional until the count is locked), the timers that wait, and what was published and is not decided yet. How far
off something is goes by this machine's clock, or by the engine's where that is driven (--clock-start, --clock-rate). It reads
what is in the topics when it starts, and ends.

    campaignctl show spring-sale-1
    campaignctl show spring-sale-1 --json | jq .status`
}

// Run implements the command.
func (c *showCommand) Run(ctx context.Context, on console) error {
	story, now, err := c.story(ctx, on)
	if err != nil {
		return c.sign(err)
	}
	if c.JSON {
		return printJSON(on.out, story.Summary)
	}
	return story.Summary.Write(on.out, now, on.outIsTerminal)
}

type timelineCommand struct {
	about `embed:""`
}

// Help implements kong.HelpProvider.
func (timelineCommand) Help() string {
	return `Every transition that became due: its instant in UTC and in the campaign's time zone, when it was decided and how late,
whether it was applied or why it was rejected, and its sequence. Then the lock, the release and statements that were adjusted
after them, and the records that went to dead-letters. Repeats that the engine ignored do not appear. It reads what is in
the topics when it starts, and ends.

    campaignctl timeline spring-sale-1
    campaignctl timeline spring-sale-1 --json | jq '.steps[] | select(.lateness_ms > 100)'`
}

// Run implements the command.
func (c *timelineCommand) Run(ctx context.Context, on console) error {
	story, now, err := c.story(ctx, on)
	if err != nil {
		return c.sign(err)
	}
	if c.JSON {
		return printJSON(on.out, story)
	}
	return story.Write(on.out, now, on.outIsTerminal)
}

var errUnknownCampaign = errors.New("no topic says anything about it")

// story reads all that is said about the campaign, and when that was.
func (c *about) story(ctx context.Context, on console) (told timeline.Timeline, now timeline.Moment, err error) {
	client, err := c.reach(ctx, readerOptions()...)
	if err != nil {
		return told, now, err
	}
	defer client.Close()
	fold := timeline.For(c.Campaign)
	var wanted []stretch
	for _, topic := range timeline.Topics() {
		found, err := c.where(ctx, client, topic)
		switch {
		case err == nil:
			wanted = append(wanted, found...)
		case topic == topics.CampaignEngineTimersTable:
			fold.WithoutTable("the engine's table cannot be read")
		case slices.Contains(timeline.MoneyTopics(), topic):
			fold.WithoutMoney(string(topic) + " cannot be read")
		case topic == topics.CampaignReadiness:
			fold.WithoutReadiness(string(topic) + " cannot be read")
		default:
			return told, now, err
		}
	}
	key := []byte(c.Campaign)
	err = read(ctx, client, wanted, func(r *kgo.Record) {
		if bytes.Equal(r.Key, key) { // before anything is made of it: most are others'
			fold.Add(recordOf(r))
		}
	})
	if err != nil {
		return told, now, err
	}
	told, known := fold.Timeline()
	if !known {
		return told, now, fmt.Errorf("campaign %q: %w", timeline.Printable(c.Campaign), errUnknownCampaign)
	}
	return told, c.moment(ctx, client, on), nil
}

// where returns where the campaign's records of a topic are: in its key's partition. Only producers from outside may
// have put them elsewhere.
func (c *about) where(ctx context.Context, client *kgo.Client, topic topics.Name) ([]stretch, error) {
	counts, err := partitionsOf(ctx, client, topics.Read, topic)
	if err != nil {
		return nil, err
	}
	own := topics.PartitionOf([]byte(c.Campaign), counts[topic])
	return stretches(ctx, client, topic, func(partition int32) bool {
		return topic == topics.CampaignEvents || topic == topics.Plays || partition == own
	})
}

func printJSON(to io.Writer, value any) error {
	encoder := json.NewEncoder(to)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

func instantOf(at time.Time) schemas.Instant { return schemas.InstantOf(at) }
