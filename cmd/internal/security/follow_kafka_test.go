//go:build kafka

package security

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// client returns a client of a user, at the listener for logins; an empty name is one that may do everything.
func (c *cluster) client(t *testing.T, user string, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	brokers := c.Brokers()
	if user != "" {
		brokers = []string{c.Listening(0, login)}
		options = append(options, kgo.SASL(scram.Auth{User: user, Pass: password}.AsSha256Mechanism()))
	}
	client, err := kgo.NewClient(append(options, kgo.SeedBrokers(brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	must(t, err)
	t.Cleanup(client.Close)
	return client
}

func publish(t *testing.T, client *kgo.Client, records ...*kgo.Record) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	must(t, client.ProduceSync(ctx, records...).FirstErr())
}

// outputs is what has been committed to the outputs so far, by transition and by refused key.
type outputs struct {
	mu   sync.Mutex
	seen map[string]int
	all  strings.Builder // all values, to look for what must not be there
}

// follow reads the outputs until the test ends.
func (c *cluster) follow(t *testing.T) *outputs {
	t.Helper()
	o := &outputs{seen: map[string]int{}}
	reader := c.client(t, "", kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.ConsumeTopics(string(topics.TransitionsApplied), string(topics.TransitionsRejected), string(topics.DeadLetters),
			string(topics.BudgetReleased), string(topics.CampaignStatements), string(topics.DeviceCommands), everyStore,
			string(topics.CampaignReadiness)),
		kgo.ConsumeRegex(), kgo.MetadataMinAge(storesSeenWithin), kgo.MetadataMaxAge(storesSeenWithin))
	go func() {
		for {
			fetches := reader.PollFetches(context.Background())
			if fetches.IsClientClosed() {
				return
			}
			fetches.EachRecord(o.take)
		}
	}()
	return o
}

// take notes a record as "topic key", and what stands in it in words of its own.
func (o *outputs) take(r *kgo.Record) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.seen[r.Topic+" "+string(r.Key)]++
	o.all.Write(r.Value)
	_, ofStore := topics.StoreOf(topics.Name(r.Topic))
	switch {
	case r.Topic == string(topics.TransitionsApplied):
		if applied, refusal := topics.DecodeApplied(r.Value); refusal == nil {
			o.seen[applied.Data.TransitionID]++
		}
	case r.Topic == string(topics.DeviceCommands), ofStore:
		o.takeCommand(r)
	case r.Topic == string(topics.CampaignReadiness):
		var event schemas.Event[schemas.Readiness]
		if err := json.Unmarshal(r.Value, &event); err == nil && event.Data.DevicesTotal == 1 && event.Data.DevicesReady == 1 {
			o.seen[isReady(event.Data.CampaignID)]++
		}
	}
}

// takeCommand notes each campaign that a command has a device show, or that there is none, when it is sent for the first time. In
// its store's topic it has a signature, else it is not noted.
func (o *outputs) takeCommand(r *kgo.Record) {
	var event schemas.Event[schemas.Command]
	if err := json.Unmarshal(r.Value, &event); err != nil || event.Data.Attempt > 1 {
		return
	}
	isSigned := slices.ContainsFunc(r.Headers, func(h kgo.RecordHeader) bool { return h.Key == schemas.SignatureHeader })
	if isSigned != (r.Topic != string(topics.DeviceCommands)) {
		return
	}
	if len(event.Data.Playlist) == 0 {
		o.seen[commanded(topics.Name(r.Topic), event.Data.DeviceID, nothing)]++
	}
	for _, entry := range event.Data.Playlist {
		o.seen[commanded(topics.Name(r.Topic), event.Data.DeviceID, entry.CampaignID)]++
	}
}

// nothing stands for the campaign where a device is told to show none.
const nothing = "nothing"

// commanded and isReady are what is noted when a device is told to show a campaign, and when a campaign's only device has it.
func commanded(topic topics.Name, device, campaign string) string {
	return string(topic) + " has " + device + " show " + campaign
}

func isReady(campaign string) string { return campaign + " is on its device" }

// everyStore matches the topics of stores, of which a reader learns within storesSeenWithin.
const (
	everyStore       = `^device-commands\..*$`
	storesSeenWithin = time.Second
)

// obey does, until the test ends, what devices do with what comes to their stores: it says that they have it.
func (c *cluster) obey(t *testing.T) {
	t.Helper()
	devices := c.client(t, "", kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.ConsumeTopics(everyStore), kgo.ConsumeRegex(), kgo.MetadataMinAge(storesSeenWithin), kgo.MetadataMaxAge(storesSeenWithin))
	ctx := t.Context()
	go func() {
		for ctx.Err() == nil {
			devices.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
				var event schemas.Event[schemas.Command]
				if json.Unmarshal(r.Value, &event) == nil {
					command := event.Data
					devices.Produce(ctx, acknowledged(t, command.DeviceID, command.StoreID, command.PlaylistRevision, schemas.AckReady), nil)
				}
			})
		}
	}()
}

// await waits until each of the things has been seen, and fails when one is there more than once.
func (o *outputs) await(t *testing.T, things ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	must(t, proctest.Await(ctx, func(context.Context) error {
		o.mu.Lock()
		defer o.mu.Unlock()
		for _, thing := range things {
			switch o.seen[thing] {
			case 0:
				return missingError(thing)
			case 1:
			default:
				t.Fatalf("%s came %d times", thing, o.seen[thing])
			}
		}
		return nil
	}))
}

type missingError string

func (e missingError) Error() string { return "there is no " + string(e) }
